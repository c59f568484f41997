//! Uses the crate on trees of real files, and beside Nix itself.

mod trees;
mod archives;
mod stores;
mod changes;
mod rounds;
mod nix;
