//! Which checks are red while a system runs, so that the next one is not blamed for them.
//!
//! The agent writes, for anybody to read: what is red now, and what was red last under the system before. It is the gate of the next system
//! that reads it, when the agent may have written anew already.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Once;

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::board::Board;
use crate::check::Severity;
use crate::config::Config;
use crate::facts::Timestamp;
use crate::probe::blocking::blocking;

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Red {
    now: Option<Under>,
    before: Option<Under>,
}

/// What was red under a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Under {
    system: PathBuf,
    checks: BTreeSet<String>,
}

/// Parts that are stopped for a switch are red for a moment, under the system before: that is not what is meant, seconds.
const LASTING: f64 = 120.0;

/// Writes down what is red, where there are generations and one of them runs. Files may hang as long as their disk does: it is not waited for
/// longer than for a part.
pub(crate) async fn record(config: &Config, checks: BTreeSet<String>) {
    static WRITING: Semaphore = Semaphore::const_new(1);
    static COMPLAINED: Once = Once::new();
    if config.system.profile.is_none() {
        return;
    }
    let (file, link) = (
        config.gate.red_file.clone(),
        config.gate.run_dir.join("current-system"),
    );
    let write = move || match link.canonicalize() {
        Ok(system) => Red::update(&file, &system, checks)
            .map_err(|error| format!("cannot write to {}: {error}", file.display())),
        Err(_) => Ok(()),
    };
    let written = blocking(&WRITING, config.timeout, write).await;
    if let Err(error) = written.flatten() {
        COMPLAINED.call_once(|| {
            tracing::warn!(
                error,
                "the next generation may be blamed for what is red before it comes"
            );
        });
    }
}

/// Required checks that have been red for a while.
pub(crate) fn lasting(board: &Board, now: Timestamp) -> BTreeSet<String> {
    board
        .all()
        .filter(|(check, held)| {
            check.severity == Severity::Required
                && check.level(held.reading.verdict) == 2
                && now - held.since >= LASTING
        })
        .map(|(check, _)| check.id.to_owned())
        .collect()
}

impl Red {
    /// What is not there, or cannot be read, says that nothing was red.
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read(path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// What was red under the newest system that is not this one.
    pub(super) fn before(self, running: &Path) -> BTreeSet<String> {
        [self.now, self.before]
            .into_iter()
            .flatten()
            .find(|under| under.system != running)
            .map(|under| under.checks)
            .unwrap_or_default()
    }

    /// Takes what is red under the system that runs.
    fn takes(self, system: &Path, checks: BTreeSet<String>) -> Self {
        let before = match self.now {
            Some(now) if now.system != system => Some(now),
            _ => self.before,
        };
        let now = Under {
            system: system.to_owned(),
            checks,
        };
        Self {
            now: Some(now),
            before,
        }
    }

    /// Writes it, if that changes anything.
    pub(crate) fn update(path: &Path, system: &Path, checks: BTreeSet<String>) -> io::Result<()> {
        let before = Self::read(path);
        let after = before.clone().takes(system, checks);
        if after == before {
            return Ok(());
        }
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.write_all(&serde_json::to_vec_pretty(&after)?)?;
        file.sync_all()?;
        fs::rename(&new, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::facts::units::{Systemd, Unit, Units};

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    #[test]
    fn what_was_red_under_the_system_before_is_known_whoever_writes_first() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("red.json");
        let (old, new) = (Path::new("/nix/store/old"), Path::new("/nix/store/new"));
        let before = |running| Red::read(&file).before(running);
        assert_eq!(before(new), set(&[]));
        Red::update(&file, old, set(&["disk-space", "thanos-ready"])).unwrap();
        assert_eq!(before(old), set(&[]), "its own are its own");
        assert_eq!(before(new), set(&["disk-space", "thanos-ready"]));
        // the new system's agent was faster than its gate
        Red::update(&file, new, set(&["prometheus-ready"])).unwrap();
        Red::update(&file, new, set(&[])).unwrap();
        assert_eq!(before(new), set(&["disk-space", "thanos-ready"]));
        assert_eq!(before(old), set(&[]));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        fs::write(&file, "torn").unwrap();
        assert_eq!(before(new), set(&[]));
    }

    #[test]
    fn what_is_red_for_a_moment_is_not_meant() {
        let failed = Unit {
            name: "a.service".to_owned(),
            required: true,
            load: "loaded".to_owned(),
            active: "failed".to_owned(),
            ..Unit::default()
        };
        let facts = Facts {
            at: 1000.0,
            units: Some(Units {
                systemd: Some(Ok(Systemd {
                    units: vec![failed],
                    ..Systemd::default()
                })),
                ..Units::default()
            }),
            ..Facts::default()
        };
        let mut board = Board::default();
        board.take(&facts);
        assert_eq!(lasting(&board, 1015.0), set(&[]));
        assert_eq!(lasting(&board, 1120.0), set(&["units-active"]));
    }
}
