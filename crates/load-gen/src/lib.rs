//! Open-loop traffic with honest latency.
//!
//! ```text
//!  pattern ─► schedule ─► plan ──────────────► drive ─► client ─► target
//!  (segments)  (instants)  (which request       │ ▲ one task for each request on its way
//!                           starts when)        ▼ │
//!                                             tally ─► status lines, report
//! ```
//!
//! When a request starts depends on the schedule alone, never on the answers to others, and its latency counts from the
//! start that was intended: a target that stalls cannot hide it by slowing the load down. Everything left of `drive` is
//! an iterator without a clock; one seed makes one plan.

mod load_gen;
mod pattern;
mod rate;
mod schedule;
mod endpoint;
mod plan;
mod drive;
mod client;
mod answer;
mod target;
mod histogram;
mod tally;
mod status;
mod report;
mod config;

pub use config::{Config, Flags, RawConfig};
pub use load_gen::run;
pub use report::{Report, Summary, TargetReport};

/// What the program says of itself.
pub const ABOUT: service::About = service::About {
    name: "signalbox-load-gen",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Sends traffic to a web service at a given rate, and measures how it answers",
    help: HELP,
    env_prefix: "SIGNALBOX_LOAD_GEN__",
};

const HELP: &str = "\
Patterns: prod is steady at 50 requests per second; dev has bursts between 5 and 20; qa is \
steady at 20 and asks for errors on 10 % of its requests; any other environment is steady at \
--rate, or at 10.

Examples:
  signalbox-load-gen --target http://127.0.0.11:8080 --environment prod --rate 50 --duration 300
  signalbox-load-gen --target prod=http://127.0.0.11:8080 --target dev=http://127.0.0.12:8080
  signalbox-load-gen --target qa=http://127.0.0.13:8080 --set patterns.qa.fault_ratio=0.5

It waits until each target answers, and ends at SIGTERM or Ctrl-C with a report on standard \
output.";
