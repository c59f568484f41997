//! What the gate remembers, over boots and power cuts.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::generation::Generation;
use crate::facts::{Answer, Timestamp};

/// All of it: the file `state.json`, which anybody may read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) version: u32,
    /// The newest verdict.
    pub(crate) last: Option<Verdict>,
    /// Generations that have proven themselves.
    pub(crate) good: Vec<Good>,
    /// Oldest first.
    pub(crate) rollbacks: Vec<Rollback>,
    /// The boot loader's entry for which the machine was started again, so that the loader may count.
    pub(crate) counted: Option<Counted>,
}

/// When the gate runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Occasion {
    Boot,
    Switch,
}

/// How waiting has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) at: Timestamp,
    pub(crate) boot_id: String,
    pub(crate) occasion: Occasion,
    /// `None` where nothing says what runs.
    pub(crate) generation: Option<Generation>,
    pub(crate) green: bool,
    pub(crate) action: Done,
    /// A sentence.
    pub(crate) why: String,
    /// Required checks that stayed red.
    pub(crate) red: Vec<String>,
}

/// What followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    Kept,
    Reported,
    RolledBack,
    Rebooted,
}

/// A generation that was green, and when it was last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Good {
    #[serde(flatten)]
    pub(crate) generation: Generation,
    /// After a boot: its kernel and its early boot are good too.
    pub(crate) boot: Option<Timestamp>,
    pub(crate) switch: Option<Timestamp>,
}

/// The way back from a generation. It is on record before it is begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rollback {
    pub(crate) from: Generation,
    pub(crate) to: Generation,
    pub(crate) at: Timestamp,
    pub(crate) boot_id: String,
    pub(crate) occasion: Occasion,
    pub(crate) red: Vec<String>,
    /// How often it was begun. One that does not come to its end is tried once more.
    #[serde(default = "once")]
    pub(crate) attempts: u32,
    pub(crate) outcome: Outcome,
    /// A sentence, once it is over.
    pub(crate) detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Begun,
    Done,
    Failed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// As the loader names it, with its counters.
    pub(crate) entry: String,
    pub(crate) at: Timestamp,
}

fn once() -> u32 {
    1
}

/// The power may fail on the way back, or systemd may not start it. What fails twice may fail for ever.
pub(super) const ATTEMPTS: u32 = 2;

/// Of each list, the newest are kept. A box gets a few generations a week.
const KEPT: usize = 500;

impl State {
    /// `None` where the gate has never come to a verdict.
    pub(crate) fn read(dir: &Path) -> Answer<Option<Self>> {
        let path = dir.join("state.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))
    }

    /// Takes the room that the next change needs, before there may be none.
    pub(super) fn reserve(dir: &Path) -> io::Result<()> {
        make(dir)?;
        let length = fs::metadata(dir.join("state.json")).map_or(0, |now| now.len());
        reserve(dir, length)
    }

    /// For as long as the file is open, a rollback is carried out: waits for another one.
    pub(super) fn carrying_out(dir: &Path) -> io::Result<File> {
        let lock = File::create(dir.join("rollback"))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        Ok(lock)
    }

    pub(super) fn is_carrying_out(dir: &Path) -> bool {
        File::open(dir.join("rollback"))
            .is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockShared).is_err())
    }

    /// Changes it, one process at a time; on disk when this returns. A file that cannot be read is put aside.
    pub(super) fn update<T>(dir: &Path, change: impl FnOnce(&mut Self) -> T) -> io::Result<T> {
        make(dir)?;
        let lock = File::create(dir.join("lock"))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        let mut state = if let Ok(state) = Self::read(dir) {
            state.unwrap_or_default()
        } else {
            fs::rename(dir.join("state.json"), dir.join("state.json.unreadable"))?;
            Self::default()
        };
        let outcome = change(&mut state);
        state.version = 1;
        keep_newest(&mut state.good);
        keep_newest(&mut state.rollbacks);
        state.write(dir)?;
        Ok(outcome)
    }

    fn write(&self, dir: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let (path, new) = (dir.join("state.json"), dir.join("state.json.new"));
        if let Err(error) = write_new(&new, &text).and_then(|()| fs::rename(&new, &path)) {
            // most often the disk is full, and it may be the new generation that has filled it
            let _ = fs::remove_file(&new);
            let spare = dir.join(SPARE);
            overwrite(&spare, &text)
                .and_then(|()| fs::rename(&spare, &path))
                .map_err(|_| error)?;
        }
        File::open(dir)?.sync_all()?;
        if let Err(error) = reserve(dir, text.len() as u64) {
            tracing::warn!(error = %error, "on a full disk the gate cannot remember, and so not roll back");
        }
        Ok(())
    }

    /// Puts an attempt to go back on record. `false` if it is another gate's, or is over.
    pub(super) fn begin(&mut self, rollback: Rollback) -> bool {
        let known = self
            .rollbacks
            .iter()
            .position(|known| known.from.system == rollback.from.system);
        match known {
            None if rollback.attempts == 1 => {}
            Some(index)
                if self.rollbacks[index].outcome == Outcome::Begun
                    && self.rollbacks[index].attempts + 1 == rollback.attempts =>
            {
                self.rollbacks.remove(index);
            }
            _ => return false,
        }
        // the newest last
        self.rollbacks.push(rollback);
        true
    }

    pub(super) fn remember_good(&mut self, generation: &Generation, occasion: Occasion, at: Timestamp) {
        let known = self
            .good
            .iter()
            .position(|good| good.generation.system == generation.system)
            .map(|index| self.good.remove(index));
        let mut good = known.unwrap_or_else(|| Good {
            generation: generation.clone(),
            boot: None,
            switch: None,
        });
        good.generation.number = generation.number;
        match occasion {
            Occasion::Boot => good.boot = Some(at),
            Occasion::Switch => good.switch = Some(at),
        }
        // the newest last
        self.good.push(good);
    }

    pub(super) fn good(&self, system: &Path) -> Option<&Good> {
        self.good.iter().find(|good| good.generation.system == system)
    }

    /// The way back from this generation, if it was ever taken.
    pub(super) fn rolled_back_from(&self, system: &Path) -> Option<&Rollback> {
        self.rollbacks
            .iter()
            .rev()
            .find(|rollback| rollback.from.system == system)
    }

    /// The way back that led to this generation.
    pub(super) fn rolled_back_to(&self, system: &Path) -> Option<&Rollback> {
        self.rollbacks
            .iter()
            .rev()
            .find(|rollback| rollback.to.system == system)
    }

    /// The newest way back, as long as nobody has left the generation to which it led.
    pub(crate) fn rolled_back_now(&self, running: &Path) -> Option<&Rollback> {
        self.rollbacks
            .last()
            .filter(|rollback| rollback.to.system == running)
    }
}

/// A file that has the room for the next state already: no new one has to be found for it. (A file system that never writes in place needs some
/// all the same.)
const SPARE: &str = "state.json.spare";

fn make(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(dir)
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(text)?;
    file.sync_all()
}

fn overwrite(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    file.write_all(text)?;
    file.set_len(text.len() as u64)?;
    file.sync_all()
}

/// `length` is that of the state as it is; one change adds a few hundred bytes.
fn reserve(dir: &Path, length: u64) -> io::Result<()> {
    let (path, needed) = (dir.join(SPARE), length + (16 << 10));
    if fs::metadata(&path).is_ok_and(|spare| spare.len() >= needed) {
        return Ok(());
    }
    // for some changes to come
    write_new(&path, &vec![0; needed as usize * 2])
}

fn keep_newest<T>(list: &mut Vec<T>) {
    list.drain(..list.len().saturating_sub(KEPT));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(number: u32) -> Generation {
        Generation {
            number: Some(number),
            system: format!("/nix/store/{number}").into(),
        }
    }

    fn rollback(from: u32, to: u32) -> Rollback {
        Rollback {
            from: generation(from),
            to: generation(to),
            at: 1.0,
            boot_id: "b".to_owned(),
            occasion: Occasion::Switch,
            red: vec!["prometheus-ready".to_owned()],
            attempts: 1,
            outcome: Outcome::Begun,
            detail: String::new(),
        }
    }

    #[test]
    fn what_is_written_is_read_again_by_anybody() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("new");
        assert_eq!(State::read(&dir), Ok(None));
        State::update(&dir, |state| {
            state.remember_good(&generation(1), Occasion::Switch, 7.5);
            state.rollbacks.push(rollback(2, 1));
        })
        .unwrap();
        let state = State::read(&dir).unwrap().unwrap();
        assert_eq!(state.good(Path::new("/nix/store/1")).unwrap().switch, Some(7.5));
        assert_eq!(state.rollbacks, [rollback(2, 1)]);
        let mode = fs::metadata(dir.join("state.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        let json: serde_json::Value =
            serde_json::from_slice(&fs::read(dir.join("state.json")).unwrap()).unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["good"][0]["system"], "/nix/store/1");
        assert_eq!(json["rollbacks"][0]["outcome"], "begun");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_and_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("state.json"), "{\"good\": [").unwrap();
        let error = State::read(dir.path()).unwrap_err();
        assert!(error.starts_with("cannot read "), "{error}");
        State::update(dir.path(), |state| state.rollbacks.push(rollback(2, 1))).unwrap();
        assert_eq!(
            fs::read_to_string(dir.path().join("state.json.unreadable")).unwrap(),
            "{\"good\": ["
        );
        assert!(State::read(dir.path()).unwrap().is_some());
    }

    #[test]
    fn where_no_file_can_be_made_the_spare_one_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        State::reserve(dir.path()).unwrap();
        let remember = |from| State::update(dir.path(), |state| state.begin(rollback(from, 1)));
        assert!(remember(2).unwrap());
        // as on a full disk
        fs::create_dir(dir.path().join("state.json.new")).unwrap();
        assert!(remember(3).unwrap());
        let state = State::read(dir.path()).unwrap().unwrap();
        assert_eq!(state.rollbacks, [rollback(2, 1), rollback(3, 1)]);
        // there is none left, and none can be made
        fs::remove_file(dir.path().join(SPARE)).unwrap();
        fs::create_dir(dir.path().join(SPARE)).unwrap();
        assert!(remember(4).is_err());
        assert_eq!(State::read(dir.path()).unwrap(), Some(state));
    }

    #[test]
    fn a_way_back_is_begun_once_and_once_more() {
        let mut state = State::default();
        let attempt = |attempts| Rollback {
            attempts,
            ..rollback(2, 1)
        };
        assert!(!state.begin(attempt(2)), "there was no first");
        assert!(state.begin(attempt(1)));
        assert!(!state.begin(attempt(1)), "another gate was faster");
        assert!(state.begin(rollback(4, 3)));
        assert!(state.begin(attempt(2)));
        assert_eq!(state.rollbacks, [rollback(4, 3), attempt(2)]);
        state.rollbacks[1].outcome = Outcome::Done;
        assert!(!state.begin(attempt(3)));
    }

    #[test]
    fn a_way_back_is_known_to_be_under_way() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!State::is_carrying_out(dir.path()));
        let lock = State::carrying_out(dir.path()).unwrap();
        assert!(State::is_carrying_out(dir.path()));
        drop(lock);
        assert!(!State::is_carrying_out(dir.path()));
    }

    #[test]
    fn a_later_version_and_an_earlier_one_are_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            dir.path().join("state.json"),
            r#"{"version": 7, "good": [{"system": "/a", "number": null, "boot": 1, "switch": null, "else": 1}], "more": 1}"#,
        )
        .unwrap();
        let state = State::read(dir.path()).unwrap().unwrap();
        assert_eq!(state.good(Path::new("/a")).unwrap().boot, Some(1.0));
    }

    #[test]
    fn a_generation_is_good_by_its_path() {
        let mut state = State::default();
        state.remember_good(&generation(1), Occasion::Switch, 1.0);
        state.remember_good(&generation(2), Occasion::Boot, 2.0);
        let again = Generation {
            number: Some(9),
            ..generation(1)
        };
        state.remember_good(&again, Occasion::Boot, 3.0);
        assert_eq!(state.good.len(), 2);
        let good = state.good(Path::new("/nix/store/1")).unwrap();
        assert_eq!(
            (good.generation.number, good.boot, good.switch),
            (Some(9), Some(3.0), Some(1.0))
        );
    }

    #[test]
    fn the_newest_rollback_holds_while_its_target_runs() {
        let mut state = State::default();
        assert_eq!(state.rolled_back_now(Path::new("/nix/store/1")), None);
        state.rollbacks = vec![rollback(2, 1), rollback(4, 3)];
        assert_eq!(state.rolled_back_now(Path::new("/nix/store/1")), None);
        assert_eq!(
            state.rolled_back_now(Path::new("/nix/store/3")),
            Some(&rollback(4, 3))
        );
        assert!(state.rolled_back_to(Path::new("/nix/store/1")).is_some());
        assert!(state.rolled_back_from(Path::new("/nix/store/2")).is_some());
        assert!(state.rolled_back_from(Path::new("/nix/store/1")).is_none());
    }

    #[test]
    fn lists_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        State::update(dir.path(), |state| {
            state.rollbacks = (0..600).map(|from| rollback(from + 1, from)).collect();
        })
        .unwrap();
        let state = State::read(dir.path()).unwrap().unwrap();
        assert_eq!(state.rollbacks.len(), KEPT);
        assert_eq!(state.rollbacks[KEPT - 1], rollback(600, 599));
    }
}
