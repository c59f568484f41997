use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service::Problems;

use super::read::{duration, keep};

/// How long a generation has to prove itself, and what happens when it does not.
#[derive(Clone, Debug)]
pub struct Gate {
    /// For how long required checks may stay red.
    pub wait: Duration,
    /// For how long they must be green without a break.
    pub settle: Duration,
    /// Where the gate keeps its verdicts.
    pub state_dir: PathBuf,
    /// Where the agent writes which checks are red, for the gate of the next system.
    pub red_file: PathBuf,
    /// `/run`: which system runs, and the maintenance flag.
    pub run_dir: PathBuf,
    /// Where the firmware's variables are files.
    pub efivars: PathBuf,
    /// What starts the machine again: a program and its arguments.
    pub reboot: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawGate {
    /// How long after a boot or a switch the required checks may stay red.
    wait: String,
    /// How long they must be green without a break.
    settle: String,
    state_dir: PathBuf,
    red_file: PathBuf,
    run_dir: PathBuf,
    efivars: PathBuf,
    reboot: Vec<String>,
}

impl Default for RawGate {
    fn default() -> Self {
        Self {
            wait: "5m".to_owned(),
            settle: "1m".to_owned(),
            state_dir: PathBuf::from("/var/lib/signalbox-health-gate"),
            red_file: PathBuf::from("/var/lib/signalbox-health/red.json"),
            run_dir: PathBuf::from("/run"),
            efivars: PathBuf::from("/sys/firmware/efi/efivars"),
            reboot: vec!["systemctl".to_owned(), "reboot".to_owned()],
        }
    }
}

impl RawGate {
    pub(super) fn validate(self, problems: &mut Problems) -> Option<Gate> {
        let allowed = Duration::from_secs(1)..=Duration::from_mins(15);
        let wait = keep(problems, "gate.wait", duration(&self.wait, allowed));
        let allowed = Duration::ZERO..=Duration::from_mins(10);
        let settle = keep(problems, "gate.settle", duration(&self.settle, allowed));
        if self.reboot.is_empty() {
            problems.add(
                "gate.reboot",
                "must be a program and its arguments, such as [\"systemctl\", \"reboot\"]",
            );
        }
        Some(Gate {
            wait: wait?,
            settle: settle?,
            state_dir: self.state_dir,
            red_file: self.red_file,
            run_dir: self.run_dir,
            efivars: self.efivars,
            reboot: self.reboot,
        })
    }
}
