//! Disk, memory, clock, file systems: what was seen.

use std::path::PathBuf;
use std::time::Duration;

use crate::facts::Answer;

/// What was seen.
#[derive(Debug, Clone)]
pub struct Host {
    /// Where there must be room, in the order of the settings.
    pub mounts: Vec<Mount>,
    /// File systems on disks of this machine.
    pub file_systems: Answer<Vec<FileSystem>>,
    /// Memory.
    pub memory: Answer<Memory>,
    /// How long work waits. `None`: this kernel does not say.
    pub pressure: Option<Pressure>,
    /// Processes that were killed for want of memory.
    pub kills: Answer<Kills>,
    /// How busy it is.
    pub load: Answer<Load>,
    /// Whether the clock is kept by a time server. `None`: it does not have to be.
    pub clock: Option<Answer<Clock>>,
}

/// A folder and the room below it.
#[derive(Debug, Clone)]
pub struct Mount {
    /// As in the settings.
    pub path: PathBuf,
    /// Where the file system is mounted that it is on.
    pub on: Option<PathBuf>,
    /// Whether it is on an image, which is full from the beginning and never written.
    pub image: bool,
    /// How much there is.
    pub room: Answer<Room>,
    /// Bytes that will be free in four hours if it goes on as in the last six. `None`: not known, or not yet.
    pub forecast: Option<f64>,
}

/// Room on a file system, for those who are not root.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes that can be written.
    pub free: u64,
    /// Bytes that are used.
    pub used: u64,
    /// Files that can be made. `None`: as many as there is room for.
    pub inodes_free: Option<u64>,
    /// Files that there can be.
    pub inodes: u64,
}

/// A file system on a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSystem {
    /// Where it is mounted first.
    pub path: PathBuf,
    /// `/dev/vda1`.
    pub device: String,
    /// `ext4`.
    pub kind: String,
    /// Whether nothing can be written, by nobody: not only where this process looks from.
    pub read_only: bool,
    /// Whether one of [`Host::mounts`] is on it.
    pub needed: bool,
    /// Errors that were found in it since it was made or repaired. `None`: it does not count them.
    pub errors: Option<u64>,
}

/// Bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// What there is.
    pub total: u64,
    /// What can be had without swapping.
    pub available: u64,
    /// Swap space.
    pub swap_total: u64,
    /// Swap space that is not used.
    pub swap_free: u64,
}

/// Per cent of the last five minutes in which work that could go on did not.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pressure {
    /// Some of it waited for a processor.
    pub cpu: Option<f64>,
    /// All of it waited for memory.
    pub memory: Option<f64>,
    /// All of it waited for disks.
    pub io: Option<f64>,
}

/// Processes that the kernel killed for want of memory.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Kills {
    /// Since the boot.
    pub since_boot: u64,
    /// In the last hour. `None`: there is nobody who remembers.
    pub last_hour: Option<f64>,
    /// How long ago the boot was.
    pub uptime: Duration,
}

/// How busy the machine is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    /// Tasks that ran or wanted to, on the average of a quarter of an hour.
    pub tasks: f64,
    /// Processors.
    pub processors: usize,
}

/// What is known of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Whether it is kept.
    pub synchronized: bool,
}
