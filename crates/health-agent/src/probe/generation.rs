//! What was installed: looks.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::Semaphore;

use crate::config::{Config, Verify};
use crate::facts::generation::{Comparison, Failed, Gate, Generation, Judged, RolledBack, Verified};
use crate::facts::{Answer, Timestamp};
use crate::gate::maintenance::{self, Maintenance};
use crate::gate::state::State;
use crate::probe::blocking::blocking;
use crate::probe::http::Client;
use crate::verify::record::{Outcome, Record};

static LOOKING: Semaphore = Semaphore::const_new(1);

/// Never fails: what could not be asked is a fact too. `None` if the box has nothing of it.
pub(crate) async fn look(_client: &Client, config: &Config) -> Option<Generation> {
    let timeout = config.timeout;
    let config = config.clone();
    let read = move || (gate(&config), verified(&config.verify));
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

fn seconds(time: SystemTime) -> Timestamp {
    time.duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

fn verified(config: &Verify) -> Option<Answer<Verified>> {
    // what somebody compared by hand is no promise of this box
    let manifest = config.manifest.as_deref()?;
    let since = [manifest, &config.state_dir].into_iter().filter_map(made);
    let verified = Verified {
        since: since.min_by(f64::total_cmp),
        ..Verified::default()
    };
    let record = match Record::read(&config.state_dir) {
        Ok(Some(record)) => record,
        Ok(None) => return Some(Ok(verified)),
        Err(error) => return Some(Err(error)),
    };
    let failed = record.error.clone().map(|error| Failed {
        at: record.failed_at.unwrap_or(record.at),
        error,
    });
    let last = matches!(record.outcome, Outcome::Sound | Outcome::Changed).then(|| comparison(&record));
    Some(Ok(Verified {
        last,
        failed,
        ..verified
    }))
}

fn comparison(record: &Record) -> Comparison {
    const TOLD: usize = 5;
    let told = record.findings.iter().take(TOLD).map(|finding| {
        let what = finding.what.lines().next().unwrap_or_default();
        format!("{} {what}", finding.subject)
    });
    Comparison {
        at: record.at,
        took: record.took_seconds,
        read_bytes: record.bytes_read,
        paths: record.paths,
        findings: told.collect(),
        findings_total: record.findings_total,
    }
}

/// Since when it is on this disk. A file that was copied may say that it was changed long before it came.
fn made(path: &Path) -> Option<Timestamp> {
    let metadata = fs::metadata(path).ok()?;
    // not every file system knows
    let made = metadata.created().or_else(|_| metadata.modified());
    made.ok().map(seconds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verify(folder: &Path) -> Verify {
        Verify {
            manifest: Some(folder.join("manifests")),
            public_keys: vec![],
            state_dir: folder.join("state"),
        }
    }

    #[test]
    fn what_was_never_compared_is_there_since_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let config = verify(folder.path());
        let look = || verified(&config).unwrap().unwrap();
        assert!(look().since.is_none() && look().last.is_none());
        // files are dated by a clock that ticks now and then
        let before = seconds(SystemTime::now()) - 1.0;
        fs::create_dir(folder.path().join("manifests")).unwrap();
        let since = look().since.unwrap();
        assert!(before <= since && since <= seconds(SystemTime::now()), "{since}");
        let without = Verify {
            manifest: None,
            ..config.clone()
        };
        assert!(verified(&without).is_none());
    }

    #[test]
    fn what_was_found_is_told_when_nothing_could_be_compared_since() {
        let folder = tempfile::tempdir().unwrap();
        let config = verify(folder.path());
        fs::create_dir(&config.state_dir).unwrap();
        let look = |record: serde_json::Value| {
            fs::write(config.state_dir.join("last_verify.json"), record.to_string()).unwrap();
            verified(&config).unwrap().unwrap()
        };
        let finding =
            json!({"kind": "unit_file", "subject": "/etc/x", "what": "is new\nand more", "fix": "-"});
        let changed = look(json!({
            "at": 7.5, "outcome": "changed", "findings": vec![finding; 7], "findings_total": 9,
            "error": "it is not signed", "failed_at": 8.5,
        }));
        let last = changed.last.unwrap();
        assert_eq!((last.at, last.findings_total), (7.5, 9));
        assert_eq!(last.findings, ["/etc/x is new"; 5]);
        let failed = changed.failed.unwrap();
        assert_eq!((failed.at, failed.error.as_str()), (8.5, "it is not signed"));

        let failed =
            look(json!({"at": 8.5, "outcome": "failed", "error": "it is not signed", "failed_at": 8.5}));
        assert!(failed.last.is_none());
        assert_eq!(failed.failed.unwrap().error, "it is not signed");
        let sound = look(json!({"at": 9.5, "outcome": "sound", "paths": 3}));
        assert_eq!(sound.last.unwrap().paths, 3);
        assert!(sound.failed.is_none());
    }
}
