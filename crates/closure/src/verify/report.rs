use std::collections::BTreeSet;
use std::fmt;

use super::Progress;
use crate::listing::FileChange;
use crate::{NarHash, Sha256, StorePath, Trouble};

/// What a run has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Of the manifest that the store was compared with.
    pub manifest: Sha256,
    /// Store paths that were looked at, in this run or before it in the same round.
    pub paths: usize,
    /// All store paths of the manifest.
    pub of_paths: usize,
    /// Those that an earlier run had found to be right.
    pub resumed: usize,
    /// Bytes that were read.
    pub read: u64,
    /// What is not as it should be, by store path.
    pub findings: Vec<Finding>,
    /// What is in the store and not in the manifest. That is usual: older generations, paths that something was built with.
    pub unlisted: BTreeSet<String>,
    /// Why it could not be written down how far the run came, if that went wrong: a next run would begin anew.
    pub not_saved: Option<String>,
}

/// A store path that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub path: StorePath,
    /// In what way.
    pub problem: Problem,
}

/// In what way a store path is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Its contents are others.
    Changed {
        /// By the manifest.
        expected: NarHash,
        /// As it is.
        found: NarHash,
        /// Which files, if the manifest lists them.
        files: Vec<FileChange>,
    },
    /// It is not there.
    Missing,
    /// It has no hash, because of one of its files.
    Trouble(Trouble),
}

impl Report {
    pub(super) fn new(of_paths: usize) -> Self {
        Self {
            manifest: Sha256::of(b""),
            paths: 0,
            of_paths,
            resumed: 0,
            read: 0,
            findings: Vec::new(),
            unlisted: BTreeSet::new(),
            not_saved: None,
        }
    }

    /// Whether every path was looked at.
    pub fn complete(&self) -> bool {
        self.paths == self.of_paths
    }

    /// Whether every path was looked at, and is as it should be.
    pub fn sound(&self) -> bool {
        self.complete() && self.findings.is_empty()
    }

    pub(super) fn progress(&self, read: u64, of_bytes: u64) -> Progress {
        Progress {
            paths: self.paths,
            of_paths: self.of_paths,
            read,
            of_bytes,
        }
    }
}

/// A line for the store path, and one for each file that differs.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.problem {
            Problem::Missing => write!(f, "{path} is missing"),
            Problem::Trouble(trouble) => write!(f, "{path}: {trouble}"),
            Problem::Changed {
                expected,
                found,
                files,
            } => {
                write!(f, "{path} has changed: it is {found}, and was {expected}")?;
                for change in files {
                    write!(f, "\n  {change}")?;
                }
                Ok(())
            }
        }
    }
}
