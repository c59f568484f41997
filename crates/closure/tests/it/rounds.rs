//! A run that was cut off is gone on with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use closure::verify::{Options, Problem, Report, verify};
use closure::{Entry, Manifest, NarHash, Sha256};

use crate::stores::{Store, path, verify_with};

/// So large that reading it takes longer than any test, on disks without holes it would not fit. It takes no space.
const ENDLESS: u64 = 1 << 42;

/// A store with small paths and one that never ends, and a manifest in which that one has another hash.
fn endless(paths: usize) -> (Store, Manifest) {
    let store = Store::with(paths, 3);
    let mut entries: BTreeMap<_, Entry> = store.manifest().entries().clone();
    let nar = NarHash {
        sha256: Sha256::of(b""),
        size: ENDLESS,
    };
    entries.insert(path(paths), Entry::new(nar, BTreeSet::new()));
    File::create(store.place(&path(paths)))
        .and_then(|file| file.set_len(ENDLESS))
        .expect("a file with a hole");
    let manifest = Manifest::new("test", "/nix/store", BTreeSet::new(), entries).expect("a closure");
    (store, manifest)
}

fn options(store: &Store, file: &Path) -> Options {
    Options {
        workers: NonZeroUsize::new(2).expect("two"),
        checkpoint: Some(file.to_owned()),
        ..store.options()
    }
}

/// Cancels when all but the endless path is done.
fn cut_off(store: &Store, manifest: &Manifest, file: &Path) -> Report {
    let cancelled = AtomicBool::new(false);
    verify(manifest, &options(store, file), &cancelled, |progress| {
        assert!(progress.paths <= progress.of_paths && progress.read <= progress.of_bytes);
        if progress.paths == progress.of_paths - 1 {
            cancelled.store(true, Ordering::Relaxed);
        }
    })
    .expect("a report")
}

#[test]
fn a_run_goes_on_where_the_last_one_stopped() {
    let (store, manifest) = endless(6);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("checkpoint");

    let report = cut_off(&store, &manifest, &file);
    assert_eq!((report.paths, report.of_paths, report.resumed), (6, 7, 0));
    assert!(!report.complete() && !report.sound());
    assert_eq!(report.not_saved, None);

    // what was right is not read again in this round
    fs::remove_dir_all(store.place(&path(0))).expect("removed");
    File::create(store.place(&path(6))).expect("an empty file");
    let report = verify_with(&manifest, &options(&store, &file));
    assert!(report.complete());
    assert_eq!((report.paths, report.resumed, report.read), (7, 6, 0));
    let found: Vec<_> = report.findings.iter().map(|finding| &finding.path).collect();
    assert_eq!(found, [&path(6)]);

    // the round is complete: the next one reads all of it
    assert!(!file.exists());
    let report = verify_with(&manifest, &options(&store, &file));
    assert_eq!((report.paths, report.resumed), (7, 0));
    assert_eq!(report.findings[0].path, path(0));
    assert_eq!(report.findings[0].problem, Problem::Missing);
}

#[test]
fn what_was_wrong_is_looked_at_again() {
    let (store, manifest) = endless(4);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("checkpoint");
    fs::remove_dir_all(store.place(&path(2))).expect("removed");
    let report = cut_off(&store, &manifest, &file);
    assert_eq!(report.findings[0].path, path(2));
    let report = cut_off(&store, &manifest, &file);
    assert_eq!((report.paths, report.resumed), (4, 3));
    assert_eq!(
        report.findings[0].path,
        path(2),
        "named by every run of the round"
    );
}

#[test]
fn another_manifest_begins_another_round() {
    let (store, manifest) = endless(4);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("checkpoint");
    cut_off(&store, &manifest, &file);
    let renamed = Manifest::new(
        "other",
        manifest.store(),
        manifest.roots().clone(),
        manifest.entries().clone(),
    )
    .expect("a closure");
    let report = cut_off(&store, &renamed, &file);
    assert_eq!((report.paths, report.resumed), (4, 0));
    let report = cut_off(&store, &renamed, &file);
    assert_eq!((report.paths, report.resumed), (4, 4));
}

#[test]
fn a_checkpoint_that_makes_no_sense_begins_a_round() {
    let (store, manifest) = endless(3);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("checkpoint");
    cut_off(&store, &manifest, &file);
    let whole = fs::read_to_string(&file).expect("a checkpoint");
    assert_eq!(whole.lines().count(), 2 + 3, "{whole}");
    for broken in [
        String::new(),
        whole.replacen('1', "2", 1),
        whole[..whole.len() - 20].to_owned(),
        format!("{whole}x\n"),
    ] {
        fs::write(&file, broken).expect("written");
        let report = cut_off(&store, &manifest, &file);
        assert_eq!((report.paths, report.resumed), (3, 0));
    }
}

#[test]
fn what_was_right_long_ago_or_in_the_future_is_looked_at_again() {
    let (store, manifest) = endless(3);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("checkpoint");
    cut_off(&store, &manifest, &file);
    let text = fs::read_to_string(&file).expect("a checkpoint");
    let aged: String = text
        .lines()
        .map(|line| match line.split_once(' ') {
            Some((at, path)) if path.ends_with("package-0") => {
                format!("{} {path}\n", at.parse::<i64>().expect("a time") - 3601)
            }
            Some((at, path)) if path.ends_with("package-1") => {
                format!("{} {path}\n", at.parse::<i64>().expect("a time") + 86400)
            }
            _ => format!("{line}\n"),
        })
        .collect();
    fs::write(&file, aged).expect("written");
    let options = Options {
        rely: Duration::from_hours(1),
        ..options(&store, &file)
    };
    File::create(store.place(&path(3))).expect("an empty file");
    let report = verify_with(&manifest, &options);
    assert_eq!((report.paths, report.resumed), (4, 1));
}

#[test]
fn a_run_without_a_place_to_write_still_reports() {
    let store = Store::with(3, 3);
    let manifest = store.manifest();
    let cancelled = AtomicBool::new(true);
    let options = options(&store, &store.folder().join("nowhere/checkpoint"));
    let report = verify(&manifest, &options, &cancelled, |_| ()).expect("a report");
    assert_eq!((report.paths, report.of_paths), (0, 3));
    let complaint = report.not_saved.expect("a complaint");
    assert!(complaint.starts_with("failed to write "), "{complaint}");
    assert!(verify_with(&manifest, &options).sound());
}
