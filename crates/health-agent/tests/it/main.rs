//! The agent from outside.

mod canaries;
mod gate;
mod machine;
mod peer;
mod programs;
mod reaper;
mod rules;
mod parts;
mod verify;
