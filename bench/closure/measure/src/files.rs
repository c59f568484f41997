//! A store of random files, and its manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use closure::{Entry, Manifest, StorePath, nar};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::cases::Case;

/// Store paths that the files are spread over.
const PATHS: usize = 32;

/// Files in one folder.
const FOLDER: usize = 100;

/// They are gone when this is.
#[derive(Debug)]
pub(crate) struct Files {
    /// Where the store is.
    pub(crate) store: PathBuf,
    /// What is in it.
    pub(crate) manifest: Manifest,
    /// Each file.
    pub(crate) paths: Vec<PathBuf>,
    /// Bytes in all files.
    pub(crate) bytes: u64,
}

impl Files {
    /// Makes them, the same in every run, and reads them all once.
    pub(crate) fn make(case: &Case, store: &Path) -> anyhow::Result<Self> {
        let _ = fs::remove_dir_all(store);
        let mut random = StdRng::seed_from_u64(1);
        let mut contents = vec![0; 64 << 20];
        random.fill_bytes(&mut contents);
        let mut paths = Vec::with_capacity(case.files);
        let mut bytes = 0;
        for number in 0..case.files {
            let folder = store
                .join(store_path(number % PATHS)?.as_str())
                .join(format!("{}", number / PATHS / FOLDER));
            fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
            let path = folder.join(format!("file-{number}"));
            let size = case.size.next(&mut random);
            fs::write(&path, &contents[..size])
                .with_context(|| format!("failed to write {}", path.display()))?;
            paths.push(path);
            bytes += size as u64;
        }
        let mut entries = BTreeMap::new();
        for number in 0..PATHS.min(case.files) {
            let path = store_path(number)?;
            let nar = nar::hash(&store.join(path.as_str()))?;
            entries.insert(path, Entry::new(nar, BTreeSet::new()));
        }
        Ok(Self {
            store: store.to_owned(),
            manifest: Manifest::new(case.name, "/nix/store", BTreeSet::new(), entries)?,
            paths,
            bytes,
        })
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.store);
    }
}

fn store_path(number: usize) -> anyhow::Result<StorePath> {
    Ok(format!("{number:032}-package").parse()?)
}
