//! Secrets, certificates, open ports: what was seen.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::facts::{Answer, Timestamp};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Security {
    /// Files that their owner alone may read.
    pub secrets: Vec<Secret>,
    /// Certificates.
    pub certificates: Vec<Certificate>,
    /// Everything on this machine that takes TCP connections. `None`: nobody needs to know.
    pub listeners: Option<Answer<Vec<Listener>>>,
    /// Where something may listen beyond loopback. Empty: not compared.
    pub expected: Vec<SocketAddr>,
    /// Where parts of this box listen.
    pub parts: Vec<PartAddress>,
}

/// A file with a secret.
#[derive(Debug, Clone)]
pub struct Secret {
    /// As in the settings.
    pub path: PathBuf,
    /// What was found there. `None`: this user may not look, which is as private as it gets.
    pub file: Answer<Option<SecretFile>>,
}

/// A file, without what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretFile {
    /// Permissions, such as `0o400`.
    pub mode: u32,
    /// Its owner.
    pub owner: u32,
    /// Whether that is who is looking.
    pub own: bool,
    /// Its group.
    pub group: u32,
    /// Whether there is something in it.
    pub filled: bool,
    /// Whether it, or what it links to, is in the Nix store, which everyone reads.
    pub in_store: bool,
}

/// A certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// As in the settings.
    pub path: PathBuf,
    /// What is in it. `None`: this user may not look.
    pub chain: Answer<Option<Chain>>,
}

/// A certificate and those that were sent along with it.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    /// Whom it speaks of.
    pub subject: String,
    /// From when all of the chain is valid.
    pub not_before: Timestamp,
    /// Until when all of it is.
    pub not_after: Timestamp,
    /// Whether it leads to the authorities.
    pub trusted: Fit,
    /// Whether the key is its.
    pub key: Fit,
}

/// Whether another file belongs to a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fit {
    /// None was named.
    #[default]
    None,
    /// It does.
    Fits,
    /// This user may not read it, which is as it should be for a key: root's doctor compares.
    Hidden,
    /// It does not, or is no such file at all.
    Wrong(String),
}

/// One socket that takes connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where.
    pub address: SocketAddr,
    /// Whose it is: name and number of a process, where this user may know.
    pub process: Option<Process>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The first fifteen bytes of its program's name.
    pub name: String,
    /// Its number.
    pub id: u32,
}

/// Where a part of this box listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartAddress {
    /// The key in the settings: `prometheus`.
    pub part: &'static str,
    /// Programs that it can be.
    pub programs: &'static [&'static str],
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
}
