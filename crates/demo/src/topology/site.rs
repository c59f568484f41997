//! Where a box lies, on the network and on the disk, and what all its parts have in common.

use std::fmt;
use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::time::Duration;

use crate::part::{Part, Port, Probe, Stage};
use crate::programs::Program;
use crate::topology::Plan;
use crate::topology::data_plane::Plane;

/// How long a service of ours may take to drain: a little more than it gives itself.
const SERVICE_GRACE: Duration = Duration::from_secs(12);

/// One box of the control plane, by the external label of all that it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) name: &'static str,
    /// The last number of its address.
    host: u8,
}

/// The box that is always there, and has what there is one of.
pub(super) const A: Replica = Replica { name: "a", host: 1 };
const B: Replica = Replica { name: "b", host: 2 };

/// What is said of the whole, in external labels, by Prometheus and by Thanos' ruler.
pub(super) const CLUSTER: &str = "demo";
pub(super) const REGION: &str = "local";

pub(super) struct Site<'a> {
    pub(super) plan: &'a Plan,
}

impl Site<'_> {
    pub(super) fn replicas(&self) -> &'static [Replica] {
        const ALL: [Replica; 2] = [A, B];
        if self.plan.is_full() { &ALL } else { &ALL[..1] }
    }

    /// The others of the pair.
    pub(super) fn peers(&self, replica: Replica) -> impl Iterator<Item = Replica> {
        self.replicas().iter().copied().filter(move |one| *one != replica)
    }

    pub(super) fn on(&self, replica: Replica, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.plan.network.host(replica.host), port)
    }

    pub(super) fn plane(&self, plane: &Plane, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.plan.network.host(plane.host), port)
    }

    pub(super) fn stack(&self, path: &str) -> PathBuf {
        self.plan.folders.stack.join(path)
    }

    /// Where the configuration is that is made anew at each start.
    pub(super) fn config(&self, path: &str) -> PathBuf {
        self.plan.folders.state.join("config").join(path)
    }

    /// Where a part keeps its data: over runs, until one begins afresh.
    pub(super) fn data(&self, part: &str) -> PathBuf {
        self.plan.folders.state.join("data").join(part)
    }

    /// A part that needs nothing, has no ports and takes no arguments: to be completed.
    pub(super) fn part(&self, program: Program, stage: Stage, name: &str, place: &str) -> Part {
        Part {
            name: name.to_owned(),
            place: place.to_owned(),
            program,
            arguments: vec![],
            environment: vec![],
            folder: self.plan.folders.state.clone(),
            files: vec![],
            ports: vec![],
            probe: Probe::Running,
            needs: vec![],
            stage,
            grace: SERVICE_GRACE,
        }
    }
}

/// The name of a part that each box has one of.
pub(super) fn of(part: &str, replica: Replica) -> String {
    format!("{part}-{}", replica.name)
}

pub(super) fn http(address: SocketAddrV4, path: &str) -> Probe {
    Probe::Http(format!("http://{address}{path}"))
}

pub(super) fn port(what: &'static str, address: SocketAddrV4) -> Port {
    Port { what, address }
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
