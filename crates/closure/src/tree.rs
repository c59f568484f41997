//! Reads a tree as a NAR has it: names sorted by their bytes, symlinks not followed, and of each file whether its owner may run it.
//!
//! Each node is opened by its name in the folder that was opened before it, so that nothing that is swapped in meanwhile is
//! followed out of the tree. What cannot be read, or has no place in a NAR, ends the walk and is named.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{Advice, AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::FileName;

/// Read at once. Between two reads a walk can be cancelled.
const CHUNK: usize = 128 << 10;

/// Whether the owner may run a file, which is all that a NAR keeps of its mode.
const OWNER_EXECUTES: u32 = 0o100;

/// Why a tree has no NAR, and which file is in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {kind}")]
pub struct Trouble {
    /// The file, within its store path.
    pub file: FileName,
    /// What is the matter with it.
    pub kind: TroubleKind,
}

/// What keeps a file from being part of a NAR.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TroubleKind {
    /// It cannot be opened or read.
    #[error("{0}")]
    Unreadable(String),
    /// It is a fifo, a socket or a device.
    #[error("is a {0}, which no store path may hold")]
    Special(&'static str),
    /// It changed while it was read.
    #[error("changed while it was read")]
    Unstable,
    /// It is within more folders than Nix takes.
    #[error("is nested too deeply for Nix")]
    TooDeep,
}

/// Why a walk ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The one who asked for it does not want it any more.
    Cancelled,
    /// There is nothing where the tree should be.
    Absent,
    /// A file is in the way.
    Trouble(Trouble),
    /// What the tree is written to does not take it.
    Writer(io::Error),
}

/// What is told of each node, in the order of a NAR.
pub(crate) trait Visitor {
    /// A folder; what is in it follows, and then [`leave`](Self::leave).
    fn directory(&mut self, place: &Place) -> Result<(), Stop>;

    /// The end of the innermost folder.
    fn leave(&mut self) -> Result<(), Stop>;

    /// A symlink.
    fn symlink(&mut self, place: &Place, target: &[u8]) -> Result<(), Stop>;

    /// A file, whose contents have to be read.
    fn file(&mut self, place: &Place, executable: bool, contents: Contents<'_, '_>) -> Result<(), Stop>;
}

/// Where in the tree a node is.
pub(crate) struct Place {
    /// Names joined by `/`; empty for the root.
    path: Vec<u8>,
}

impl Place {
    /// The node's own name; the root has none.
    pub(crate) fn name(&self) -> Option<&[u8]> {
        self.path
            .rsplit(|&byte| byte == b'/')
            .next()
            .filter(|name| !name.is_empty())
    }

    /// The path from the root.
    pub(crate) fn file_name(&self) -> FileName {
        if self.path.is_empty() {
            FileName::root()
        } else {
            FileName::new(&self.path)
        }
    }

    pub(crate) fn trouble(&self, kind: TroubleKind) -> Stop {
        Stop::Trouble(Trouble {
            file: self.file_name(),
            kind,
        })
    }

    fn unreadable(&self, error: Errno) -> Stop {
        self.trouble(TroubleKind::Unreadable(io::Error::from(error).to_string()))
    }

    /// Goes into a folder; the length to come back to.
    fn push(&mut self, name: &[u8]) -> usize {
        let length = self.path.len();
        if length > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(name);
        length
    }
}

/// What a thread reads files with.
pub(crate) struct Reader<'a> {
    buffer: Box<[u8]>,
    cancelled: &'a AtomicBool,
    /// Bytes of files that were read.
    read: &'a AtomicU64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(cancelled: &'a AtomicBool, read: &'a AtomicU64) -> Self {
        Self {
            buffer: vec![0; CHUNK].into(),
            cancelled,
            read,
        }
    }
}

/// The contents of an open file.
pub(crate) struct Contents<'c, 'a> {
    file: OwnedFd,
    size: u64,
    place: &'c Place,
    reader: &'c mut Reader<'a>,
}

impl Contents<'_, '_> {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Hands on exactly as many bytes as [`size`](Self::size) says.
    pub(crate) fn read(self, mut each: impl FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        if self.size > CHUNK as u64 {
            // hints: what is read once, from the front, need not displace what others read often
            let _ = rustix::fs::fadvise(&self.file, 0, None, Advice::Sequential);
            let _ = rustix::fs::fadvise(&self.file, 0, None, Advice::NoReuse);
        }
        let mut file = File::from(self.file);
        let mut left = self.size;
        while left > 0 {
            if self.reader.cancelled.load(Ordering::Relaxed) {
                return Err(Stop::Cancelled);
            }
            let length = match file.read(&mut self.reader.buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.place.trouble(TroubleKind::Unreadable(error.to_string()))),
            };
            // shorter or longer than a moment ago
            if length == 0 || length as u64 > left {
                return Err(self.place.trouble(TroubleKind::Unstable));
            }
            self.reader.read.fetch_add(length as u64, Ordering::Relaxed);
            each(&self.reader.buffer[..length])?;
            left -= length as u64;
        }
        Ok(())
    }
}

/// Tells the visitor of every node below `root`, and of `root` itself.
pub(crate) fn walk(root: &Path, reader: &mut Reader<'_>, visitor: &mut impl Visitor) -> Result<(), Stop> {
    let mut walk = Walk {
        place: Place { path: Vec::new() },
        reader,
        visitor,
    };
    let name = CString::new(root.as_os_str().as_bytes()).map_err(|_| Stop::Absent)?;
    match kind(CWD, &name) {
        Ok(kind) => walk.node(CWD, &name, kind),
        Err(Errno::NOENT) => Err(Stop::Absent),
        Err(error) => Err(walk.place.unreadable(error)),
    }
}

struct Walk<'w, 'a, V> {
    place: Place,
    reader: &'w mut Reader<'a>,
    visitor: &'w mut V,
}

impl<V: Visitor> Walk<'_, '_, V> {
    fn node(&mut self, parent: BorrowedFd<'_>, name: &CString, kind: FileType) -> Result<(), Stop> {
        if self.reader.cancelled.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        match kind {
            FileType::Directory => self.directory(parent, name),
            FileType::RegularFile => self.file(parent, name),
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(parent, name, Vec::new())
                    .map_err(|error| self.place.unreadable(error))?;
                self.visitor.symlink(&self.place, target.as_bytes())
            }
            special => Err(self.place.trouble(TroubleKind::Special(called(special)))),
        }
    }

    fn directory(&mut self, parent: BorrowedFd<'_>, name: &CString) -> Result<(), Stop> {
        let folder = self.open(parent, name, OFlags::DIRECTORY)?;
        self.visitor.directory(&self.place)?;
        let children = children(folder.as_fd()).map_err(|error| self.place.unreadable(error))?;
        for (child, kind) in &children {
            let length = self.place.push(child.as_bytes());
            self.node(folder.as_fd(), child, *kind)?;
            self.place.path.truncate(length);
        }
        self.visitor.leave()
    }

    fn file(&mut self, parent: BorrowedFd<'_>, name: &CString) -> Result<(), Stop> {
        let file = self.open(parent, name, OFlags::empty())?;
        let stat = rustix::fs::fstat(&file).map_err(|error| self.place.unreadable(error))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(self.place.trouble(TroubleKind::Unstable));
        }
        let contents = Contents {
            file,
            size: stat.st_size as u64,
            place: &self.place,
            reader: self.reader,
        };
        self.visitor
            .file(&self.place, stat.st_mode & OWNER_EXECUTES != 0, contents)
    }

    fn open(&self, parent: BorrowedFd<'_>, name: &CString, flags: OFlags) -> Result<OwnedFd, Stop> {
        // without NONBLOCK, a fifo that has taken the place of a file would make this wait for ever
        let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        rustix::fs::openat(parent, name, flags, Mode::empty()).map_err(|error| self.place.unreadable(error))
    }
}

/// What is in a folder, in the order of a NAR.
fn children(folder: BorrowedFd<'_>) -> Result<Vec<(CString, FileType)>, Errno> {
    let mut children = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        // some file systems do not say
        let kind = match entry.file_type() {
            FileType::Unknown => kind(folder, name)?,
            known => known,
        };
        children.push((name.to_owned(), kind));
    }
    children.sort_unstable_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
    Ok(children)
}

fn kind(parent: BorrowedFd<'_>, name: &CStr) -> Result<FileType, Errno> {
    rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
        .map(|stat| FileType::from_raw_mode(stat.st_mode))
}

fn called(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "fifo",
        FileType::Socket => "socket",
        FileType::CharacterDevice => "character device",
        FileType::BlockDevice => "block device",
        _ => "file of no known kind",
    }
}
