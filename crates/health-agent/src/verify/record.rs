//! What the newest comparison has found, for those who were not there.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::facts::{Answer, Timestamp};

/// The file `last_verify.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// When it ended.
    pub(crate) at: Timestamp,
    pub(crate) took_seconds: f64,
    pub(crate) outcome: Outcome,
    /// What the manifest is called, and of which system it is.
    pub(crate) manifest: String,
    pub(crate) signed_by: Vec<String>,
    /// Store paths that were looked at, in this run or in those that it goes on from.
    pub(crate) paths: usize,
    pub(crate) of_paths: usize,
    pub(crate) bytes_read: u64,
    /// Of those there are more than [`TOLD`], only so many.
    pub(crate) findings: Vec<Finding>,
    pub(crate) findings_total: usize,
    /// What is in the store and not in the manifest: of other generations, or added. It is not looked at, and no finding. So many names.
    pub(crate) unlisted: Vec<String>,
    pub(crate) unlisted_total: usize,
    /// Why it could not be compared: all else may be of an earlier run, which came to its end.
    pub(crate) error: Option<String>,
    /// When that was.
    pub(crate) failed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// All is as it was built.
    Sound,
    /// Something is not.
    Changed,
    /// It was cut short before it found anything; the next run goes on.
    CutShort,
    /// There was nothing to compare with, or nothing could be read.
    #[default]
    Failed,
}

/// One thing that is not as it was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    /// A path, usually.
    pub(crate) subject: String,
    /// A sentence that goes on from the subject; files that have changed are on lines of their own.
    pub(crate) what: String,
    pub(crate) fix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    StorePath,
    System,
    Kernel,
    UnitFile,
}

/// Enough to see what is the matter; a disk that dies changes everything.
const TOLD: usize = 200;

impl Record {
    /// `None` where nothing was ever compared.
    pub(crate) fn read(dir: &Path) -> Answer<Option<Self>> {
        let path = dir.join("last_verify.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, &error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))
    }

    /// Writes it down, unless it says less than what is there: a run that was cut short says nothing new, and one that could compare nothing
    /// says nothing of the system, so that what was found before stays, with the reason beside it.
    pub(super) fn keep(&self, dir: &Path) -> io::Result<()> {
        match self.outcome {
            Outcome::Sound | Outcome::Changed => self.write(dir),
            // how old the one before it is tells when none comes to its end
            Outcome::CutShort => Ok(()),
            Outcome::Failed => match Self::read(dir).map_err(io::Error::other)? {
                Some(before) if before.outcome != Outcome::Failed => {
                    let both = Self {
                        error: self.error.clone(),
                        failed_at: self.failed_at,
                        ..before
                    };
                    both.write(dir)
                }
                _ => self.write(dir),
            },
        }
    }

    fn write(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        let new = dir.join("last_verify.json.new");
        let mut file = File::create(&new)?;
        // it is for the agent, which is another user
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&new, dir.join("last_verify.json"))
    }

    pub(super) fn found(&mut self, findings: Vec<Finding>) {
        self.findings_total = findings.len();
        self.findings = findings;
        self.findings.truncate(TOLD);
    }

    pub(super) fn unlisted(&mut self, names: impl ExactSizeIterator<Item = String>) {
        self.unlisted_total = names.len();
        self.unlisted = names.take(TOLD).collect();
    }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let what_to_do = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            ", and it is for everybody: give it mode 0644, and its folder 0755"
        }
        _ => "",
    };
    format!("cannot read {}: {error}{what_to_do}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_stays_until_it_is_compared_again() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let run = |at: Timestamp, outcome: Outcome| Record {
            at,
            outcome,
            ..Record::default()
        };
        let failed = |at: Timestamp| Record {
            error: Some("it is not signed".to_owned()),
            failed_at: Some(at),
            ..run(at, Outcome::Failed)
        };
        let kept = |record: &Record| {
            record.keep(dir).unwrap();
            Record::read(dir).unwrap().unwrap()
        };
        run(1.0, Outcome::CutShort).keep(dir).unwrap();
        assert_eq!(Record::read(dir), Ok(None));
        // there is nothing else to say
        assert_eq!(kept(&failed(2.0)), failed(2.0));
        assert_eq!(kept(&failed(3.0)), failed(3.0));

        let mut changed = run(4.0, Outcome::Changed);
        changed.found(vec![Finding {
            kind: Kind::Kernel,
            subject: "the kernel 6.12".to_owned(),
            what: "is not the system's".to_owned(),
            fix: "reboot".to_owned(),
        }]);
        assert_eq!(kept(&changed), changed);
        for at in [5.0, 6.0] {
            let both = Record {
                error: failed(at).error,
                failed_at: Some(at),
                ..changed.clone()
            };
            assert_eq!(kept(&failed(at)), both);
            assert_eq!(kept(&run(at + 0.5, Outcome::CutShort)), both);
        }
        let sound = run(7.0, Outcome::Sound);
        assert_eq!(kept(&sound), sound);

        // who knows what was in it
        fs::write(dir.join("last_verify.json"), "{").unwrap();
        let error = failed(8.0).keep(dir).unwrap_err().to_string();
        assert!(error.contains("cannot read"), "{error}");
        assert_eq!(fs::read_to_string(dir.join("last_verify.json")).unwrap(), "{");
    }

    #[test]
    fn what_may_not_be_read_is_not_taken_for_nothing() {
        assert_eq!(
            unreadable(Path::new("/a/b"), &io::ErrorKind::PermissionDenied.into()),
            "cannot read /a/b: permission denied, and it is for everybody: give it mode 0644, and its folder 0755"
        );
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("last_verify.json")).unwrap();
        let error = Record::read(dir.path()).unwrap_err();
        assert!(error.ends_with(": Is a directory (os error 21)"), "{error}");
    }

    #[test]
    fn it_is_kept_for_others_and_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("state");
        assert_eq!(Record::read(&dir), Ok(None));
        let mut record = Record {
            at: 7.5,
            outcome: Outcome::Changed,
            ..Record::default()
        };
        let finding = Finding {
            kind: Kind::StorePath,
            subject: "/nix/store/a".to_owned(),
            what: "is missing".to_owned(),
            fix: "nix-store --repair-path /nix/store/a".to_owned(),
        };
        record.found(vec![finding; 1000]);
        record.unlisted((0..1000).map(|number| format!("/nix/store/{number}")));
        record.write(&dir).unwrap();
        let mode = fs::metadata(dir.join("last_verify.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o644);
        let read = Record::read(&dir).unwrap().unwrap();
        assert_eq!((read.unlisted.len(), read.unlisted_total), (TOLD, 1000));
        assert_eq!((read.findings.len(), read.findings_total), (TOLD, 1000));
        assert_eq!(read, record);
        fs::write(dir.join("last_verify.json"), "{").unwrap();
        assert!(Record::read(&dir).is_err());
    }
}
