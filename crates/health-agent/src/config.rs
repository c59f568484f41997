//! What the agent is told of its box, as it is written and as it is used.

mod canary;
mod collector;
mod gate;
mod object_store;
mod parts;
mod peer;
mod read;
mod reaper;
mod system;
mod verify;

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use service::{Problems, Settings};

pub(crate) use canary::Canary;
use canary::RawCanary;
pub(crate) use collector::Collector;
use collector::RawCollector;
pub(crate) use gate::Gate;
use gate::RawGate;
use object_store::RawObjectStore;
pub(crate) use object_store::{Bucket, ObjectStore};
pub(crate) use parts::Parts;
use parts::RawParts;
pub(crate) use peer::Peer;
use peer::RawPeer;
use read::{duration, keep, keep_name};
use reaper::RawReaper;
pub(crate) use reaper::Reaper;
use system::RawSystem;
pub(crate) use system::{Certificate, Demo, System};
use verify::RawVerify;
pub(crate) use verify::Verify;

/// The other box takes a round that is three minutes old for none, and the rules one of five minutes: two may be late.
const MAX_INTERVAL: Duration = Duration::from_mins(1);

/// What the agent runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// This box's name: `a` or `b` in a pair.
    pub box_name: String,
    /// Where it serves.
    pub listen: SocketAddr,
    /// From one round of checks to the next.
    pub interval: Duration,
    /// For each request to a part.
    pub timeout: Duration,
    /// The parts of this box.
    pub parts: Parts,
    /// Collectors, which may be on other machines.
    pub collectors: Vec<Collector>,
    /// The other box of a pair.
    pub peer: Option<Peer>,
    /// How many series Prometheus may hold in memory, by the class of the box. `None`: as many as come.
    pub max_series: Option<u64>,
    /// Where Thanos keeps blocks.
    pub object_store: ObjectStore,
    /// The machine.
    pub system: System,
    /// What is sent through the pipeline.
    pub canary: Canary,
    /// Tidying up the Pushgateway.
    pub reaper: Reaper,
    /// Letting a new generation stay, or not.
    pub gate: Gate,
    /// Comparing with what was built.
    pub verify: Verify,
}

impl Config {
    /// Whether nothing but the machine itself can be judged.
    pub(crate) fn names_nothing(&self) -> bool {
        self.parts.all().next().is_none() && self.collectors.is_empty() && self.system.units.is_empty()
    }
}

/// The configuration as a person writes it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    /// This box's name. In a pair, the two differ in it.
    #[serde(rename = "box")]
    box_name: String,
    /// Where status, checks and metrics are served.
    listen: String,
    /// From one round of checks to the next.
    interval: String,
    /// For each request to a part.
    timeout: String,
    parts: RawParts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    collectors: Vec<RawCollector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<RawPeer>,
    prometheus: RawPrometheus,
    object_store: RawObjectStore,
    system: RawSystem,
    canary: RawCanary,
    reaper: RawReaper,
    gate: RawGate,
    verify: RawVerify,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawPrometheus {
    /// How many series it may hold in memory; 0 is as many as come.
    max_series: u64,
}

/// The agent's own options.
#[derive(Debug, Default, Args, Serialize)]
pub struct Flags {
    /// Where to serve status, checks and metrics [default: 127.0.0.1:8870]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            box_name: "a".to_owned(),
            listen: "127.0.0.1:8870".to_owned(),
            interval: "15s".to_owned(),
            timeout: "5s".to_owned(),
            parts: RawParts::default(),
            collectors: vec![],
            peer: None,
            prometheus: RawPrometheus::default(),
            object_store: RawObjectStore::default(),
            system: RawSystem::default(),
            canary: RawCanary::default(),
            reaper: RawReaper::default(),
            gate: RawGate::default(),
            verify: RawVerify::default(),
        }
    }
}

impl Settings for RawConfig {
    type Config = Config;
    type Flags = Flags;

    fn validate(self, problems: &mut Problems) -> Option<Config> {
        let listen = keep(problems, "listen", read::address(&self.listen));
        let interval = keep(
            problems,
            "interval",
            duration(&self.interval, Duration::from_secs(1)..=MAX_INTERVAL),
        );
        let timeout = keep(
            problems,
            "timeout",
            duration(&self.timeout, Duration::from_millis(100)..=Duration::from_mins(1)),
        );
        let box_name = keep_name(
            problems,
            "box",
            "the name of this box, such as \"a\"",
            self.box_name,
        );
        let parts = self.parts.validate(problems);
        let collectors = self
            .collectors
            .into_iter()
            .enumerate()
            .map(|(index, collector)| collector.validate(index, problems))
            .collect::<Option<Vec<_>>>();
        let peer = self.peer.map(|peer| peer.validate(box_name.as_deref(), problems));
        let object_store = self.object_store.validate(&parts, problems);
        let system = self.system.validate(problems);
        let canary = self.canary.validate(problems);
        let reaper = self.reaper.validate(problems);
        let gate = self.gate.validate(problems);
        let verify = self.verify.validate(problems);
        Some(Config {
            box_name: box_name?,
            listen: listen?,
            interval: interval?,
            timeout: timeout?,
            parts,
            collectors: collectors?,
            peer: match peer {
                Some(peer) => Some(peer?),
                None => None,
            },
            max_series: (self.prometheus.max_series > 0).then_some(self.prometheus.max_series),
            object_store: object_store?,
            system: system?,
            canary: canary?,
            reaper: reaper?,
            gate: gate?,
            verify: verify?,
        })
    }
}

#[cfg(test)]
mod tests;
