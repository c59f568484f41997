//! The other box of a pair: what was seen.

use crate::facts::{Answer, Timestamp};

/// What was seen.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its name.
    pub box_name: String,
    /// Where its agent answers.
    pub agent_at: String,
    /// What its agent says.
    pub agent: Answer<Agent>,
    /// Whether the alert that always fires does at its Prometheus.
    pub prometheus: Answer<Watchdog>,
    /// Whether its Alertmanager has it, and when that heard of it last.
    pub alertmanager: Answer<Watchdog>,
    /// How many seconds its clock is ahead of this one's, and how far that may be off. `None`: nothing of it has told a time.
    pub clock: Option<Clock>,
    /// Whether its machine takes connections where nothing else of the box answers. `None`: something answers.
    pub machine: Option<Machine>,
    /// When the local Prometheus last saw anything of it up, where nothing answers.
    pub last_seen: Option<Timestamp>,
    /// The version of this box's agent.
    pub own_version: &'static str,
}

/// What an agent says of its box.
#[derive(Debug, Clone, PartialEq)]
pub enum Agent {
    /// It has only just started.
    Starting,
    /// Its newest round.
    Judging(Status),
}

/// One agent's `/status`.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// `ok`, `attention` or `broken`.
    pub state: String,
    /// The same in a line.
    pub summary: String,
    /// How old its newest round is by its own clock, in seconds.
    pub age: f64,
    /// Its version.
    pub version: String,
}

/// The alert that always fires, at one part.
#[derive(Debug, Clone, PartialEq)]
pub struct Watchdog {
    /// It is there.
    pub fires: bool,
    /// How many seconds ago the part last heard of it, by the part's clock. Far below zero, that clock was put back since.
    pub heard: Option<f64>,
}

/// A clock beside this one's, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// How far it is ahead.
    pub ahead: f64,
    /// How far that may be off: half of the time that the answer took.
    pub give: f64,
}

/// What a connection to its agent's port met.
#[derive(Debug, Clone, PartialEq)]
pub enum Machine {
    /// Somebody listens there.
    Listens,
    /// The machine runs, and nobody listens there.
    Refuses,
    /// Nothing came back: why.
    Silent(String),
}
