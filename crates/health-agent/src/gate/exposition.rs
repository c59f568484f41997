//! The gate's memory as metrics, for those who do not read journals.

use metrics::{Unit, describe_gauge, gauge};

use crate::facts::Facts;

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

/// Where there has never been a gate there is nothing to show. It is shown as the round's probe has read it, which waits for no disk.
pub(crate) fn record(facts: &Facts) {
    let Some(Ok(gate)) = facts.generation.as_ref().and_then(|it| it.gate.as_ref()) else {
        return;
    };
    if let Some(last) = &gate.last {
        gauge!(GREEN).set(flag(last.green));
        gauge!(VERDICT_AT).set(last.at);
    }
    gauge!(ROLLED_BACK).set(flag(gate.rolled_back.is_some()));
    gauge!(MAINTENANCE).set(flag(gate.maintenance.is_some()));
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}
