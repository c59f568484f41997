//! The service as its clients and its collector see it.

mod binary;
mod collector;
mod demo;
mod exported;
mod requests;
