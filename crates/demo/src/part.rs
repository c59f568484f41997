//! One part of the box, as data: what to run, what it needs, and how to tell that it works.

use std::fs;
use std::io;
use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::time::Duration;

use crate::programs::Program;

#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Unique in the box, and the name of its log: `collector-prod`.
    pub(crate) name: String,
    /// The environment that it belongs to, or the box: `prod`, `a`.
    pub(crate) place: String,
    pub(crate) program: Program,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    /// Its working directory.
    pub(crate) folder: PathBuf,
    /// What must lie on the disk before it starts.
    pub(crate) files: Vec<File>,
    /// Every port that it will take; the first is the one to show.
    pub(crate) ports: Vec<Port>,
    pub(crate) probe: Probe,
    /// The parts that must be ready before this one starts.
    pub(crate) needs: Vec<String>,
    pub(crate) stage: Stage,
    /// How long it may take to end after SIGTERM.
    pub(crate) grace: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Folder,
    Text(String),
    /// A symbolic link, so that an edit of the original counts at the next reload.
    LinkTo(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Port {
    /// What is spoken there: `OTLP/HTTP`.
    pub(crate) what: &'static str,
    pub(crate) address: SocketAddrV4,
}

/// How a part shows that it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Probe {
    /// The URL answers with a 2xx status.
    Http(String),
    /// It has no port: it is ready as soon as it runs.
    Running,
}

/// The order of stopping: sources before what takes their data, so that nothing reports a peer that went first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Load,
    Service,
    Collector,
    Store,
    Alerting,
}

impl Stage {
    pub(crate) const ALL: [Self; 5] = [
        Self::Load,
        Self::Service,
        Self::Collector,
        Self::Store,
        Self::Alerting,
    ];
}

impl File {
    /// Puts it on the disk, with the folders above it.
    pub(crate) fn write(&self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        match &self.content {
            Content::Folder => fs::create_dir_all(&self.path),
            Content::Text(text) => fs::write(&self.path, text),
            Content::LinkTo(original) => std::os::unix::fs::symlink(original, &self.path),
        }
    }
}

impl Part {
    /// Where to reach it, for people: a URL if it speaks HTTP there.
    pub(crate) fn address(&self) -> String {
        match (&self.probe, self.ports.first()) {
            (_, None) => "–".to_owned(),
            (Probe::Http(_), Some(port)) => format!("http://{}", port.address),
            (Probe::Running, Some(port)) => port.address.to_string(),
        }
    }
}
