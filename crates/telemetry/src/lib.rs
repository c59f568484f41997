//! Makes a process observable: its logs reach the journal or the terminal, and its metrics of itself can be
//! scraped.
//!
//! Both are installed once, at the start of `main`. A crate that has something to say uses `tracing` and the
//! macros of `metrics`, and needs nothing from here.

pub mod logs;
mod metrics;

pub use crate::metrics::Metrics;
