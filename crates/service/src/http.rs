//! An HTTP server that stops when it is told to, and cannot be held up by slow or idle clients.

mod server;
mod connections;
mod conversation;
mod complaints;
mod health;

pub use self::health::health_routes;
pub use self::server::{Server, serve};
