//! The NAR of a tree: Nix's archive, whose hash Nix knows a store path by.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};

use nix_archive::nar::{Encoder, Error};

use crate::sha256::{Hasher, Sha256};
use crate::tree::{self, Contents, Place, Reader, Stop, Trouble, TroubleKind, Visitor};

/// SHA-256 and size of a NAR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NarHash {
    /// Of the whole NAR.
    pub sha256: Sha256,
    /// In bytes.
    pub size: u64,
}

impl fmt::Display for NarHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.sha256, self.size)
    }
}

/// Why a NAR could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The tree has none.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// It cannot be written.
    #[error("the archive cannot be written")]
    Writer(#[source] io::Error),
}

/// The hash of the NAR of what is at `path`, as `nix-hash --type sha256 --base32` gives it.
pub fn hash(path: &Path) -> Result<NarHash, Trouble> {
    let (never, nobody) = (AtomicBool::new(false), AtomicU64::new(0));
    measure(path, &mut Reader::new(&never, &nobody)).map_err(|stop| trouble(path, stop))
}

/// Writes the NAR of what is at `path`, as `nix-store --dump` does.
pub fn dump(path: &Path, writer: impl Write) -> Result<(), DumpError> {
    let (never, nobody) = (AtomicBool::new(false), AtomicU64::new(0));
    match encode(path, &mut Reader::new(&never, &nobody), writer) {
        Ok(_) => Ok(()),
        Err(Stop::Writer(error)) => Err(DumpError::Writer(error)),
        Err(stop) => Err(trouble(path, stop).into()),
    }
}

/// [`hash`], with the means of one who calls it often.
pub(crate) fn measure(path: &Path, reader: &mut Reader<'_>) -> Result<NarHash, Stop> {
    let hasher = encode(path, reader, Hasher::new())?;
    Ok(NarHash {
        size: hasher.bytes(),
        sha256: hasher.finish(),
    })
}

/// What stopped a walk that nobody can cancel, to memory.
pub(crate) fn trouble(path: &Path, stop: Stop) -> Trouble {
    let text = match stop {
        Stop::Trouble(trouble) => return trouble,
        Stop::Absent => format!("{} is not there", path.display()),
        Stop::Cancelled => "cancelled".to_owned(),
        Stop::Writer(error) => error.to_string(),
    };
    Trouble {
        file: crate::FileName::root(),
        kind: TroubleKind::Unreadable(text),
    }
}

fn encode<W: Write>(path: &Path, reader: &mut Reader<'_>, writer: W) -> Result<W, Stop> {
    let encoder = Encoder::new(writer).map_err(|error| Stop::Writer(io::Error::other(error)))?;
    let mut archive = Archive { encoder };
    tree::walk(path, reader, &mut archive)?;
    archive
        .encoder
        .finish()
        .map_err(|error| Stop::Writer(io::Error::other(error)))
}

struct Archive<W> {
    encoder: Encoder<W>,
}

impl<W: Write> Visitor for Archive<W> {
    fn directory(&mut self, place: &Place) -> Result<(), Stop> {
        let done = self.encoder.start_directory(place.name());
        done.map_err(|error| refusal(place, error))
    }

    fn leave(&mut self) -> Result<(), Stop> {
        let done = self.encoder.end_directory();
        done.map_err(|error| Stop::Writer(io::Error::other(error)))
    }

    fn symlink(&mut self, place: &Place, target: &[u8]) -> Result<(), Stop> {
        let done = self.encoder.symlink(place.name(), target);
        done.map_err(|error| refusal(place, error))
    }

    fn file(&mut self, place: &Place, executable: bool, contents: Contents<'_, '_>) -> Result<(), Stop> {
        let mut file = self
            .encoder
            .start_regular(place.name(), executable, contents.size())
            .map_err(|error| refusal(place, error))?;
        contents.read(|chunk| file.write_all(chunk).map_err(Stop::Writer))?;
        file.finish().map_err(|error| refusal(place, error))
    }
}

fn refusal(place: &Place, error: Error) -> Stop {
    match error {
        Error::MaxDepth(_) => place.trouble(TroubleKind::TooDeep),
        Error::Io(error) => Stop::Writer(error),
        other => Stop::Writer(io::Error::other(other)),
    }
}
