//! What the benchmarks' programs share.
//!
//! ```text
//!  message ─► send ══► collector        fields reads protobuf, response reads HTTP
//!  usage: what a process uses           table, figures: how it is told
//! ```

pub mod message;
pub mod fields;
pub mod send;
pub mod response;
pub mod usage;
pub mod table;
pub mod figures;
