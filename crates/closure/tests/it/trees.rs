//! Random trees, their NARs by the book, and how to put them on disk.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;

/// Modes of files that their owner may run; what others may is all the same.
const EXECUTABLE: [u32; 3] = [0o555, 0o755, 0o700];

/// Modes of files that their owner may not run.
const PLAIN: [u32; 3] = [0o444, 0o644, 0o611];

/// What a NAR can hold.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    File { mode: u32, contents: Vec<u8> },
    Symlink(Vec<u8>),
    Folder(BTreeMap<Vec<u8>, Tree>),
}

impl Tree {
    /// Any tree; its names and contents may be any bytes.
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let modes = EXECUTABLE.into_iter().chain(PLAIN).collect::<Vec<_>>();
        let contents = prop_oneof![
            10 => proptest::collection::vec(any::<u8>(), 0..40),
            // around the size that is read at once
            1 => (0u8.., (128 << 10) - 9..(128 << 10) + 9usize).prop_map(|(byte, size)| vec![byte; size]),
        ];
        let leaf = prop_oneof![
            4 => (proptest::sample::select(modes), contents)
                .prop_map(|(mode, contents)| Self::File { mode, contents }),
            1 => proptest::collection::vec(1u8.., 1..30).prop_map(Self::Symlink),
        ];
        leaf.prop_recursive(5, 48, 8, |inner| {
            proptest::collection::btree_map(name(), inner, 0..8).prop_map(Self::Folder)
        })
    }

    /// Puts it there.
    pub(crate) fn write(&self, place: &Path) {
        match self {
            Self::File { mode, contents } => {
                fs::write(place, contents).expect("written");
                fs::set_permissions(place, Permissions::from_mode(*mode)).expect("a mode");
            }
            Self::Symlink(target) => symlink(OsStr::from_bytes(target), place).expect("a symlink"),
            Self::Folder(children) => {
                fs::create_dir(place).expect("a folder");
                for (name, child) in children {
                    child.write(&place.join(OsStr::from_bytes(name)));
                }
            }
        }
    }

    /// Its NAR, after figure 5.2 of "The Purely Functional Software Deployment Model".
    pub(crate) fn nar(&self) -> Vec<u8> {
        let mut nar = string(b"nix-archive-1");
        nar.extend(self.node());
        nar
    }

    fn node(&self) -> Vec<u8> {
        let inside = match self {
            Self::File { mode, contents } => {
                let executable = if EXECUTABLE.contains(mode) {
                    [string(b"executable"), string(b"")].concat()
                } else {
                    Vec::new()
                };
                [
                    string(b"type"),
                    string(b"regular"),
                    executable,
                    string(b"contents"),
                    string(contents),
                ]
                .concat()
            }
            Self::Symlink(target) => [
                string(b"type"),
                string(b"symlink"),
                string(b"target"),
                string(target),
            ]
            .concat(),
            Self::Folder(children) => {
                let mut inside = [string(b"type"), string(b"directory")].concat();
                // a map of bytes is sorted by bytes
                for (name, child) in children {
                    inside.extend(string(b"entry"));
                    inside.extend(string(b"("));
                    inside.extend([string(b"name"), string(name), string(b"node"), child.node()].concat());
                    inside.extend(string(b")"));
                }
                inside
            }
        };
        [string(b"("), inside, string(b")")].concat()
    }
}

/// A length, the bytes, and zeros up to a multiple of eight.
fn string(bytes: &[u8]) -> Vec<u8> {
    let mut string = (bytes.len() as u64).to_le_bytes().to_vec();
    string.extend(bytes);
    string.resize(string.len().next_multiple_of(8), 0);
    string
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let bytes = proptest::collection::vec(any::<u8>(), 1..12);
    prop_oneof![
        // names that differ in what sorts oddly
        "[aA0.~_-]{1,4}".prop_map(String::into_bytes),
        bytes,
    ]
    .prop_filter("no name of a file", |name| {
        !name.contains(&0) && !name.contains(&b'/') && name != b"." && name != b".."
    })
}
