//! Judges whether the box is healthy, and says so.
//!
//! ```text
//! config ─► probe/* (asks, with time-outs) ─► Facts ─► check::all (pure) ─► Reading ─► hysteresis (pure) ─► board
//!                                                          │                                                  │
//!                                                          └► doctor, gate (one round, or until green)        └► /status, /, /metrics, journal
//! ```
//!
//! There is one list of checks: the doctor prints it, the gate waits for it, the page shows it, Prometheus scrapes it.
//! A check is a pure function of facts, so each can be made to fail in a test.

mod about;
mod config;
mod advice;
pub mod verdict;
pub mod facts;
mod probe;
pub mod check;
mod hysteresis;
mod board;
mod canary;
mod reaper;
mod serve;
pub mod doctor;
pub mod gate;
pub mod verify;
pub mod manifest;

pub use about::{ABOUT, Command};
pub use config::{Config, Flags, RawConfig};
pub use serve::Agent;
