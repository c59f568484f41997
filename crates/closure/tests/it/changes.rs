//! What is not as it was built is found, and named.

use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::symlink;
use std::path::Path;

use closure::listing::{Change, FileChange};
use closure::verify::{Finding, Options, Problem};
use closure::{StorePath, Trouble, TroubleKind};
use rustix::fs::{CWD, Mode, Timestamps};

use crate::archives::without_privileges;
use crate::stores::{Store, chmod, path, told, verify_with};

/// Ten thousand files.
const PATHS: usize = 20;
const FILES: usize = 500;

/// Flips the lowest bit of one byte, and leaves size and times as they were.
fn flip(file: &Path, index: usize) {
    let before = rustix::fs::stat(file).expect("a file");
    let mut bytes = fs::read(file).expect("read");
    bytes[index] ^= 1;
    fs::write(file, bytes).expect("written");
    let time = |seconds: i64, nanoseconds: u64| rustix::fs::Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds as i64,
    };
    let times = Timestamps {
        last_access: time(before.st_atime, before.st_atime_nsec),
        last_modification: time(before.st_mtime, before.st_mtime_nsec),
    };
    rustix::fs::utimensat(CWD, file, &times, rustix::fs::AtFlags::empty()).expect("times");
    let after = rustix::fs::stat(file).expect("a file");
    assert_eq!(
        (after.st_size, after.st_mtime, after.st_mtime_nsec),
        (before.st_size, before.st_mtime, before.st_mtime_nsec)
    );
}

/// The files that are named, each with its store path.
fn named(findings: &[Finding]) -> Vec<(StorePath, String, Change)> {
    findings
        .iter()
        .flat_map(|finding| match &finding.problem {
            Problem::Changed { files, .. } => files
                .iter()
                .map(|FileChange { file, change }| (finding.path.clone(), file.to_string(), *change))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_byte_an_added_and_a_removed_file_among_ten_thousand_are_named() {
    let store = Store::with(PATHS, FILES);
    let manifest = store.listed();
    let files: usize = manifest
        .entries()
        .values()
        .flat_map(|entry| entry.listing.iter())
        .map(|listing| listing.nodes().len())
        .sum();
    assert!(files >= PATHS * FILES, "{files}");
    let report = store.verify(&manifest);
    assert!(report.sound(), "{:?}", told(&report));
    assert_eq!((report.paths, report.resumed), (PATHS, 0));

    flip(&store.place(&path(3)).join("share/2/file-401"), 0);
    fs::write(store.place(&path(7)).join("share/new"), "").expect("written");
    fs::remove_file(store.place(&path(19)).join("share/2/file-499")).expect("removed");

    let report = store.verify(&manifest);
    assert!(report.complete() && !report.sound());
    assert_eq!(
        named(&report.findings),
        [
            (path(3), "share/2/file-401".to_owned(), Change::Contents),
            (path(7), "share/new".to_owned(), Change::Added),
            (path(19), "share/2/file-499".to_owned(), Change::Removed),
        ]
    );
}

#[test]
fn without_a_listing_the_store_path_is_named() {
    let store = Store::with(5, 20);
    let manifest = store.manifest();
    let file = store.place(&path(2)).join("share/0/file-7");
    let last = fs::metadata(&file).expect("a file").len() - 1;
    flip(&file, last as usize);
    let report = store.verify(&manifest);
    let [finding] = report.findings.as_slice() else {
        panic!("{:?}", told(&report));
    };
    let expected = manifest.entries()[&path(2)].nar;
    let found = closure::nar::hash(&store.place(&path(2))).expect("a hash");
    assert_eq!(
        *finding,
        Finding {
            path: path(2),
            problem: Problem::Changed {
                expected,
                found,
                files: vec![]
            }
        }
    );
    assert_eq!(
        finding.to_string(),
        format!("{} has changed: it is {found}, and was {expected}", path(2))
    );
    flip(&file, last as usize);
    assert!(store.verify(&manifest).sound());
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let store = Store::with(12, 10);
    let manifest = store.listed();
    for number in [0, 5, 11] {
        fs::write(store.place(&path(number)).join("new"), "").expect("written");
    }
    let reports = [1, 2, 16].map(|workers| {
        let options = Options {
            workers: NonZeroUsize::new(workers).expect("some"),
            ..store.options()
        };
        verify_with(&manifest, &options)
    });
    assert_eq!(reports[0].findings.len(), 3);
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0], reports[2]);
}

#[test]
fn each_kind_of_change_is_told() {
    let store = Store::with(3, 8);
    let place = store.place(&path(1));
    let share = place.join("share");
    symlink("file-0", share.join("0/link")).expect("a symlink");
    chmod(&share.join("1/file-1"), 0o755);
    let manifest = store.listed();

    chmod(&share.join("1/file-1"), 0o644);
    chmod(&share.join("2/file-2"), 0o755);
    // what others than its owner may do is not part of a NAR
    chmod(&share.join("5/file-5"), 0o411);
    fs::remove_file(share.join("0/link")).expect("removed");
    symlink("file-7", share.join("0/link")).expect("a symlink");
    // a file that is a folder now, and has a file in it
    fs::remove_file(share.join("3/file-3")).expect("removed");
    fs::create_dir(share.join("3/file-3")).expect("a folder");
    fs::write(share.join("3/file-3/inside"), "").expect("written");
    // a file that is now a symlink to one with the same contents
    fs::rename(share.join("4/file-4"), share.join("4/moved")).expect("moved");
    symlink("moved", share.join("4/file-4")).expect("a symlink");
    // a folder that has gone with what was in it
    fs::remove_dir_all(share.join("6")).expect("removed");

    let report = store.verify(&manifest);
    let [finding] = report.findings.as_slice() else {
        panic!("{:?}", told(&report));
    };
    let lines = finding.to_string();
    let lines: Vec<&str> = lines.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "  share/0/link: a symlink to somewhere else",
            "  share/1/file-1: is not executable any more",
            "  share/2/file-2: has become executable",
            "  share/3/file-3: of another kind",
            "  share/3/file-3/inside: added",
            "  share/4/file-4: of another kind",
            "  share/4/moved: added",
            "  share/6: removed",
            "  share/6/file-6: removed",
        ]
    );
}

#[test]
fn what_is_missing_and_what_is_not_in_the_manifest_is_told() {
    let store = Store::with(4, 3);
    let manifest = store.manifest();
    fs::remove_dir_all(store.place(&path(2))).expect("removed");
    for name in [path(9).as_str(), "planted", ".links"] {
        fs::create_dir(store.folder().join(name)).expect("a folder");
    }
    let report = store.verify(&manifest);
    assert_eq!(
        report.findings,
        [Finding {
            path: path(2),
            problem: Problem::Missing
        }]
    );
    assert_eq!(told(&report), [format!("{} is missing", path(2))]);
    // they do not make the closure unsound: other generations are in the store too
    let unlisted: Vec<&str> = report.unlisted.iter().map(String::as_str).collect();
    assert_eq!(unlisted, [path(9).as_str(), "planted"]);
}

#[test]
fn what_cannot_be_read_is_told_and_not_skipped() {
    let store = Store::with(4, 3);
    let manifest = store.listed();
    chmod(&store.place(&path(0)).join("share/0/file-0"), 0o000);
    chmod(&store.place(&path(1)), 0o000);
    let fifo = store.place(&path(2)).join("fifo");
    rustix::fs::mkfifoat(CWD, &fifo, Mode::RUSR).expect("a fifo");
    let report = without_privileges(|| store.verify(&manifest));
    chmod(&store.place(&path(1)), 0o755);

    assert!(report.complete() && !report.sound());
    let denied = "Permission denied (os error 13)";
    assert_eq!(
        told(&report),
        [
            format!("{}: share/0/file-0: {denied}", path(0)),
            format!("{}: .: {denied}", path(1)),
            format!("{}: fifo: is a fifo, which no store path may hold", path(2)),
        ]
    );
    assert!(matches!(
        &report.findings[2].problem,
        Problem::Trouble(Trouble {
            kind: TroubleKind::Special("fifo"),
            ..
        })
    ));
}

#[test]
fn a_store_that_is_not_there_is_an_error() {
    let store = Store::with(1, 1);
    let manifest = store.manifest();
    let options = Options {
        store: Some(store.folder().join("nothing")),
        ..Options::default()
    };
    let never = std::sync::atomic::AtomicBool::new(false);
    let error = closure::verify::verify(&manifest, &options, &never, |_| ()).expect_err("no store");
    assert!(
        error.to_string().starts_with("failed to read the store "),
        "{error}"
    );
}

/// A manifest of a store that is not what it was when it was registered would bless what is there now.
#[test]
fn files_are_listed_only_of_what_was_registered() {
    let store = Store::with(3, 3);
    let mut manifest = store.manifest();
    flip(&store.place(&path(1)).join("share/1/file-1"), 0);
    let error = manifest.list_files(Some(store.folder())).expect_err("changed");
    assert!(error.to_string().starts_with(path(1).as_str()), "{error}");
}
