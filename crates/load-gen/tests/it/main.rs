//! The load generator as its targets and its user see it.

mod binary;
mod load;
mod shop;
