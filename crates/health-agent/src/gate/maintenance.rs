//! While somebody works on the box, the gate only reports.
//!
//! The flag is a file under `/run`, so it does not outlive a boot: empty, or with one line that says until when. One that is to outlive a boot
//! is beside the gate's memory, and always has an end. The end is by the machine's clock: who sets that meanwhile moves it.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::config::Gate;

/// Whether somebody works on the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maintenance {
    Off,
    /// `None`: until the next boot.
    On {
        until: Option<SystemTime>,
    },
}

impl Maintenance {
    pub(crate) fn is_on(self) -> bool {
        self != Self::Off
    }
}

/// How long it may be for: who forgets it has a gate again in the week after.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// As the command line has it.
pub(super) fn how_long(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|time| !time.is_zero() && *time <= LONGEST)
        .ok_or_else(|| "must be a time such as 2h, of seven days at most".to_owned())
}

pub(crate) fn read(gate: &Gate, now: SystemTime) -> Maintenance {
    // who wrote something that cannot be read wants to be left alone, but not for ever
    match (until(&in_this_boot(gate)), until(&through_boots(gate))) {
        (Some(Err(_)), _) => Maintenance::On { until: None },
        (here, there) => here
            .into_iter()
            .chain(there)
            .flatten()
            .filter(|until| *until > now)
            .max()
            .map_or(Maintenance::Off, |until| Maintenance::On { until: Some(until) }),
    }
}

/// `None`: there is no flag.
fn until(flag: &Path) -> Option<Result<SystemTime, String>> {
    match fs::read_to_string(flag) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(Err(error.to_string())),
        Ok(text) => Some(humantime::parse_rfc3339_weak(text.trim()).map_err(|error| error.to_string())),
    }
}

pub(super) fn set(gate: &Gate, until: SystemTime, through_boot: bool) -> io::Result<()> {
    let flag = if through_boot {
        through_boots(gate)
    } else {
        in_this_boot(gate)
    };
    if let Some(folder) = flag.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    }
    // an empty one would say something else
    let new = flag.with_extension("new");
    let mut file = fs::File::create(&new)?;
    file.set_permissions(fs::Permissions::from_mode(0o644))?;
    writeln!(file, "{}", humantime::format_rfc3339_seconds(until))?;
    file.sync_all()?;
    fs::rename(new, flag)
}

pub(super) fn clear(gate: &Gate) -> io::Result<()> {
    for flag in [in_this_boot(gate), through_boots(gate)] {
        match fs::remove_file(flag) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn in_this_boot(gate: &Gate) -> PathBuf {
    gate.run_dir.join("signalbox/maintenance")
}

fn through_boots(gate: &Gate) -> PathBuf {
    gate.state_dir.join("maintenance")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(folder: &Path) -> Gate {
        Gate {
            wait: Duration::from_secs(1),
            settle: Duration::ZERO,
            state_dir: folder.join("state"),
            red_file: folder.join("red.json"),
            run_dir: folder.join("run"),
            efivars: folder.join("efivars"),
            reboot: vec![],
        }
    }

    fn on(until: SystemTime) -> Maintenance {
        Maintenance::On { until: Some(until) }
    }

    #[test]
    fn it_is_set_expires_and_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let gate = gate(folder.path());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        assert_eq!(read(&gate, now), Maintenance::Off);
        let until = now + Duration::from_hours(2);
        set(&gate, until, false).unwrap();
        assert_eq!(
            fs::read_to_string(gate.run_dir.join("signalbox/maintenance")).unwrap(),
            "2026-11-18T13:06:40Z\n"
        );
        assert_eq!(read(&gate, now), on(until));
        assert_eq!(read(&gate, until), Maintenance::Off);
        clear(&gate).unwrap();
        assert_eq!(read(&gate, now), Maintenance::Off);
        clear(&gate).unwrap();
    }

    #[test]
    fn it_outlives_a_boot_if_it_is_to() {
        let folder = tempfile::tempdir().unwrap();
        let gate = gate(folder.path());
        let now = SystemTime::now();
        // the year 2100
        let until = SystemTime::UNIX_EPOCH + Duration::from_hours(1_139_568);
        set(&gate, now + Duration::from_mins(1), false).unwrap();
        set(&gate, until, true).unwrap();
        assert_eq!(read(&gate, now), on(until), "the later one");
        fs::remove_dir_all(&gate.run_dir).unwrap();
        assert_eq!(read(&gate, now), on(until));
        assert_eq!(read(&gate, until), Maintenance::Off);
        // torn: it would hold for ever
        fs::write(gate.state_dir.join("maintenance"), "2").unwrap();
        assert_eq!(read(&gate, now), Maintenance::Off);
        clear(&gate).unwrap();
        assert!(!gate.state_dir.join("maintenance").exists());
    }

    #[test]
    fn an_empty_flag_and_one_that_nobody_understands_hold_until_the_next_boot() {
        let folder = tempfile::tempdir().unwrap();
        let gate = gate(folder.path());
        fs::create_dir_all(gate.run_dir.join("signalbox")).unwrap();
        for text in ["", "until we are done\n", "\u{0}"] {
            fs::write(in_this_boot(&gate), text).unwrap();
            assert_eq!(
                read(&gate, SystemTime::now()),
                Maintenance::On { until: None },
                "{text:?}"
            );
        }
    }

    #[test]
    fn it_is_for_a_week_at_most() {
        assert_eq!(how_long("4h"), Ok(Duration::from_hours(4)));
        assert_eq!(how_long("7d"), Ok(LONGEST));
        for text in ["8d", "9000y", "0s", "", "soon"] {
            assert!(how_long(text).is_err(), "{text:?}");
        }
    }
}
