//! The log that is written, and the snapshots that keep it short.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, flock};

use super::file::{End, HEADER, MAX_FRAME, read_frames, write_frame};
use crate::self_metrics;
use crate::series::Journal;

/// A log shorter than this is never written anew.
const MIN_LOG: u64 = 16 << 20;

/// A log is written anew when it is this many times as long as what it would become, about.
const OUTGROWN: u64 = 3;

/// More files than this are put together: each start begins another log.
const MAX_FILES: usize = 64;

/// After failed snapshots, the next one is up to two to this power seconds away.
const MAX_REST: u32 = 10;

/// Torn files that are kept; older ones go.
const MAX_TORN: usize = 4;

/// The state on disk.
#[derive(Debug)]
pub(crate) struct StateJournal {
    directory: PathBuf,
    log: Mutex<Log>,
    /// Files that were not whole when they were read. They stay until a snapshot tells what was read of them.
    torn: Mutex<Vec<PathBuf>>,
    /// Locked for as long as the process lives.
    _lock: File,
}

/// The log that is appended to.
#[derive(Debug)]
struct Log {
    generation: u64,
    file: File,
    /// Bytes that are whole. What may stand behind them is overwritten.
    length: u64,
    /// The bytes of older files that are still needed.
    behind: u64,
    /// How long the last snapshot was.
    snapshot: u64,
    /// How many files are behind.
    files: usize,
    /// How many snapshots have failed since the last that did not, and how often none is to be wanted until the next.
    failed: u32,
    rest: u32,
    /// Whether something was written since the last sync.
    dirty: bool,
    buffer: Vec<u8>,
}

/// Takes the frames of a snapshot.
pub(crate) struct Frames {
    file: File,
    buffer: Vec<u8>,
    frame: Vec<u8>,
    length: u64,
}

impl StateJournal {
    /// Reads what is in `directory`, oldest first, and begins a new log there.
    pub(crate) fn open(directory: &Path, mut each: impl FnMut(&[u8])) -> io::Result<Self> {
        // attributes may say more than everybody is to know
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another collector keeps its state here; give each its own",
            )
        })?;
        let Files { logs, snapshots } = Files::list(directory)?;
        let base = newest_whole(directory, &snapshots)?;
        // a torn snapshot is read as far as it goes, in its turn: what is newer replaces it
        let snapshots = snapshots.iter().filter(|generation| Some(**generation) >= base);
        let logs = logs.iter().filter(|generation| Some(**generation) >= base);
        let generation = snapshots
            .clone()
            .chain(logs.clone())
            .max()
            .map_or(1, |last| last + 1);
        let snapshots = snapshots.map(|generation| snapshot_path(directory, *generation));
        let (mut behind, mut files, mut torn) = (0, 0, Vec::new());
        for path in snapshots.chain(logs.map(|generation| log_path(directory, *generation))) {
            let length = fs::metadata(&path)?.len();
            behind += length;
            files += 1;
            if let End::Torn { at } = read_frames(File::open(&path)?, &mut each)? {
                report_torn(&path, at, length);
                torn.push(path);
            }
        }
        let journal = Self {
            log: Mutex::new(Log {
                generation,
                file: create(&log_path(directory, generation))?,
                length: 0,
                behind,
                files,
                failed: 0,
                rest: 0,
                snapshot: base.map_or(Ok(0), |base| file_length(&snapshot_path(directory, base)))?,
                dirty: false,
                buffer: Vec::new(),
            }),
            torn: Mutex::new(torn),
            directory: directory.to_owned(),
            _lock: lock,
        };
        sync_directory(directory)?;
        Ok(journal)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn torn(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.torn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands what was written to the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let file = {
            let mut log = self.log();
            if !std::mem::take(&mut log.dirty) {
                return Ok(());
            }
            log.file.try_clone()?
        };
        // without the lock: appending goes on meanwhile
        file.sync_data().inspect_err(|_| self.log().dirty = true)
    }

    /// The bytes on disk that are needed.
    pub(crate) fn bytes(&self) -> u64 {
        let log = self.log();
        log.behind + log.length
    }

    /// Whether it is time for a snapshot. Asked once a second; after one that failed, it says so less and less often.
    pub(crate) fn wants_snapshot(&self) -> bool {
        if !self.has_outgrown() {
            return false;
        }
        let mut log = self.log();
        let is_time = log.rest == 0;
        log.rest = log.rest.saturating_sub(1);
        is_time
    }

    /// Whether the logs are much longer than what they tell, too many, or torn.
    fn has_outgrown(&self) -> bool {
        if !self.torn().is_empty() {
            return true;
        }
        let log = self.log();
        let logs = log.behind.saturating_sub(log.snapshot) + log.length;
        log.files > MAX_FILES || logs > MIN_LOG.max(OUTGROWN * log.snapshot)
    }

    /// Writes down everything that there is, by `write`, so that older logs are no longer needed.
    pub(crate) fn snapshot(&self, write: impl FnOnce(&mut Frames) -> io::Result<()>) -> io::Result<()> {
        let done = self.try_snapshot(write);
        let mut log = self.log();
        if done.is_ok() {
            log.failed = 0;
        } else {
            log.rest = 1 << log.failed.min(MAX_REST);
            log.failed = log.failed.saturating_add(1);
            drop(log);
            // the log needs the room that it takes
            let _ = fs::remove_file(self.unfinished());
        }
        done
    }

    /// A snapshot that is being written.
    fn unfinished(&self) -> PathBuf {
        self.directory.join("snapshot.unfinished")
    }

    fn try_snapshot(&self, write: impl FnOnce(&mut Frames) -> io::Result<()>) -> io::Result<()> {
        // what is written from here on stands in the next log, whether or not the snapshot has it
        let generation = {
            let mut log = self.log();
            self.begin_log(&mut log)?;
            log.generation
        };
        sync_directory(&self.directory)?;
        let unfinished = self.unfinished();
        let mut frames = Frames {
            file: create(&unfinished)?,
            buffer: HEADER.to_vec(),
            frame: Vec::new(),
            length: 0,
        };
        write(&mut frames)?;
        let length = frames.finish()?;
        fs::rename(&unfinished, snapshot_path(&self.directory, generation))?;
        sync_directory(&self.directory)?;
        self.remove_before(generation)?;
        let mut log = self.log();
        log.behind = length;
        log.files = 1;
        log.snapshot = length;
        Ok(())
    }

    /// Begins the next log, unless this one is still empty.
    fn begin_log(&self, log: &mut Log) -> io::Result<()> {
        if log.length == 0 {
            return Ok(());
        }
        let next = log.generation + 1;
        let file = create(&log_path(&self.directory, next))?;
        log.file.sync_data()?;
        log.behind += log.length;
        log.files += 1;
        log.generation = next;
        log.file = file;
        log.length = 0;
        Ok(())
    }

    /// Removes the files of earlier generations, and sets those aside that were torn.
    fn remove_before(&self, generation: u64) -> io::Result<()> {
        let Files { logs, snapshots } = Files::list(&self.directory)?;
        let before = |old: &u64| *old < generation;
        let logs = logs
            .into_iter()
            .filter(before)
            .map(|old| log_path(&self.directory, old));
        let snapshots = snapshots
            .into_iter()
            .filter(before)
            .map(|old| snapshot_path(&self.directory, old));
        let mut torn = self.torn();
        for path in logs.chain(snapshots) {
            if torn.contains(&path) {
                make_room_for_torn(&self.directory)?;
                fs::rename(&path, path.with_extension("torn"))?;
            } else {
                fs::remove_file(&path)?;
            }
        }
        torn.clear();
        Ok(())
    }
}

impl Journal for StateJournal {
    fn append(&self, frame: &[u8]) -> io::Result<()> {
        if frame.len() > MAX_FRAME {
            // it would be taken for a tear when it is read
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut log = self.log();
        let Log {
            file,
            length,
            dirty,
            buffer,
            ..
        } = &mut *log;
        buffer.clear();
        if *length == 0 {
            buffer.extend_from_slice(&HEADER);
        }
        write_frame(buffer, frame);
        // at a place of its own: what a failed write left is overwritten by the next one
        file.write_all_at(buffer, *length).inspect_err(|error| {
            let _ = file.set_len(*length);
            self_metrics::state_failed("append");
            tracing::debug!(error = %error, "state could not be written");
        })?;
        *length += buffer.len() as u64;
        *dirty = true;
        if buffer.capacity() > MAX_BUFFER {
            *buffer = Vec::new();
        }
        Ok(())
    }
}

/// A larger buffer is not kept for the next frame.
const MAX_BUFFER: usize = 1 << 20;

impl Frames {
    /// Writes what `frame` appends; nothing if it appends nothing.
    pub(crate) fn write(&mut self, frame: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.frame.clear();
        frame(&mut self.frame);
        if !self.frame.is_empty() {
            write_frame(&mut self.buffer, &self.frame);
        }
        if self.buffer.len() >= MAX_BUFFER {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.length += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        self.file.sync_all()?;
        Ok(self.length)
    }
}

/// Digits of a generation in a file's name.
const DIGITS: usize = 12;

/// The generations of the files in a directory, in order.
struct Files {
    logs: Vec<u64>,
    snapshots: Vec<u64>,
}

impl Files {
    fn list(directory: &Path) -> io::Result<Self> {
        let (mut logs, mut snapshots) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(directory)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            let of = |kind: &str| {
                let generation = name.strip_prefix(kind)?;
                // only as this program writes it, so that a path made of it leads to the same file
                (generation.len() == DIGITS)
                    .then(|| generation.parse::<u64>().ok())
                    .flatten()
            };
            logs.extend(of("log-"));
            snapshots.extend(of("snapshot-"));
        }
        logs.sort_unstable();
        snapshots.sort_unstable();
        Ok(Self { logs, snapshots })
    }
}

/// The newest snapshot that is whole.
fn newest_whole(directory: &Path, snapshots: &[u64]) -> io::Result<Option<u64>> {
    for generation in snapshots.iter().rev() {
        if read_frames(File::open(snapshot_path(directory, *generation))?, |_| {})? == End::Whole {
            return Ok(Some(*generation));
        }
    }
    Ok(None)
}

fn report_torn(path: &Path, at: u64, length: u64) {
    self_metrics::state_failed("torn");
    tracing::warn!(
        file = %path.display(),
        bytes.read = at,
        bytes.lost = length - at,
        "a state file is torn: what stands before the tear is used, the file is set aside"
    );
}

/// Removes the oldest torn files, so that there are never more than [`MAX_TORN`].
fn make_room_for_torn(directory: &Path) -> io::Result<()> {
    let mut torn = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "torn") {
            torn.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    torn.sort();
    for (_, oldest) in torn.iter().take((torn.len() + 1).saturating_sub(MAX_TORN)) {
        fs::remove_file(oldest)?;
    }
    Ok(())
}

fn file_length(path: &Path) -> io::Result<u64> {
    Ok(fs::metadata(path)?.len())
}

fn log_path(directory: &Path, generation: u64) -> PathBuf {
    directory.join(format!("log-{generation:0DIGITS$}"))
}

fn snapshot_path(directory: &Path, generation: u64) -> PathBuf {
    directory.join(format!("snapshot-{generation:0DIGITS$}"))
}

/// Creates a file with nothing in it, not even a header: for that there is room on a full disk too.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Makes the names of files in a directory outlive a power cut.
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
