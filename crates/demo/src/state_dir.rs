//! The folder that a demo keeps between runs. One demo at a time may use it.
//!
//! ```text
//! signalbox-demo.lock   locked while a demo runs
//! demo.json             what runs: pids, addresses, logs; only while it runs
//! control.sock          takes orders; only while a demo runs
//! config/  data/  logs/
//! object-store          which one has the blocks of the kept data
//! secrets/              keys of the object store in the box
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const LOCK: &str = "signalbox-demo.lock";
const RECORD: &str = "demo.json";
/// Where the blocks of the kept data are.
const OBJECT_STORE: &str = "object-store";
const FOLDERS: [&str; 4] = ["config", "data", "logs", SECRETS];
const SECRETS: &str = "secrets";

#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    /// The kernel lets go of the lock when the demo ends, however it ends.
    _lock: File,
}

/// What runs, for other programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) pid: u32,
    pub(crate) network: String,
    pub(crate) dashboard: String,
    pub(crate) parts: Vec<PartRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartRecord {
    pub(crate) name: String,
    pub(crate) place: String,
    /// What became of it, in words.
    pub(crate) state: String,
    /// None unless it runs.
    pub(crate) pid: Option<u32>,
    /// Where to reach it, for people.
    pub(crate) address: Option<String>,
    pub(crate) addresses: Vec<String>,
    /// The URL that answers with success when it is ready, if it has a port.
    pub(crate) ready: Option<String>,
    pub(crate) log: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    #[error("cannot write to the state directory {}: {cause}; choose another with --state-dir", path.display())]
    NotWritable { path: PathBuf, cause: io::Error },
    #[error("{} holds other files: name an empty folder, or one that a demo has used, with --state-dir", path.display())]
    NotOurs { path: PathBuf },
    #[error(
        "{} cannot be the state directory: Prometheus takes * ? [ and \\ in it for a pattern and would find nothing to \
         scrape; choose another with --state-dir",
        path.display()
    )]
    Pattern { path: PathBuf },
    #[error(
        "the data in {} is continued in the object store {before}, which {now} knows nothing of; take --object-store {before}, \
         begin afresh with --fresh, or choose another --state-dir",
        path.display()
    )]
    OtherStore {
        path: PathBuf,
        before: String,
        now: String,
    },
    #[error(
        "another demo uses the state directory {}{by}; stop it, or choose another with --state-dir and other addresses with --network",
        path.display()
    )]
    InUse { path: PathBuf, by: String },
}

impl StateDir {
    /// Takes the folder at `path`, made if need be. What earlier runs left is still there: see [`Self::prepare`].
    pub(crate) fn open(path: &Path) -> Result<Self, StateError> {
        let not_writable = |cause| StateError::NotWritable {
            path: path.to_owned(),
            cause,
        };
        // before anything is made; and again, because a link may lead anywhere
        refuse_pattern(&std::path::absolute(path).map_err(not_writable)?)?;
        // its logs and data are the user's alone
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(not_writable)?;
        let path = path.canonicalize().map_err(not_writable)?;
        refuse_pattern(&path)?;
        let is_empty = fs::read_dir(&path).map_err(not_writable)?.next().is_none();
        let lock_path = path.join(LOCK);
        if !is_empty && !lock_path.exists() {
            return Err(StateError::NotOurs { path });
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(not_writable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let by = read_record(&path).map_or_else(String::new, |record| {
                    format!(" (process {}, {})", record.pid, record.dashboard)
                });
                return Err(StateError::InUse { path, by });
            }
            Err(TryLockError::Error(cause)) => return Err(not_writable(cause)),
        }
        let state = Self { path, _lock: lock };
        // that of a demo which was killed
        state.forget_record().map_err(not_writable)?;
        Ok(state)
    }

    /// Makes the folders; with `fresh` they start empty. Call it when nothing else can keep the demo from running.
    pub(crate) fn prepare(&self, fresh: bool) -> Result<(), StateError> {
        self.make_folders(fresh).map_err(|cause| StateError::NotWritable {
            path: self.path.clone(),
            cause,
        })
    }

    fn make_folders(&self, fresh: bool) -> io::Result<()> {
        for folder in FOLDERS {
            let folder = self.path.join(folder);
            // the configuration is always made anew
            if (fresh || folder.ends_with("config")) && folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            fs::create_dir_all(folder)?;
        }
        fs::set_permissions(self.secrets(), fs::Permissions::from_mode(0o700))
    }

    /// Notes that the blocks of the kept data go to `store`; an error if they have gone to another one, which would not get
    /// those that are there already.
    pub(crate) fn keep_to(&self, store: &str, fresh: bool) -> Result<(), StateError> {
        let path = self.path.join(OBJECT_STORE);
        let not_writable = |cause| StateError::NotWritable {
            path: self.path.clone(),
            cause,
        };
        match fs::read_to_string(&path) {
            Ok(before) if !fresh && before.trim_end() != store => Err(StateError::OtherStore {
                path: self.path.clone(),
                before: before.trim_end().to_owned(),
                now: store.to_owned(),
            }),
            _ => fs::write(path, format!("{store}\n")).map_err(not_writable),
        }
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.path.join(SECRETS)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn log_of(&self, part: &str) -> PathBuf {
        self.path.join("logs").join(format!("{part}.log"))
    }

    /// Writes down what runs. The file is replaced at once, so that a reader never sees a half.
    pub(crate) fn record(&self, record: &Record) -> io::Result<()> {
        let draft = self.path.join("demo.json.new");
        let mut text = serde_json::to_string_pretty(record).map_err(io::Error::other)?;
        text.push('\n');
        let replaced = fs::write(&draft, text).and_then(|()| fs::rename(&draft, self.path.join(RECORD)));
        if replaced.is_err() {
            // half a file helps nobody
            drop(fs::remove_file(draft));
        }
        replaced
    }

    pub(crate) fn forget_record(&self) -> io::Result<()> {
        match fs::remove_file(self.path.join(RECORD)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Prometheus looks for its target files with the folder in front of their names, and takes all of it for a pattern.
fn refuse_pattern(path: &Path) -> Result<(), StateError> {
    let is_special = |byte: &u8| br"*?[\".contains(byte);
    if path.as_os_str().as_bytes().iter().any(is_special) {
        return Err(StateError::Pattern {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// What the demo that uses `state` wrote down, if one does.
pub(crate) fn record_of_running(state: &Path) -> Option<Record> {
    let lock = File::open(state.join(LOCK)).ok()?;
    // a demo that was killed leaves its record, and perhaps its pid to somebody else
    let is_running = matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock));
    is_running.then(|| read_record(state)).flatten()
}

fn read_record(state: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(state.join(RECORD)).ok()?).ok()
}

/// `${XDG_STATE_HOME:-~/.local/state}/signalbox-demo`; none if neither variable is set.
pub(crate) fn default_path(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state_home = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state_home.join("signalbox-demo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_demo_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let first = StateDir::open(&path).unwrap();
        first
            .record(&Record {
                pid: 4711,
                network: "127.0.0".to_owned(),
                dashboard: "http://127.0.0.1:3000".to_owned(),
                parts: vec![],
            })
            .unwrap();
        let shown = first.path().display().to_string();
        assert_eq!(
            StateDir::open(&path).unwrap_err().to_string(),
            format!(
                "another demo uses the state directory {shown} (process 4711, http://127.0.0.1:3000); stop it, or choose \
                 another with --state-dir and other addresses with --network"
            )
        );
        let told = record_of_running(&path).map(|record| record.pid);
        assert_eq!(told, Some(4711));
        drop(first);
        assert_eq!(record_of_running(&path), None, "its record is still there");
        StateDir::open(&path).unwrap();
        assert!(
            !path.join(RECORD).exists(),
            "what is left of a killed demo is forgotten"
        );
    }

    #[test]
    fn data_and_logs_are_kept_unless_fresh() {
        let folder = tempfile::tempdir().unwrap();
        let kept = |file: &str| folder.path().join(file).exists();
        let prepare = |fresh| StateDir::open(folder.path()).unwrap().prepare(fresh).unwrap();
        prepare(false);
        for file in ["data/block", "logs/part.log", "config/old.yml"] {
            fs::write(folder.path().join(file), "x").unwrap();
        }
        drop(StateDir::open(folder.path()).unwrap());
        assert!(kept("data/block") && kept("logs/part.log") && kept("config/old.yml"));
        prepare(false);
        assert!(kept("data/block") && kept("logs/part.log") && !kept("config/old.yml"));
        prepare(true);
        assert!(!kept("data/block") && !kept("logs/part.log"));
    }

    #[test]
    fn kept_data_stays_with_its_object_store() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        state.keep_to("minio", false).unwrap();
        state.keep_to("minio", false).unwrap();
        let told = state.keep_to("garage", false).unwrap_err().to_string();
        let expected = format!(
            "the data in {} is continued in the object store minio, which garage knows nothing of; take --object-store minio, \
             begin afresh with --fresh, or choose another --state-dir",
            state.path().display()
        );
        assert_eq!(told, expected);
        state.keep_to("garage", true).unwrap();
        state.keep_to("garage", false).unwrap();
    }

    #[test]
    fn a_folder_of_other_files_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        let error = StateDir::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains("holds other files"), "{error}");
        assert!(folder.path().join("data").exists());
    }

    #[test]
    fn says_why_it_cannot_write() {
        let error = StateDir::open(Path::new("/proc/signalbox-demo")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot write to the state directory /proc/signalbox-demo: No such file"),
            "{error}"
        );
    }

    #[test]
    fn what_prometheus_takes_for_a_pattern_is_refused_and_not_made() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["box [2]", "all*", "why?", r"back\slash"] {
            let path = folder.path().join(name).join("state");
            assert_eq!(
                StateDir::open(&path).unwrap_err().to_string(),
                format!(
                    r"{} cannot be the state directory: Prometheus takes * ? [ and \ in it for a pattern and would find nothing to scrape; choose another with --state-dir",
                    path.display()
                )
            );
            assert!(!folder.path().join(name).exists(), "{name}");
        }
        let (link, target) = (folder.path().join("link"), folder.path().join("[2]"));
        fs::create_dir(&target).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let error = StateDir::open(&link).unwrap_err();
        assert!(matches!(error, StateError::Pattern { .. }), "{error}");
        StateDir::open(&folder.path().join("box {2}")).unwrap();
    }

    #[test]
    fn a_record_that_cannot_be_written_leaves_no_half() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        fs::create_dir(folder.path().join(RECORD)).unwrap();
        let record = Record {
            pid: 4711,
            network: "127.0.0".to_owned(),
            dashboard: "http://127.0.0.1:3000".to_owned(),
            parts: vec![],
        };
        assert!(state.record(&record).is_err());
        assert!(!folder.path().join("demo.json.new").exists());
    }

    #[test]
    fn the_default_follows_xdg() {
        let with = |pairs: &'static [(&str, &str)]| {
            default_path(move |name| Some(pairs.iter().find(|(key, _)| *key == name)?.1.into()))
        };
        assert_eq!(
            with(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]),
            Some("/s/signalbox-demo".into())
        );
        assert_eq!(
            with(&[("HOME", "/h")]),
            Some("/h/.local/state/signalbox-demo".into())
        );
        assert_eq!(with(&[("XDG_STATE_HOME", "relative")]), None);
    }
}
