//! Is what runs what was built? Signed manifests of Nix closures, and verification of a store against one.
//!
//! ```text
//!  nix-store, closureInfo ──► registration ──► Manifest ──► sign ──► text, one path per line
//!  (paths, hashes, references)                    ▲                     │
//!  tree ──┬──► nar       the hash that Nix has ───┤                     ▼
//!         └──► listing   each file, to name it ───┘         Manifest::trusted(text, keys)
//!                                                                       │
//!  store ──► tree, on all cores, at low priority ──► verify ◄───────────┘
//!                                                      └──► Report: each changed, missing or unreadable path
//! ```
//!
//! A [`Manifest`] says of each [`StorePath`] of a closure what Nix says of it: the SHA-256 and the size of its NAR, and what
//! it refers to; closed, so that nothing that is needed is left out. It may list the files of each path too: then a
//! report names the file that has changed, otherwise the store path. [`verify::verify`] reads the store again and
//! compares.
//!
//! Each path is signed as a binary cache would sign it, so that Nix's tools agree, and the manifest is signed as a whole, so that no
//! path can be added or taken out. Keys are Nix's, in Nix's files.
//!
//! # Whose code
//!
//! This crate stands where `nix-compat` would: what is published under that name is an empty placeholder, under a licence that
//! does not go with the product. Instead:
//!
//! - `nix-archive` (Cachix, Apache-2.0) writes the NAR. It is tested against `nix-store --dump`, keeps names that are no
//!   UTF-8, and streams. Reading the tree is ours (`tree`): an error has to name the file, a run has to end between two
//!   chunks, and a background run must not push what others need out of the page cache. `nix-nar` knows UTF-8 names
//!   only, follows paths instead of descriptors, and does not say what a fifo is.
//! - `nix-base32` (Apache-2.0) is Nix's own spelling of hashes, and nothing else.
//! - `ring` (Apache-2.0 and ISC), which the product has for TLS already, hashes with the CPU's SHA instructions and signs: as
//!   fast as `sha2`, with Ed25519 beside it.
//! - The parts of harmonia (`harmonia-store-core` and its kin) would cover hashes, store paths and signatures, but not NAR
//!   files on disk; what is published of them is an alpha of 2026.
//!
//! The rest is small text formats: manifests, keys, `nix-store --load-db`.
//!
//! # What it cannot say
//!
//! A file is read through the page cache: what is verified is what a program would be given, not what the disk would give
//! after a boot. A NAR has no owners, no times, and of a mode one bit: that a file may be run by its owner. Whoever is
//! root can change the program that verifies, or its keys; a second machine that reads the same disk cannot be lied to
//! like this ([`verify::Options::store`]).

mod sha256;
mod store_path;
mod file_name;
mod key;
mod tree;
pub mod nar;
pub mod listing;
mod manifest;
pub mod registration;
pub mod nix;
pub mod verify;

pub use crate::file_name::FileName;
pub use crate::key::{InvalidKey, PublicKey, SecretKey, Signature};
pub use crate::manifest::{Entry, Incomplete, Malformed, Manifest, Untrusted};
pub use crate::nar::NarHash;
pub use crate::sha256::{InvalidHash, Sha256};
pub use crate::store_path::{InvalidStorePath, StorePath};
pub use crate::tree::{Trouble, TroubleKind};
