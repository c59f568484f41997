//! The dashboard as its callers see it, in front of a store that says what the test wants.

mod assets;
mod cache;
mod command_line;
mod failures;
mod golden;
mod harness;
mod runbooks;
mod store;
mod typed;
mod world;
