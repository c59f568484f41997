//! Where a box lies, on the network and on the disk, and what all its parts have in common.

use std::fmt;
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::network::Network;
use crate::part::{Part, Probe, Stage};
use crate::programs::Program;
use crate::topology::Folders;
use crate::topology::data_plane::Plane;

/// How long a service of ours may take to drain: a little more than it gives itself.
const SERVICE_GRACE: Duration = Duration::from_secs(12);

/// The last number of the control plane's address.
const CONTROL_HOST: u8 = 1;

pub(super) struct Site<'a> {
    pub(super) network: Network,
    pub(super) folders: &'a Folders,
}

impl Site<'_> {
    pub(super) fn control(&self, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.network.host(CONTROL_HOST), port)
    }

    pub(super) fn plane(&self, plane: &Plane, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.network.host(plane.host), port)
    }

    pub(super) fn stack(&self, path: &str) -> String {
        self.folders.stack.join(path).display().to_string()
    }

    /// Where a part keeps its data: over runs, until one begins afresh.
    pub(super) fn data(&self, part: &str) -> String {
        self.folders.state.join("data").join(part).display().to_string()
    }

    /// A part that needs nothing, has no ports and takes no arguments: to be completed.
    pub(super) fn part(&self, program: Program, stage: Stage, name: &str, place: &str) -> Part {
        Part {
            name: name.to_owned(),
            place: place.to_owned(),
            program,
            arguments: vec![],
            environment: vec![],
            folder: self.folders.state.clone(),
            files: vec![],
            ports: vec![],
            probe: Probe::Running,
            needs: vec![],
            stage,
            grace: SERVICE_GRACE,
        }
    }
}

pub(super) fn http(address: SocketAddrV4, path: &str) -> Probe {
    Probe::Http(format!("http://{address}{path}"))
}

pub(super) fn variable(name: &str, value: impl fmt::Display) -> (String, String) {
    (name.to_owned(), value.to_string())
}

pub(super) fn option(name: &str, value: impl fmt::Display) -> String {
    format!("{name}={value}")
}

pub(super) fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(ToOwned::to_owned).into()
}
