//! Asks the Nix of this machine what a closure consists of.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::registration::{self, InvalidRegistration};
use crate::{Entry, InvalidStorePath, StorePath};

/// How many paths are named on one command line, which the kernel limits to 2 MiB or less.
const AT_ONCE: usize = 1000;

/// What is read of an answer at most. A closure of ten thousand paths has a few megabytes.
const ANSWER: u64 = 256 << 20;

/// How many symlinks are followed, as many as Linux follows.
const LINKS: usize = 40;

/// Between two looks whether a program has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How to ask Nix.
#[derive(Debug, Clone)]
pub struct Nix {
    /// `nix-store`, or a path to it.
    pub program: PathBuf,
    /// Where the store is: `/nix/store`.
    pub store: String,
    /// How long one question may take.
    pub timeout: Duration,
}

/// A closure as Nix knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// What was asked for.
    pub roots: BTreeSet<StorePath>,
    /// All that these need.
    pub entries: BTreeMap<StorePath, Entry>,
}

/// Why Nix did not answer.
#[derive(Debug, thiserror::Error)]
pub enum NixError {
    /// A root is not there, or cannot be read.
    #[error("failed to find {}", .0.display())]
    Root(PathBuf, #[source] io::Error),
    /// A root is in no store, or names none.
    #[error("{} is in no store path", .0.display())]
    NoStorePath(PathBuf, #[source] InvalidStorePath),
    /// The program cannot be run.
    #[error("failed to run {}", .0.display())]
    Run(PathBuf, #[source] io::Error),
    /// It ended with an error.
    #[error("nix-store {question} failed: {complaint}")]
    Failed {
        /// Its first argument.
        question: &'static str,
        /// What it wrote to standard error.
        complaint: String,
    },
    /// It did not end.
    #[error("nix-store {0} did not answer in time")]
    Timeout(&'static str),
    /// Its answer makes no sense.
    #[error("failed to understand the answer of nix-store")]
    Answer(#[from] InvalidRegistration),
}

impl Default for Nix {
    fn default() -> Self {
        Self {
            program: "nix-store".into(),
            store: "/nix/store".to_owned(),
            timeout: Duration::from_mins(2),
        }
    }
}

impl Nix {
    /// What `roots` need. A root may be a symlink into the store, as `/run/current-system` is.
    pub fn closure(&self, roots: &[PathBuf]) -> Result<Closure, NixError> {
        let roots: BTreeSet<StorePath> = roots
            .iter()
            .map(|root| self.root(root))
            .collect::<Result<_, _>>()?;
        let listed = self.ask("--query", &["--requisites"], roots.iter())?;
        let needed: Vec<StorePath> = listed
            .lines()
            .map(|path| StorePath::within(path, &self.store))
            .collect::<Result<_, _>>()
            .map_err(|error| NixError::NoStorePath("nix-store --query".into(), error))?;
        let mut entries = BTreeMap::new();
        for some in needed.chunks(AT_ONCE) {
            let registered = self.ask("--dump-db", &[], some.iter())?;
            entries.extend(registration::parse(&registered, &self.store)?);
        }
        Ok(Closure { roots, entries })
    }

    /// The store path that a root is or leads to. A store path that is a symlink itself is not followed.
    fn root(&self, root: &Path) -> Result<StorePath, NixError> {
        let unreadable = |error| NixError::Root(root.to_owned(), error);
        let mut path = std::path::absolute(root).map_err(unreadable)?;
        for _ in 0..LINKS {
            if let Ok(found) = StorePath::within(&path.to_string_lossy(), &self.store) {
                return Ok(found);
            }
            let Ok(target) = path.read_link() else { break };
            path = path.parent().unwrap_or(Path::new("/")).join(target);
        }
        let found = path.canonicalize().map_err(unreadable)?;
        StorePath::within(&found.to_string_lossy(), &self.store)
            .map_err(|error| NixError::NoStorePath(root.to_owned(), error))
    }

    fn ask<'a>(
        &self,
        question: &'static str,
        options: &[&str],
        paths: impl Iterator<Item = &'a StorePath>,
    ) -> Result<String, NixError> {
        let mut child = Command::new(&self.program)
            .arg(question)
            .args(options)
            .args(paths.map(|path| format!("{}/{path}", self.store)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| NixError::Run(self.program.clone(), error))?;
        // both pipes are read while it runs, or it would wait for ever when one is full
        let answer = read(child.stdout.take());
        let complaint = read(child.stderr.take());
        let deadline = Instant::now() + self.timeout;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < deadline => std::thread::sleep(LOOK),
                _ => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(NixError::Timeout(question));
                }
            }
        };
        let left = || deadline.saturating_duration_since(Instant::now()).max(LOOK);
        let answer = answer
            .recv_timeout(left())
            .map_err(|_| NixError::Timeout(question))?;
        if !status.success() {
            let complaint = complaint.recv_timeout(left()).unwrap_or_default();
            return Err(NixError::Failed {
                question,
                complaint: complaint.trim().to_owned(),
            });
        }
        Ok(answer)
    }
}

/// What comes through a pipe, once all of it has.
fn read(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (done, result) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.map(|pipe| pipe.take(ANSWER).read_to_end(&mut bytes));
        if !matches!(read, Some(Err(_))) {
            let _ = done.send(String::from_utf8_lossy(&bytes).into_owned());
        }
    });
    result
}
