//! What takes minutes, each on a whole box of its own: blocks on their way into the object store and back, alerts on their
//! way to people, parts that are killed, disks that are full. `make test-full` runs it.

#![expect(dead_code, reason = "what is common serves the other tests, too")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what takes how long is told, and nothing asserted of it"
)]

mod alerts;
mod back_fill;
mod bucket;
mod client;
mod diagnoses;
mod disk_full;
#[path = "../common/doctor.rs"]
mod doctor;
mod faults;
#[path = "../common/harness.rs"]
mod harness;
mod history;
mod local_blocks;
mod lone_sample;
mod notifications;
mod old_days;
#[path = "../common/processes.rs"]
mod processes;
#[path = "../common/prometheus.rs"]
mod prometheus;
mod samples;
mod small_disk;
