//! The agent from outside.

mod gate;
