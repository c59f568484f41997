//! The real box, run by the real program, and what holds for the workspace as a whole.

mod bad_input;
#[path = "../common/doctor.rs"]
mod doctor;
mod ends;
mod formats;
#[path = "../common/harness.rs"]
mod harness;
mod lifeline;
mod pair;
#[path = "../common/processes.rs"]
mod processes;
#[path = "../common/prometheus.rs"]
mod prometheus;
mod queries;
mod receiver;
mod self_check;
mod the_box;
mod workspace;
