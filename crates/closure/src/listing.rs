//! What is in a store path, file by file: with it, a report names the file that has changed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};

use crate::nar;
use crate::sha256::{Hasher, Sha256};
use crate::tree::{self, Contents, Place, Reader, Stop, Trouble, Visitor};
use crate::{FileName, file_name};

/// Every folder, symlink and file of a store path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing(BTreeMap<FileName, Node>);

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Directory,
    /// A symlink.
    Symlink {
        /// To where, in bytes.
        target: Vec<u8>,
    },
    /// A file.
    File {
        /// Whether its owner may run it.
        executable: bool,
        /// Bytes in it.
        size: u64,
        /// Of its contents alone, as `sha256sum` has it.
        sha256: Sha256,
    },
}

/// A file that is not as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Which.
    pub file: FileName,
    /// In what way.
    pub change: Change,
}

/// In what way a file differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not listed.
    Added,
    /// It is not there.
    Removed,
    /// It has other contents.
    Contents,
    /// It has become executable.
    Executable,
    /// It is executable no more.
    NotExecutable,
    /// It is a symlink to somewhere else.
    Target,
    /// It is of another kind: a folder, a symlink, a file.
    Kind,
}

impl fmt::Display for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.change)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Contents => "other contents",
            Self::Executable => "has become executable",
            Self::NotExecutable => "is not executable any more",
            Self::Target => "a symlink to somewhere else",
            Self::Kind => "of another kind",
        })
    }
}

impl Listing {
    /// Of what is at `path`.
    pub fn of(path: &Path) -> Result<Self, Trouble> {
        let (never, nobody) = (AtomicBool::new(false), AtomicU64::new(0));
        Self::read(path, &mut Reader::new(&never, &nobody)).map_err(|stop| nar::trouble(path, stop))
    }

    pub(crate) fn read(path: &Path, reader: &mut Reader<'_>) -> Result<Self, Stop> {
        let mut listing = Self::default();
        tree::walk(path, reader, &mut listing)?;
        Ok(listing)
    }

    /// What is listed, by name.
    pub fn nodes(&self) -> &BTreeMap<FileName, Node> {
        &self.0
    }

    /// What `found` has otherwise. Of what was added or removed with everything in it, each file is named.
    pub fn changes(&self, found: &Self) -> Vec<FileChange> {
        let gone = self.0.iter().filter_map(|(file, expected)| {
            let change = match found.0.get(file) {
                Some(found) => expected.change(found)?,
                None => Change::Removed,
            };
            Some((file, change))
        });
        let added = found
            .0
            .keys()
            .filter(|file| !self.0.contains_key(file))
            .map(|file| (file, Change::Added));
        let mut changes: Vec<_> = gone
            .chain(added)
            .map(|(file, change)| FileChange {
                file: file.clone(),
                change,
            })
            .collect();
        changes.sort_by(|a, b| a.file.cmp(&b.file));
        changes
    }

    pub(crate) fn insert(&mut self, file: FileName, node: Node) -> Option<Node> {
        self.0.insert(file, node)
    }
}

impl Node {
    fn change(&self, found: &Self) -> Option<Change> {
        if self == found {
            return None;
        }
        Some(match (self, found) {
            (Self::Symlink { .. }, Self::Symlink { .. }) => Change::Target,
            (
                Self::File {
                    size,
                    sha256,
                    executable,
                },
                Self::File {
                    size: found_size,
                    sha256: found_sha256,
                    ..
                },
            ) => match ((size, sha256) == (found_size, found_sha256), executable) {
                (false, _) => Change::Contents,
                (true, true) => Change::NotExecutable,
                (true, false) => Change::Executable,
            },
            _ => Change::Kind,
        })
    }
}

/// A line of a manifest.
pub(crate) struct Line<'a>(pub(crate) &'a FileName, pub(crate) &'a Node);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(file, node) = self;
        match node {
            Node::Directory => write!(f, "dir {file}"),
            Node::Symlink { target } => write!(f, "link {file} {}", file_name::escape(target)),
            Node::File {
                executable,
                size,
                sha256,
            } => write!(
                f,
                "{} {file} {sha256} {size}",
                if *executable { "exec" } else { "file" }
            ),
        }
    }
}

/// The node of a line: its first word, and the words after the file's name.
pub(crate) fn parse_node(word: &str, rest: &[&str]) -> Option<Node> {
    Some(match (word, rest) {
        ("dir", []) => Node::Directory,
        ("link", [target]) => Node::Symlink {
            target: file_name::unescape(target)?,
        },
        ("file" | "exec", [sha256, size]) => Node::File {
            executable: word == "exec",
            size: size.parse().ok()?,
            sha256: sha256.parse().ok()?,
        },
        _ => return None,
    })
}

impl Visitor for Listing {
    fn directory(&mut self, place: &Place) -> Result<(), Stop> {
        self.insert(place.file_name(), Node::Directory);
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Stop> {
        Ok(())
    }

    fn symlink(&mut self, place: &Place, target: &[u8]) -> Result<(), Stop> {
        let target = target.to_owned();
        self.insert(place.file_name(), Node::Symlink { target });
        Ok(())
    }

    fn file(&mut self, place: &Place, executable: bool, contents: Contents<'_, '_>) -> Result<(), Stop> {
        let size = contents.size();
        let mut hasher = Hasher::new();
        contents.read(|chunk| {
            hasher.update(chunk);
            Ok(())
        })?;
        let node = Node::File {
            executable,
            size,
            sha256: hasher.finish(),
        };
        self.insert(place.file_name(), node);
        Ok(())
    }
}
