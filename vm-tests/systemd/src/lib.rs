//! Machines with a real systemd, and what is installed on them and asked of them.
//!
//! ```text
//!  run ─► image, network ─► machine: boot, run, kill, link      vm: the same with a disk of its own, and a kernel
//!                              ▲
//!     golden: what NixOS would give it      package: what Debian would      site: a box and its data planes
//!
//!  http, prometheus: what it answers        deltas: a sender that counts what was accepted     webhook: who is told of alerts
//! ```

mod deltas;
mod eventually;
mod golden;
mod http;
mod machine;
mod package;
mod prometheus;
mod setting;
mod site;
mod webhook;

pub use deltas::Deltas;
pub use eventually::eventually;
pub use golden::Golden;
pub use http::{Answer, Http};
pub use machine::{Kind, Machine, Output};
pub use package::Package;
pub use prometheus::{Prometheus, Sample, sample};
pub use site::{Control, Plane, SECRET, Site};
pub use webhook::Webhook;
