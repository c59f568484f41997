//! While somebody works on the box, the gate only reports.
//!
//! The flag is a file under `/run`, so it does not outlive a boot: empty, or with one line that says until when.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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

/// A flag that cannot be read counts: who wrote it wants to be left alone.
pub(crate) fn read(run_dir: &Path, now: SystemTime) -> Maintenance {
    match fs::read_to_string(flag(run_dir)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Maintenance::Off,
        Err(_) => Maintenance::On { until: None },
        Ok(text) => match humantime::parse_rfc3339_weak(text.trim()) {
            Ok(until) if until <= now => Maintenance::Off,
            Ok(until) => Maintenance::On { until: Some(until) },
            Err(_) => Maintenance::On { until: None },
        },
    }
}

pub(super) fn set(run_dir: &Path, until: SystemTime) -> io::Result<()> {
    let flag = flag(run_dir);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(flag.parent().unwrap_or(run_dir))?;
    let mut file = fs::File::create(flag)?;
    writeln!(file, "{}", humantime::format_rfc3339_seconds(until))
}

pub(super) fn clear(run_dir: &Path) -> io::Result<()> {
    match fs::remove_file(flag(run_dir)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn flag(run_dir: &Path) -> PathBuf {
    run_dir.join("signalbox/maintenance")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_is_set_expires_and_is_cleared() {
        let run = tempfile::tempdir().unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        assert_eq!(read(run.path(), now), Maintenance::Off);
        let until = now + Duration::from_hours(2);
        set(run.path(), until).unwrap();
        assert_eq!(
            fs::read_to_string(run.path().join("signalbox/maintenance")).unwrap(),
            "2026-11-18T13:06:40Z\n"
        );
        assert_eq!(read(run.path(), now), Maintenance::On { until: Some(until) });
        assert_eq!(read(run.path(), until), Maintenance::Off);
        clear(run.path()).unwrap();
        assert_eq!(read(run.path(), now), Maintenance::Off);
        clear(run.path()).unwrap();
    }

    #[test]
    fn an_empty_flag_and_one_that_nobody_understands_hold_until_the_next_boot() {
        let run = tempfile::tempdir().unwrap();
        fs::create_dir(run.path().join("signalbox")).unwrap();
        for text in ["", "until we are done\n", "\u{0}"] {
            fs::write(flag(run.path()), text).unwrap();
            assert_eq!(
                read(run.path(), SystemTime::now()),
                Maintenance::On { until: None },
                "{text:?}"
            );
        }
    }
}
