//! Which generation of the system runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::facts::Answer;
use crate::facts::units::Generation;
use crate::gate::generation::Profile;

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
    let installed = Profile::read(profile).ok();
    let current_number = installed.and_then(|profile| Some(profile.find(&current)?.number.into()));
    Ok(Generation {
        number: number(profile),
        desired,
        current,
        current_number,
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
            let bin = root.join("store").join(system).join("bin");
            fs::create_dir_all(&bin).unwrap();
            fs::write(bin.join("switch-to-configuration"), "").unwrap();
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
        assert_eq!((read.number, read.current_number), (Some(1), Some(1)));
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
        assert_eq!((read.number, read.current_number), (Some(2), Some(1)));
    }

    #[test]
    fn a_specialisation_is_its_generation_and_what_is_tried_is_none() {
        let root = tempfile::tempdir().unwrap();
        let profile = machine(root.path());
        let special = root.path().join("store/one/specialisation");
        fs::create_dir(&special).unwrap();
        fs::create_dir(root.path().join("store/tried")).unwrap();
        symlink("../../tried", special.join("rescue")).unwrap();
        relink(&root.path().join("current-system"), "store/tried");
        let seen = read(&profile, root.path()).unwrap();
        assert!(seen.current.ends_with("store/tried"), "{seen:?}");
        assert_eq!((seen.number, seen.current_number), (Some(1), Some(1)));

        fs::remove_file(special.join("rescue")).unwrap();
        assert_eq!(read(&profile, root.path()).unwrap().current_number, None);
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
