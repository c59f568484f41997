//! A small file system of its own under a part's data, which can be filled.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Unmounted when it is dropped.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Makes the folder `path` and mounts a file system of that size there.
    pub(crate) fn mount(path: &Path, mebibytes: u32) -> Self {
        fs::create_dir_all(path).unwrap();
        let size = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path);
        let output = mount.output().expect("mount is installed");
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "no disk can be full here, because no file system can be mounted ({}): run the test as root, in a container \
             with the capability CAP_SYS_ADMIN",
            why.lines().next().unwrap_or_default()
        );
        Self {
            path: path.to_owned(),
        }
    }

    /// Takes all of the room that is left.
    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        // the last part of a page, too
        for block in [1 << 20, 1 << 12, 1] {
            let zeros = vec![0; block];
            let error = loop {
                if let Err(error) = filler.write(&zeros) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
        }
    }

    /// Gives that room back.
    pub(crate) fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // lazily: what dies of a failed test may still have files open there
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.path).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.path.display());
        }
    }
}
