//! NARs, file by file.

use std::fs;
use std::io::{self, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;

use closure::listing::Listing;
use closure::nar::{self, DumpError};
use closure::{Sha256, TroubleKind};
use proptest::prelude::*;
use rustix::fs::Mode;
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use crate::stores::chmod;
use crate::trees::Tree;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_nar_is_what_the_book_says(tree in Tree::any()) {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("tree");
        tree.write(&place);
        let expected = tree.nar();

        let mut dumped = Vec::new();
        nar::dump(&place, &mut dumped).expect("a NAR");
        prop_assert_eq!(&dumped, &expected);
        let hash = nar::hash(&place).expect("a hash");
        prop_assert_eq!(hash.size, expected.len() as u64);
        prop_assert_eq!(hash.sha256, Sha256::of(&expected));
    }

    /// A listing differs whenever the NAR does.
    #[test]
    fn a_listing_tells_trees_apart(one in Tree::any(), other in Tree::any()) {
        let folder = tempfile::tempdir().expect("a folder");
        let (place, other_place) = (folder.path().join("one"), folder.path().join("other"));
        one.write(&place);
        other.write(&other_place);
        let (listed, other_listed) =
            (Listing::of(&place).expect("listed"), Listing::of(&other_place).expect("listed"));
        prop_assert_eq!(listed.changes(&listed), Vec::new());
        prop_assert_eq!(listed.changes(&other_listed).is_empty(), one.nar() == other.nar());
    }
}

#[test]
fn symlinks_are_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("link");
    std::os::unix::fs::symlink("/nowhere/at/all", &place).expect("a symlink");
    let mut dumped = Vec::new();
    nar::dump(&place, &mut dumped).expect("a NAR");
    assert_eq!(dumped, Tree::Symlink(b"/nowhere/at/all".to_vec()).nar());
}

#[test]
fn what_has_no_place_in_a_nar_is_named() {
    for (make, complaint) in [
        (
            (|place| rustix::fs::mkfifoat(rustix::fs::CWD, place, Mode::RUSR | Mode::WUSR).expect("a fifo"))
                as fn(&Path),
            "a/b\\20c: is a fifo, which no store path may hold",
        ),
        (
            |place| drop(UnixListener::bind(place).expect("a socket")),
            "a/b\\20c: is a socket, which no store path may hold",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("a")).expect("a folder");
        make(&folder.path().join("a/b c"));
        let trouble = nar::hash(folder.path()).expect_err(complaint);
        assert_eq!(trouble.to_string(), complaint);
        assert!(matches!(trouble.kind, TroubleKind::Special(_)));
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("bin")).expect("a folder");
    let file = folder.path().join("bin/secret");
    fs::write(&file, "x").expect("written");
    chmod(&file, 0o000);
    let trouble = without_privileges(|| nar::hash(folder.path()).expect_err("unreadable"));
    assert_eq!(trouble.to_string(), "bin/secret: Permission denied (os error 13)");

    let trouble = nar::hash(&folder.path().join("nothing")).expect_err("nothing is there");
    assert!(
        trouble.to_string().ends_with("/nothing is not there"),
        "{trouble}"
    );
}

#[test]
fn what_is_nested_too_deeply_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep: std::path::PathBuf = std::iter::repeat_n("d", 63).collect();
    fs::create_dir_all(folder.path().join(&deep)).expect("folders");
    assert!(nar::hash(folder.path()).is_ok());
    fs::write(folder.path().join(&deep).join("file"), "x").expect("written");
    let trouble = nar::hash(folder.path()).expect_err("too deep");
    assert_eq!(trouble.kind, TroubleKind::TooDeep);
    assert_eq!(trouble.file.as_path(), deep.join("file"));
}

#[test]
fn where_it_is_written_may_fail() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(
        nar::dump(folder.path(), Full),
        Err(DumpError::Writer(_))
    ));
}

/// Runs it as one who may not read what modes forbid, which root may.
pub(crate) fn without_privileges<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut sets: CapabilitySets = capabilities(None).expect("capabilities");
            sets.effective
                .remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
            set_capabilities(None, sets).expect("fewer capabilities");
            run()
        });
        thread.join().expect("it ends")
    })
}
