//! The gate's memory as metrics, for those who do not read journals.

use std::time::SystemTime;

use metrics::{Unit, describe_gauge, gauge};

use super::maintenance;
use super::state::State;
use crate::config::Config;

const GREEN: &str = "signalbox_gate_green";
const VERDICT_AT: &str = "signalbox_gate_verdict_timestamp_seconds";
const ROLLED_BACK: &str = "signalbox_gate_rolled_back";
const MAINTENANCE: &str = "signalbox_gate_maintenance";

pub(crate) fn describe() {
    describe_gauge!(
        GREEN,
        "Whether the required checks were green after the last boot or switch"
    );
    describe_gauge!(
        VERDICT_AT,
        Unit::Seconds,
        "When the gate came to that verdict, in Unix time"
    );
    describe_gauge!(
        ROLLED_BACK,
        "Whether what runs is what the gate went back to from a generation that was not healthy"
    );
    describe_gauge!(
        MAINTENANCE,
        "Whether somebody works on this box, so that the gate only reports"
    );
}

/// Where there has never been a gate there is nothing to show.
pub(crate) fn record(config: &Config) {
    let gate = &config.gate;
    let Ok(Some(state)) = State::read(&gate.state_dir) else {
        return;
    };
    if let Some(last) = &state.last {
        gauge!(GREEN).set(flag(last.green));
        gauge!(VERDICT_AT).set(last.at);
    }
    let running = gate.run_dir.join("current-system").canonicalize();
    let rolled_back = running.is_ok_and(|running| state.rolled_back_now(&running).is_some());
    gauge!(ROLLED_BACK).set(flag(rolled_back));
    gauge!(MAINTENANCE).set(flag(maintenance::read(&gate.run_dir, SystemTime::now()).is_on()));
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}
