//! Runs the whole box on one machine: data planes, control plane and traffic, each part the program that ships.
//!
//! ```text
//! command_line ─► run ─► programs, ports, state_dir    is everything there, is nothing in the way
//!                  │
//!                  ├───► topology (data) ─► supervision: one task a part ─► process ─► lifeline ─► the program
//!                  │                             └─► readiness: ask the part               └─► log_file
//!                  ├───► control: orders from other runs of this program (restart, kill)
//!                  ├───► overview: ask the dashboard whether metrics are there
//!                  └───► progress, report: what the user sees
//! command_line ─► status, logs, doctor, control        a look at a running demo, and orders to it
//! ```
//!
//! Nothing outlives the demo: each part is a process group that is stopped in the order of the data's flow, and the
//! kernel ends it should the demo itself be killed.

mod command_line;
mod interrupts;
mod run;

mod memory;
mod network;
mod part;
mod secrets;
mod topology;

mod ports;
mod programs;
mod stack;
mod state_dir;

mod lifeline;
mod log_file;
mod process;
mod readiness;
mod supervision;

mod control;
mod doctor;
mod logs;
mod status;
mod usage;

mod follow_up;
mod overview;
mod progress;
mod report;
mod webhook;

pub use command_line::main;
