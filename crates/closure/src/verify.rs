//! Reads a store again and compares it with a manifest.
//!
//! Store paths are taken one by one, the largest first, by as many threads as there are cores. A file is read in chunks, so
//! that memory does not depend on its size, and between two chunks a run can be cancelled. What was found to be right is
//! written down now and then: a later run goes on from there, until the round is complete.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::listing::Listing;
use crate::nar;
use crate::tree::{Reader, Stop};
use crate::{Entry, Manifest, NarHash, StorePath};

mod checkpoint;
mod priority;
mod report;

use checkpoint::Checkpoint;
pub use report::{Finding, Problem, Report};

/// Between two calls for progress.
const BEAT: Duration = Duration::from_secs(1);

/// Between two times that a checkpoint is written: so much is done again after a crash.
const SAVE: Duration = Duration::from_secs(10);

/// Results that may wait to be taken in, for each worker.
const WAITING: usize = 4;

/// How to verify.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that the store paths are in, if it is not where the manifest says: a store of another disk.
    pub store: Option<PathBuf>,
    /// Threads; as many as there are cores for this process, unless it is said.
    pub workers: NonZeroUsize,
    /// Whether these threads let everything else go first. It costs a system call that a filter may forbid, and none
    /// when the process has the lowest priority already. Disks are for who starts it: `IOSchedulingClass=idle`.
    pub low_priority: bool,
    /// File in which a run writes down how far it came.
    pub checkpoint: Option<PathBuf>,
    /// How long what was found to be right may be relied on within one round.
    pub rely: Duration,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Store paths that are done, those of earlier runs included.
    pub paths: usize,
    /// All store paths of the manifest.
    pub of_paths: usize,
    /// Bytes of files that this run has read.
    pub read: u64,
    /// Bytes of all NARs that this run has to look at, which is a little more than there is to read.
    pub of_bytes: u64,
}

/// Why a store could not be verified at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store cannot be read.
    #[error("failed to read the store {}", .0.display())]
    Store(PathBuf, #[source] io::Error),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            store: None,
            workers: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            low_priority: true,
            checkpoint: None,
            rely: Duration::from_hours(7 * 24),
        }
    }
}

/// Reads every path of the manifest and compares.
///
/// `progress` is called about once a second, and at the end; `cancelled` ends the run soon, with a report of what was seen so far.
pub fn verify(
    manifest: &Manifest,
    options: &Options,
    cancelled: &AtomicBool,
    mut progress: impl FnMut(Progress),
) -> Result<Report, VerifyError> {
    let store = options.store.as_deref().unwrap_or(Path::new(manifest.store()));
    let unlisted = unlisted(manifest, store).map_err(|error| VerifyError::Store(store.to_owned(), error))?;

    let now = SystemTime::now();
    let digest = manifest.digest();
    let mut checkpoint = match &options.checkpoint {
        Some(file) => Checkpoint::resume(file, digest, now, options.rely),
        None => Checkpoint::new(digest),
    };
    let mut todo: Vec<(&StorePath, &Entry)> = manifest
        .entries()
        .iter()
        .filter(|(path, _)| !checkpoint.has(path))
        .collect();
    todo.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.nar.size));

    let mut report = Report {
        manifest: digest,
        paths: checkpoint.len(),
        resumed: checkpoint.len(),
        unlisted,
        ..Report::new(manifest.entries().len())
    };
    let read = AtomicU64::new(0);
    let of_bytes = todo
        .iter()
        .fold(0u64, |sum, (_, entry)| sum.saturating_add(entry.nar.size));
    let next = AtomicUsize::new(0);
    let workers = options.workers.get().min(todo.len());
    thread::scope(|scope| {
        let (done, results) = mpsc::sync_channel(workers * WAITING);
        for _ in 0..workers {
            let (done, todo, next, read) = (done.clone(), &todo, &next, &read);
            scope.spawn(move || {
                if options.low_priority {
                    priority::lower();
                }
                let mut reader = Reader::new(cancelled, read);
                while let Some((path, entry)) = todo.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match check(&store.join(path.as_str()), entry, &mut reader) {
                        Ok(problem) => drop(done.send((*path, problem))),
                        Err(Cancelled) => return,
                    }
                }
            });
        }
        drop(done);

        let (mut told, mut saved) = (Instant::now(), Instant::now());
        loop {
            match results.recv_timeout(BEAT) {
                Ok((path, None)) => {
                    report.paths += 1;
                    checkpoint.add(path, SystemTime::now());
                }
                Ok((path, Some(problem))) => {
                    report.paths += 1;
                    report.findings.push(Finding {
                        path: path.clone(),
                        problem,
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if told.elapsed() >= BEAT {
                told = Instant::now();
                progress(report.progress(read.load(Ordering::Relaxed), of_bytes));
            }
            if saved.elapsed() >= SAVE {
                saved = Instant::now();
                report.not_saved = checkpoint.save(options.checkpoint.as_deref());
            }
        }
    });
    report.read = read.load(Ordering::Relaxed);
    report.findings.sort_by(|a, b| a.path.cmp(&b.path));
    report.not_saved = if report.complete() {
        // the next run begins a new round
        checkpoint::remove(options.checkpoint.as_deref())
    } else {
        checkpoint.save(options.checkpoint.as_deref())
    };
    progress(report.progress(report.read, of_bytes));
    Ok(report)
}

struct Cancelled;

/// What is wrong with a store path, if something is.
fn check(place: &Path, entry: &Entry, reader: &mut Reader<'_>) -> Result<Option<Problem>, Cancelled> {
    match nar::measure(place, reader) {
        Ok(found) if found == entry.nar => Ok(None),
        Ok(found) => changed(place, entry, found, reader).map(Some),
        Err(Stop::Cancelled) => Err(Cancelled),
        Err(Stop::Absent) => Ok(Some(Problem::Missing)),
        Err(stop) => Ok(Some(Problem::Trouble(nar::trouble(place, stop)))),
    }
}

fn changed(
    place: &Path,
    entry: &Entry,
    found: NarHash,
    reader: &mut Reader<'_>,
) -> Result<Problem, Cancelled> {
    let files = match &entry.listing {
        Some(listing) => match Listing::read(place, reader) {
            Ok(now) => listing.changes(&now),
            Err(Stop::Cancelled) => return Err(Cancelled),
            // it could be read a moment ago: the hash has said enough
            Err(_) => Vec::new(),
        },
        None => Vec::new(),
    };
    Ok(Problem::Changed {
        expected: entry.nar,
        found,
        files,
    })
}

/// What is in the store and not in the manifest.
fn unlisted(manifest: &Manifest, store: &Path) -> io::Result<BTreeSet<String>> {
    let mut unlisted = BTreeSet::new();
    for entry in store.read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let listed = name
            .parse()
            .is_ok_and(|path: StorePath| manifest.entries().contains_key(&path));
        // where Nix keeps one copy of files that are the same
        if !listed && name != ".links" {
            unlisted.insert(name);
        }
    }
    Ok(unlisted)
}
