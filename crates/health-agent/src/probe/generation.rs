//! What was installed: looks.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::Semaphore;

use crate::config::Config;
use crate::facts::Answer;
use crate::facts::generation::{Comparison, Gate, Generation, Judged, RolledBack, Verified};
use crate::gate::maintenance::{self, Maintenance};
use crate::gate::state::State;
use crate::probe::blocking::blocking;
use crate::probe::http::Client;
use crate::verify::record::Record;

static LOOKING: Semaphore = Semaphore::const_new(1);

/// Never fails: what could not be asked is a fact too. `None` if the box has nothing of it.
pub(crate) async fn look(_client: &Client, config: &Config) -> Option<Generation> {
    let timeout = config.timeout;
    let config = config.clone();
    let read = move || (gate(&config), verified(&config));
    let (gate, verified) = match blocking(&LOOKING, timeout, read).await {
        Ok(seen) => seen,
        Err(error) => (Some(Err(error.clone())), Some(Err(error))),
    };
    (gate.is_some() || verified.is_some()).then_some(Generation { gate, verified })
}

fn gate(config: &Config) -> Option<Answer<Gate>> {
    let gate = &config.gate;
    let maintenance = match maintenance::read(gate, SystemTime::now()) {
        Maintenance::Off => None,
        Maintenance::On { until } => Some(until.map(seconds)),
    };
    let state = match State::read(&gate.state_dir) {
        Ok(Some(state)) => state,
        Ok(None) if maintenance.is_none() => return None,
        Ok(None) => State::default(),
        Err(error) => return Some(Err(error)),
    };
    let running = gate.run_dir.join("current-system").canonicalize().ok();
    let rolled_back = running
        .and_then(|running| state.rolled_back_now(&running))
        .map(|rollback| RolledBack {
            at: rollback.at,
            from: rollback.from.to_string(),
            to: rollback.to.to_string(),
            red: rollback.red.clone(),
        });
    Some(Ok(Gate {
        last: state.last.map(|last| Judged {
            at: last.at,
            green: last.green,
            why: last.why,
            red: last.red,
        }),
        rolled_back,
        maintenance,
    }))
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

fn verified(config: &Config) -> Option<Answer<Verified>> {
    const TOLD: usize = 5;
    // what somebody compared by hand is no promise of this box
    config.verify.manifest.as_ref()?;
    match Record::read(&config.verify.state_dir) {
        Ok(None) => Some(Ok(Verified::default())),
        Ok(Some(record)) => Some(Ok(Verified {
            last: Some(Comparison {
                at: record.at,
                took: record.took_seconds,
                read_bytes: record.bytes_read,
                paths: record.paths,
                findings: record
                    .findings
                    .iter()
                    .take(TOLD)
                    .map(|finding| {
                        let what = finding.what.lines().next().unwrap_or_default();
                        format!("{} {what}", finding.subject)
                    })
                    .collect(),
                findings_total: record.findings_total,
                error: record.error,
            }),
        })),
        Err(error) => Some(Err(error)),
    }
}
