//! One part of the box, as data: what to run, what it needs, and how to tell that it works.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddrV4;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
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
    /// Only its owner can read it.
    Secret(String),
    /// What the program itself goes on with: written only where there is no such file yet.
    First(String),
    /// That file, with other values on the lines that begin so; each must be there once.
    Edited {
        original: PathBuf,
        changes: Vec<(String, String)>,
    },
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
    /// And Pushgateways and exporters: what Prometheus scrapes.
    Collector,
    /// What reads from Prometheus and from the object store, or brings the one's blocks to the other.
    Query,
    Store,
    /// Of two Alertmanagers that leave their mesh at once, each waits ten seconds for the other.
    AlertingPeer,
    Alerting,
    /// The object store.
    Objects,
}

impl Stage {
    pub(crate) const ALL: [Self; 8] = [
        Self::Load,
        Self::Service,
        Self::Collector,
        Self::Query,
        Self::Store,
        Self::AlertingPeer,
        Self::Alerting,
        Self::Objects,
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
            Content::Secret(text) => write_secret(&self.path, text),
            Content::First(_) if self.path.exists() => Ok(()),
            Content::Text(text) | Content::First(text) => fs::write(&self.path, text),
            Content::Edited { original, changes } => {
                fs::write(&self.path, edited(&fs::read_to_string(original)?, changes)?)
            }
            Content::LinkTo(original) => std::os::unix::fs::symlink(original, &self.path),
        }
    }
}

/// Never readable by others, not even while it is written, and whole or not there: a full disk takes no key away.
fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_added_extension("new");
    drop(fs::remove_file(&draft));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)
}

fn edited(text: &str, changes: &[(String, String)]) -> io::Result<String> {
    let mut lines: Vec<_> = text.lines().map(ToOwned::to_owned).collect();
    for (beginning, value) in changes {
        let mut those = lines.iter_mut().filter(|line| line.starts_with(beginning));
        let (Some(line), None) = (those.next(), those.next()) else {
            let trouble = format!("there is not one line that begins with {beginning:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, trouble));
        };
        *line = format!("{beginning}{value}");
    }
    Ok(lines.join("\n") + "\n")
}

impl Part {
    /// Where to reach it, for people: a URL if it speaks HTTP there.
    pub(crate) fn address(&self) -> Option<String> {
        let port = self.ports.first()?;
        Some(match &self.probe {
            Probe::Http(_) => format!("http://{}", port.address),
            Probe::Running => port.address.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_value_is_changed_where_its_line_is_there_once() {
        let text = "retention:\n  time: 15d # and so on\nother:\n  size: 1\n";
        assert_eq!(
            edited(text, &changes(&[("  time: ", "7d")])).unwrap(),
            "retention:\n  time: 7d\nother:\n  size: 1\n"
        );
        for absent_or_twice in ["  age: ", "  "] {
            let error = edited(text, &changes(&[(absent_or_twice, "7d")])).unwrap_err();
            let told = format!("there is not one line that begins with {absent_or_twice:?}");
            assert_eq!(error.to_string(), told);
        }
    }

    #[test]
    fn secrets_are_their_owners_and_first_contents_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/secret");
        let write = |content| {
            let path = path.clone();
            File { path, content }.write().unwrap();
        };
        write(Content::Text("one, and longer, for all to read".to_owned()));
        write(Content::Secret("two".to_owned()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        write(Content::First("three".to_owned()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    }
}
