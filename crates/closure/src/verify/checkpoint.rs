//! How far a round has come, in a file.
//!
//! ```text
//! signalbox-verify 1
//! manifest sha256:1xmr8jicvzszfzpz46g37mlpvbzjl2wpwvl2b05psipssyp1sm8h
//! 1795710908 0q43idch209zsdngl8yl79x0y79aajib-glibc
//! …
//! ```
//!
//! When a path was found to be right, in seconds of Unix time. What was found to be wrong is not written down: the next run
//! looks again, and so each report names all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Sha256, StorePath};

const HEAD: &str = "signalbox-verify 1";

/// The paths that were right.
#[derive(Debug)]
pub(super) struct Checkpoint {
    manifest: Sha256,
    /// When each was looked at, in seconds of Unix time.
    right: BTreeMap<StorePath, u64>,
}

impl Checkpoint {
    /// A new round.
    pub(super) fn new(manifest: Sha256) -> Self {
        Self {
            manifest,
            right: BTreeMap::new(),
        }
    }

    /// The round that the file tells of, or a new one: if there is no file, if it is of another manifest, or makes no sense.
    /// What was looked at longer ago than `rely`, or by the clock not yet, is looked at again.
    pub(super) fn resume(file: &Path, manifest: Sha256, now: SystemTime, rely: Duration) -> Self {
        let mut checkpoint = fs::read_to_string(file)
            .ok()
            .and_then(|text| Self::parse(&text))
            .filter(|checkpoint| checkpoint.manifest == manifest)
            .unwrap_or_else(|| Self::new(manifest));
        let now = seconds(now);
        let oldest = now.saturating_sub(rely.as_secs());
        checkpoint.right.retain(|_, at| (oldest..=now).contains(at));
        checkpoint
    }

    pub(super) fn has(&self, path: &StorePath) -> bool {
        self.right.contains_key(path)
    }

    pub(super) fn len(&self) -> usize {
        self.right.len()
    }

    pub(super) fn add(&mut self, path: &StorePath, now: SystemTime) {
        self.right.insert(path.clone(), seconds(now));
    }

    /// Writes it down, all or nothing. What went wrong, if something did.
    pub(super) fn save(&self, file: Option<&Path>) -> Option<String> {
        let file = file?;
        replace(file, &self.text())
            .err()
            .map(|error| format!("failed to write {}: {error}", file.display()))
    }

    fn text(&self) -> String {
        let mut text = format!("{HEAD}\nmanifest {}\n", self.manifest);
        for (path, at) in &self.right {
            writeln!(text, "{at} {path}").expect("a string takes everything");
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != HEAD {
            return None;
        }
        let manifest = lines.next()?.strip_prefix("manifest ")?.parse().ok()?;
        let right = lines
            .map(|line| {
                let (at, path) = line.split_once(' ')?;
                Some((path.parse().ok()?, at.parse().ok()?))
            })
            .collect::<Option<_>>()?;
        Some(Self { manifest, right })
    }
}

/// Ends the round. What went wrong, if something did.
pub(super) fn remove(file: Option<&Path>) -> Option<String> {
    let file = file?;
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Some(format!("failed to remove {}: {error}", file.display()))
        }
        _ => None,
    }
}

fn replace(file: &Path, text: &str) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = file.with_file_name(name);
    let mut writing = File::create(&new)?;
    writing.write_all(text.as_bytes())?;
    writing.sync_all()?;
    fs::rename(&new, file)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
