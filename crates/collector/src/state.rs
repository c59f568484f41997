//! What survives the process: sums of deltas, which no sender repeats.
//!
//! ```text
//!  state_dir/ lock           held by the process that writes here
//!             snapshot-N     everything that was there when log N began
//!             log-N, …       what changed since, appended before it is answered or shown
//!             *.torn         files that could be read in part only, set aside
//! ```
//!
//! A file is a header and frames; a frame is a length, a checksum and an OTLP request whose points are whole values, each
//! replacing what was read of its series before. So frames can be read twice, in part, or together with a snapshot that
//! was made while they were written: the last one counts.
//!
//! A frame is handed to the kernel before its points can be seen in a scrape, which is enough for a process that is
//! killed; once a second it is handed to the disk, which is what a power cut can take back.

pub(crate) mod file;
mod journal;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;

use self::journal::Frames;
pub(crate) use self::journal::StateJournal;
use crate::ingest::restore;
use crate::self_metrics;
use crate::series::Store;

/// How often what was written is handed to the disk, and the log looked at.
pub(crate) const SYNC: Duration = Duration::from_secs(1);

/// Reads what an earlier process wrote into `store`, and writes down what changes from now on.
pub(crate) fn open(directory: &Path, store: &Store) -> anyhow::Result<Arc<StateJournal>> {
    let (mut points, mut rejected) = (0, 0);
    let (started, wall_clock) = (Instant::now(), SystemTime::now());
    let journal = StateJournal::open(directory, |frame| {
        let outcome = restore(frame, store, started, wall_clock);
        points += outcome.accepted;
        rejected += outcome.rejections.points();
    })
    .with_context(|| format!("state cannot be kept in {} (state_dir)", directory.display()))?;
    let journal = Arc::new(journal);
    store.keep(Arc::clone(&journal) as _);
    tracing::info!(
        state_dir = %directory.display(),
        series = store.counts().series,
        datapoints.read = points,
        datapoints.rejected = rejected,
        seconds = started.elapsed().as_secs_f64(),
        "sums of deltas are back"
    );
    Ok(journal)
}

/// Hands what was written to the disk, and begins a new log when the old one has outgrown what it tells. Waits for the
/// disk: not for a thread that serves anybody.
pub(crate) fn upkeep(journal: &StateJournal, store: &Store) {
    if let Err(error) = journal.sync() {
        self_metrics::state_failed("sync");
        tracing::warn!(error = %error, "state could not be handed to the disk");
    }
    if journal.wants_snapshot()
        && let Err(error) = journal.snapshot(|frames| write_down(frames, store))
    {
        self_metrics::state_failed("snapshot");
        tracing::warn!(error = %error, "state could not be written anew; the log goes on");
    }
    self_metrics::state(journal.bytes());
}

/// Writes everything down that must survive.
fn write_down(frames: &mut Frames, store: &Store) -> std::io::Result<()> {
    for family in store.families() {
        for group in family.groups() {
            let mut from = Some(0);
            while let Some(index) = from {
                frames.write(|out| from = group.record(index, out))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
