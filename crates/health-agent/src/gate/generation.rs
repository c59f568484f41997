//! The generations of a system profile.
//!
//! ```text
//! profiles/system ─► system-42-link ─► /nix/store/…-nixos-system-…    (42 is booted next, and is `current` here)
//!          system-41-link ─► /nix/store/…-nixos-system-…
//! ```

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A system that can be activated. The path tells them apart; numbers are given again after a generation was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Generation {
    /// `None`: it is in no profile, as after `nixos-rebuild test`.
    pub(crate) number: Option<u32>,
    pub(crate) system: PathBuf,
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "generation {number} ({})", self.system.display()),
            None => write!(f, "{}", self.system.display()),
        }
    }
}

/// A generation as it stands in the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    pub(crate) number: u32,
    pub(crate) system: PathBuf,
    /// Variants of it that run in its place: they stand and fall with it.
    pub(crate) specialisations: Vec<PathBuf>,
}

impl Installed {
    /// Whether it is what runs.
    pub(crate) fn is(&self, running: &Path) -> bool {
        self.system == running || self.specialisations.iter().any(|path| path == running)
    }

    pub(crate) fn generation(&self) -> Generation {
        Generation {
            number: Some(self.number),
            system: self.system.clone(),
        }
    }
}

/// A profile as it is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// What is booted next.
    pub(crate) current: u32,
    /// All that can be activated, by number.
    pub(crate) installed: Vec<Installed>,
}

impl Profile {
    /// `path` is the profile itself, such as `/nix/var/nix/profiles/system`.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let name = file_name(path)?;
        let target = fs::read_link(path)?;
        let current = target
            .file_name()
            .and_then(|target| number(&name, target.to_str()?))
            .ok_or_else(|| {
                io::Error::other(format!(
                    "{} leads to {}, which is no generation of it",
                    path.display(),
                    target.display()
                ))
            })?;
        let mut installed = vec![];
        for entry in fs::read_dir(folder(path))? {
            let entry = entry?;
            let Some(number) = entry.file_name().to_str().and_then(|entry| number(&name, entry)) else {
                continue;
            };
            // one that leads nowhere cannot be activated
            let Ok(system) = entry.path().canonicalize() else {
                continue;
            };
            if switch_to_configuration(&system).is_file() {
                installed.push(Installed {
                    number,
                    specialisations: specialisations(&system),
                    system,
                });
            }
        }
        installed.sort_by_key(|generation| generation.number);
        Ok(Self { current, installed })
    }

    pub(crate) fn current(&self) -> Option<&Installed> {
        self.installed
            .iter()
            .find(|generation| generation.number == self.current)
    }

    /// Whether it can still be activated.
    pub(crate) fn has(&self, generation: &Generation) -> bool {
        self.installed
            .iter()
            .any(|installed| installed.generation() == *generation)
    }

    /// The newest generation that is `running`; the current one where several are the same.
    pub(crate) fn find(&self, running: &Path) -> Option<&Installed> {
        self.current().filter(|current| current.is(running)).or_else(|| {
            self.installed
                .iter()
                .rev()
                .find(|generation| generation.is(running))
        })
    }
}

/// Makes a generation the one that is booted next, as `nix-env --switch-generation` does: the link is replaced at once.
pub(super) fn point(profile: &Path, number: u32) -> io::Result<()> {
    let name = file_name(profile)?;
    let folder = folder(profile);
    let new = folder.join(format!(".{name}-{}.new", std::process::id()));
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(format!("{name}-{number}-link"), &new)?;
    fs::rename(&new, profile)?;
    fs::File::open(folder)?.sync_all()
}

/// The program that activates a system.
pub(super) fn switch_to_configuration(system: &Path) -> PathBuf {
    system.join("bin/switch-to-configuration")
}

fn specialisations(system: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(system.join("specialisation")) else {
        return vec![];
    };
    entries
        .flatten()
        .filter_map(|entry| entry.path().canonicalize().ok())
        .collect()
}

/// `42` of `system-42-link`.
fn number(profile: &str, entry: &str) -> Option<u32> {
    entry
        .strip_prefix(profile)?
        .strip_prefix('-')?
        .strip_suffix("-link")?
        .parse()
        .ok()
}

fn file_name(profile: &Path) -> io::Result<String> {
    profile
        .file_name()
        .and_then(|name| name.to_str())
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("{} is no profile", profile.display())))
}

fn folder(profile: &Path) -> &Path {
    profile
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(folder: &Path, number: u32, store_path: &str) -> PathBuf {
        let system = folder.join("store").join(store_path);
        fs::create_dir_all(system.join("bin")).unwrap();
        fs::write(system.join("bin/switch-to-configuration"), "").unwrap();
        symlink(&system, folder.join(format!("system-{number}-link"))).unwrap();
        system.canonicalize().unwrap()
    }

    #[test]
    fn generations_are_found_and_pointed_at() {
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("system");
        let ten = install(folder.path(), 10, "ten");
        let nine = install(folder.path(), 9, "nine");
        install(folder.path(), 11, "special");
        let special = folder.path().join("store/special");
        fs::create_dir(nine.join("specialisation")).unwrap();
        symlink(&special, nine.join("specialisation/rescue")).unwrap();
        // gone from the store, of another profile, and no system at all
        symlink("/nowhere", folder.path().join("system-8-link")).unwrap();
        symlink(&nine, folder.path().join("other-7-link")).unwrap();
        symlink(folder.path(), folder.path().join("system-6-link")).unwrap();
        symlink("system-10-link", &profile).unwrap();

        let read = Profile::read(&profile).unwrap();
        assert_eq!(read.current, 10);
        let numbers: Vec<_> = read.installed.iter().map(|one| one.number).collect();
        assert_eq!(numbers, [9, 10, 11]);
        assert_eq!(read.find(&ten).unwrap().number, 10);
        assert_eq!(read.find(&special.canonicalize().unwrap()).unwrap().number, 11);
        assert_eq!(read.find(Path::new("/elsewhere")), None);

        point(&profile, 9).unwrap();
        assert_eq!(
            fs::read_link(&profile).unwrap(),
            Path::new("system-9-link"),
            "relative, as Nix writes it"
        );
        let read = Profile::read(&profile).unwrap();
        assert_eq!(read.current().unwrap().system, nine);
        assert!(read.current().unwrap().is(&special.canonicalize().unwrap()));
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            8,
            "nothing is left behind"
        );
    }

    #[test]
    fn what_is_no_profile_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("system");
        assert!(Profile::read(&profile).is_err());
        symlink("/nix/store/something", &profile).unwrap();
        let error = Profile::read(&profile).unwrap_err().to_string();
        assert!(
            error.ends_with("leads to /nix/store/something, which is no generation of it"),
            "{error}"
        );
    }
}
