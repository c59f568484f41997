//! The real box, run by the real program, and what holds for the workspace as a whole.

mod bad_input;
mod ends;
mod formats;
mod harness;
mod lifeline;
mod processes;
mod prometheus;
mod queries;
mod receiver;
mod the_box;
mod workspace;
