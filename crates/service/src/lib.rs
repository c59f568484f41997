//! Gives a process its life under systemd.
//!
//! A daemon's `main` is one call of [`run`]: it reads the command line and the [configuration](Settings), starts
//! logging, hands the daemon its [`Life`], and turns the outcome into an [exit code](exit).
//!
//! ```text
//! command line ─► settings ─► Config ─► body(config, life) ──► life.ready() … life.shutdown() ─► drain ─► exit code
//!                 defaults < file < environment < command line       ▲ SIGHUP: life.reloads()
//! ```
//!
//! systemd is the restarter: nothing in here restarts anything. A daemon that cannot go on ends, with its error as
//! the last line of its log.

mod about;
mod command_line;
pub mod exit;
pub mod http;
mod life;
mod one_or_many;
mod open_files;
mod problems;
mod reload;
mod run;
mod settings;
mod sockets;
mod systemd;
mod tally;
pub mod tls;
mod watchdog;

pub use about::About;
pub use life::Life;
pub use one_or_many::one_or_many;
pub use open_files::open_files_limit;
pub use problems::Problems;
pub use reload::Reload;
pub use run::{run, run_with_commands};
pub use settings::{NoFlags, Settings};
pub use tally::Tally;
pub use watchdog::Heartbeat;
