//! The agent from outside.
