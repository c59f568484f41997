//! Units of systemd, generations, the journal: what was seen.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::facts::{Answer, Timestamp};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Units {
    /// systemd. `None` where it does not run, or has nothing of ours.
    pub systemd: Option<Answer<Systemd>>,
    /// How many messages of priority error or worse there were of late. `None` where systemd is `None`.
    pub journal: Option<Answer<Journal>>,
    /// Which system runs, and which should. `None` where there is no profile.
    pub generation: Option<Answer<Generation>>,
}

/// What the manager says.
#[derive(Debug, Clone)]
pub struct Systemd {
    /// As `systemctl is-system-running` says: `running`, `degraded`, `starting`, ….
    pub state: String,
    /// Units of ours, in the order of their names.
    pub units: Vec<Unit>,
    /// Timers of ours.
    pub timers: Vec<Timer>,
    /// Units and timers of ours of which it has not told all that has to be known, and why.
    pub untold: BTreeMap<String, String>,
    /// Every unit of the machine that has failed.
    pub failed: Answer<Vec<String>>,
}

impl Default for Systemd {
    fn default() -> Self {
        Self {
            state: String::new(),
            units: vec![],
            timers: vec![],
            untold: BTreeMap::new(),
            failed: Ok(vec![]),
        }
    }
}

/// One unit.
#[derive(Debug, Clone, Default)]
pub struct Unit {
    /// Such as `signalbox-collector.service`.
    pub name: String,
    /// Whether it must be active: it was named in the settings, or `signalbox.target` wants it.
    pub required: bool,
    /// `loaded`, `not-found`, `bad-setting`, ….
    pub load: String,
    /// `active`, `activating`, `inactive`, `failed`, ….
    pub active: String,
    /// `running`, `exited`, `auto-restart`, ….
    pub sub: String,
    /// When it became active last.
    pub since: Option<Timestamp>,
    /// Whether it was not started because a `Condition…=` of it does not hold here.
    pub skipped: bool,
    /// What only services have.
    pub service: Option<Service>,
}

/// What systemd knows of a service.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// `notify`, `oneshot`, ….
    pub kind: String,
    /// How its last run ended: `success`, `exit-code`, `signal`, `watchdog`, `oom-kill`, ….
    pub result: String,
    /// How often systemd has restarted it by itself since the boot or the last start by hand.
    pub restarts: u64,
    /// Bytes that it has, the page cache included.
    pub memory: Option<u64>,
    /// Bytes of those which are page cache, and can be had back.
    pub cache: Option<u64>,
    /// The most that it may have.
    pub memory_max: Option<u64>,
    /// Time on processors since it was started.
    pub cpu: Option<Duration>,
    /// Its threads and processes.
    pub tasks: Option<u64>,
    /// When its main process ended last.
    pub ended: Option<Timestamp>,
}

/// One timer.
#[derive(Debug, Clone, Default)]
pub struct Timer {
    /// Such as `signalbox-health-verify.timer`.
    pub name: String,
    /// What it starts.
    pub unit: String,
    /// When it did so last.
    pub last: Option<Timestamp>,
    /// When it will do so next.
    pub next: Option<Timestamp>,
    /// How what it started has ended.
    pub result: String,
}

/// Messages of priority error or worse: how many, and not what they say. That is for those who may read the journal, and the agent
/// tells everyone.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    /// How far back was looked.
    pub window: Duration,
    /// By unit; what systemd itself says of a unit counts as that unit's.
    pub units: BTreeMap<String, u64>,
    /// How often the watchdog of a unit was not answered in time.
    pub watchdog: BTreeMap<String, u64>,
    /// What the kernel says of its disks, memory and tasks, by what it is about, such as `I/O error`.
    pub kernel: BTreeMap<&'static str, u64>,
}

/// Which system runs, and which should.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generation {
    /// The profile's number, as `nixos-rebuild list-generations` shows it.
    pub number: Option<u64>,
    /// The system that the profile names: what the next boot starts.
    pub desired: PathBuf,
    /// The system that is active.
    pub current: PathBuf,
    /// The generation that this is, or of which it is a specialisation. `None`: of none, as after `nixos-rebuild test`.
    pub current_number: Option<u64>,
    /// What the active system has in another version than what was booted: `kernel`, `initrd`, ….
    pub reboot_for: Vec<String>,
}
