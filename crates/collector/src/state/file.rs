//! Files of frames: a header, then for each frame its length, its checksum and its bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};

/// The first bytes of a file: what it is, and which version of it.
pub(crate) const HEADER: [u8; 8] = *b"sbstate\x01";

/// Before each frame: its length and the CRC-32 of its bytes, little end first.
const PREFIX: usize = 8;

/// Longer frames are none: a request is never that long.
pub(super) const MAX_FRAME: usize = 1 << 30;

/// Appends a frame.
pub(crate) fn write_frame(out: &mut Vec<u8>, frame: &[u8]) {
    out.extend_from_slice(&(frame.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(frame).to_le_bytes());
    out.extend_from_slice(frame);
}

/// How the reading of a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All of it is whole.
    Whole,
    /// From this byte on it is torn or was changed.
    Torn { at: u64 },
}

/// Reads the frames of a file, up to the first that is not whole.
pub(crate) fn read_frames(file: File, each: impl FnMut(&[u8])) -> io::Result<End> {
    let length = file.metadata()?.len();
    read_frames_of(BufReader::with_capacity(1 << 18, file), length, each)
}

/// Reads the frames of the `length` bytes that `reader` has.
pub(crate) fn read_frames_of(
    mut reader: impl Read,
    length: u64,
    mut each: impl FnMut(&[u8]),
) -> io::Result<End> {
    let mut header = [0; HEADER.len()];
    if length < HEADER.len() as u64 {
        return Ok(if length == 0 {
            End::Whole
        } else {
            End::Torn { at: 0 }
        });
    }
    reader.read_exact(&mut header)?;
    if header != HEADER {
        return Ok(End::Torn { at: 0 });
    }
    let mut at = HEADER.len() as u64;
    let mut frame = Vec::new();
    while at < length {
        let left = length - at;
        if left < PREFIX as u64 {
            return Ok(End::Torn { at });
        }
        let (mut size, mut sum) = ([0; 4], [0; 4]);
        reader.read_exact(&mut size)?;
        reader.read_exact(&mut sum)?;
        let size = u32::from_le_bytes(size) as usize;
        if size > MAX_FRAME || size as u64 > left - PREFIX as u64 {
            return Ok(End::Torn { at });
        }
        frame.resize(size, 0);
        reader.read_exact(&mut frame)?;
        if crc32fast::hash(&frame) != u32::from_le_bytes(sum) {
            return Ok(End::Torn { at });
        }
        each(&frame);
        at += (PREFIX + size) as u64;
    }
    Ok(End::Whole)
}
