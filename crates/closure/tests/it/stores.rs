//! A store in a folder, and a manifest of what is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use closure::verify::{Options, Report, verify};
use closure::{Entry, Manifest, StorePath, nar};
use tempfile::TempDir;

/// A store; it is gone when this is.
pub(crate) struct Store {
    folder: TempDir,
}

impl Store {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// One with `paths` store paths of `files` files each, all of them small and different.
    pub(crate) fn with(paths: usize, files: usize) -> Self {
        let store = Self::new();
        for number in 0..paths {
            let place = store.place(&path(number));
            for file in 0..files {
                let folder = place.join(format!("share/{}", file % 7));
                fs::create_dir_all(&folder).expect("a folder");
                let contents = format!("{number} {file} ").repeat(1 + (number + file) % 50);
                fs::write(folder.join(format!("file-{file}")), contents).expect("written");
            }
        }
        store
    }

    /// Where the store is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where a store path is.
    pub(crate) fn place(&self, path: &StorePath) -> PathBuf {
        self.folder.path().join(path.as_str())
    }

    /// A manifest of everything in it as it is now. Every path refers to the one after it.
    pub(crate) fn manifest(&self) -> Manifest {
        let paths: BTreeSet<StorePath> = fs::read_dir(self.folder.path())
            .expect("a store")
            .map(|entry| {
                let name = entry.expect("an entry").file_name();
                name.to_str().expect("text").parse().expect("a store path")
            })
            .collect();
        let entries: BTreeMap<StorePath, Entry> = paths
            .iter()
            .map(|path| {
                let next = paths.range(path.clone()..).nth(1).cloned();
                let nar = nar::hash(&self.place(path)).expect("a hash");
                (path.clone(), Entry::new(nar, next.into_iter().collect()))
            })
            .collect();
        Manifest::new("test", "/nix/store", BTreeSet::new(), entries).expect("a closure")
    }

    /// The same, with every file listed.
    pub(crate) fn listed(&self) -> Manifest {
        let mut manifest = self.manifest();
        manifest.list_files(Some(self.folder())).expect("listed");
        manifest
    }

    /// Verifies this store.
    pub(crate) fn verify(&self, manifest: &Manifest) -> Report {
        verify_with(manifest, &self.options())
    }

    /// How it is verified: where it is.
    pub(crate) fn options(&self) -> Options {
        Options {
            store: Some(self.folder.path().to_owned()),
            ..Options::default()
        }
    }
}

/// Verifies to the end.
pub(crate) fn verify_with(manifest: &Manifest, options: &Options) -> Report {
    verify(manifest, options, &AtomicBool::new(false), |_| ()).expect("a report")
}

/// Store paths of a row.
pub(crate) fn path(number: usize) -> StorePath {
    format!("{number:032}-package-{number}")
        .parse()
        .expect("a store path")
}

/// Sets or clears the bit that lets its owner run it.
pub(crate) fn chmod(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// What was found, as it is told.
pub(crate) fn told(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}
