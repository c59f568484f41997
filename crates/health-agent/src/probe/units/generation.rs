//! Which generation of the system runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::facts::Answer;
use crate::facts::units::Generation;

/// `profile` is a link such as `/nix/var/nix/profiles/system`, `run` is `/run`.
pub(super) fn read(profile: &Path, run: &Path) -> Answer<Generation> {
    let desired = resolve(profile)?;
    let current = resolve(&run.join("current-system"))?;
    let booted = run.join("booted-system");
    // a container was not booted from its kernel
    let reboot_for = ["kernel", "initrd", "kernel-modules"]
        .into_iter()
        .filter(|part| {
            let of = |system: &Path| fs::canonicalize(system.join(part)).ok();
            matches!((of(&booted), of(&current)), (Some(booted), Some(current)) if booted != current)
        })
        .map(str::to_owned)
        .collect();
    Ok(Generation {
        number: number(profile),
        desired,
        current,
        reboot_for,
    })
}

/// `system` → `system-42-link` → `/nix/store/…`: 42.
fn number(profile: &Path) -> Option<u64> {
    let link = fs::read_link(profile).ok()?;
    let name = link.file_name()?.to_str()?;
    name.strip_suffix("-link")?.rsplit_once('-')?.1.parse().ok()
}

fn resolve(path: &Path) -> Answer<PathBuf> {
    fs::canonicalize(path)
        .map_err(|error: io::Error| format!("{} cannot be followed: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A profile with two generations, of which the first was booted and is active.
    fn machine(root: &Path) -> PathBuf {
        for system in ["one", "two"] {
            fs::create_dir_all(root.join("store").join(system)).unwrap();
            fs::write(root.join("store").join(format!("kernel-{system}")), system).unwrap();
            symlink(
                format!("../kernel-{system}"),
                root.join("store").join(system).join("kernel"),
            )
            .unwrap();
        }
        for (link, to) in [
            ("system-1-link", "store/one"),
            ("system-2-link", "store/two"),
            ("system", "system-1-link"),
            ("current-system", "store/one"),
            ("booted-system", "store/one"),
        ] {
            symlink(to, root.join(link)).unwrap();
        }
        root.join("system")
    }

    fn relink(link: &Path, to: &str) {
        fs::remove_file(link).unwrap();
        symlink(to, link).unwrap();
    }

    #[test]
    fn what_is_desired_runs() {
        let root = tempfile::tempdir().unwrap();
        let profile = machine(root.path());
        let read = read(&profile, root.path()).unwrap();
        assert_eq!(read.number, Some(1));
        assert_eq!(read.desired, read.current);
        assert_eq!(read.reboot_for, Vec::<String>::new());
    }

    #[test]
    fn a_switch_with_another_kernel_wants_a_reboot() {
        let root = tempfile::tempdir().unwrap();
        let profile = machine(root.path());
        relink(&profile, "system-2-link");
        relink(&root.path().join("current-system"), "store/two");
        let read = read(&profile, root.path()).unwrap();
        assert_eq!(
            (read.number, read.reboot_for),
            (Some(2), vec!["kernel".to_owned()])
        );
    }

    #[test]
    fn a_generation_for_the_next_boot_is_not_what_runs() {
        let root = tempfile::tempdir().unwrap();
        let profile = machine(root.path());
        relink(&profile, "system-2-link");
        let read = read(&profile, root.path()).unwrap();
        assert!(read.desired.ends_with("store/two"), "{read:?}");
        assert!(read.current.ends_with("store/one"), "{read:?}");
    }

    #[test]
    fn says_what_is_not_there() {
        let root = tempfile::tempdir().unwrap();
        let error = read(&root.path().join("system"), root.path()).unwrap_err();
        assert!(
            error.contains("/system cannot be followed: No such file"),
            "{error}"
        );
    }
}
