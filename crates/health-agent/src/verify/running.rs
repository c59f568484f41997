//! Whether what runs comes from the store paths of a manifest: the system, the kernel, the units.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use closure::{Manifest, StorePath};

use super::record::{Finding, Kind};

/// Where systemd looks for units beside those of the system, so that anything there adds to it or overrides it
/// (systemd.unit(5)). What generators and `systemd-run` make is not compared: it is made anew, and goes with the boot.
const ELSEWHERE: [&str; 8] = [
    "etc/systemd/system.control",
    "run/systemd/system.control",
    "etc/systemd/system.attached",
    "run/systemd/system.attached",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    // by custom, where boot.extraSystemdUnitPaths is set
    "etc/systemd-mutable/system",
];

/// What systemd says of itself.
#[derive(Debug, Default)]
pub(super) struct Systemd {
    /// Where it looks for units. Empty where it cannot be asked.
    pub(super) unit_path: Vec<PathBuf>,
}

/// A unit folder's links are not deeper: `multi-user.target.wants/x.service`.
const DEPTH: usize = 2;

/// Compares. `root` is `/`, `release` what the kernel calls itself; `is_this`: the manifest is known to be of the system that runs here.
pub(super) fn compare(
    manifest: &Manifest,
    root: &Path,
    release: &str,
    systemd: &Systemd,
    is_this: bool,
) -> Vec<Finding> {
    let Ok(system) = root.join("run/current-system").canonicalize() else {
        let is_nixos = is_this
            || root.join("etc/NIXOS").exists()
            || root.join("run/booted-system").symlink_metadata().is_ok();
        // else a machine that has Nix, and is not run by it
        return is_nixos.then(nothing_runs).into_iter().collect();
    };
    let mut findings = vec![];
    if !store_path(manifest, &system).is_some_and(|path| manifest.roots().contains(&path)) {
        findings.push(Finding {
            kind: Kind::System,
            subject: system.display().to_string(),
            what: "runs, and the manifest is of another system".to_owned(),
            fix: "Give verify the manifest that was made of this system, or activate the system that the manifest is of".to_owned(),
        });
    }
    findings.extend(kernel(manifest, root, &system, release));
    findings.extend(units(manifest, root, systemd));
    findings
}

fn nothing_runs() -> Finding {
    Finding {
        kind: Kind::System,
        subject: "/run/current-system".to_owned(),
        what: "leads nowhere, so that nobody can tell what runs".to_owned(),
        fix: "Find out who took it away, and reboot into the installed system".to_owned(),
    }
}

/// After a switch the kernel is still that of the system which was booted.
fn kernel(manifest: &Manifest, root: &Path, system: &Path, release: &str) -> Option<Finding> {
    // a container has no kernel of its own
    if !system.join("kernel").exists() {
        return None;
    }
    let modules = |system: &Path| {
        let modules = system.join("kernel-modules/lib/modules").join(release);
        modules.canonicalize().ok()
    };
    match modules(system) {
        Some(modules) if store_path(manifest, &modules).is_some() => None,
        Some(_) => Some(kernel_finding(
            release,
            "has modules that are not in the manifest",
        )),
        None => {
            let booted = root.join("run/booted-system").canonicalize();
            let is_booted = booted.is_ok_and(|booted| booted != system && modules(&booted).is_some());
            (!is_booted).then(|| {
                kernel_finding(
                    release,
                    "belongs neither to the system that runs nor to the one that was booted",
                )
            })
        }
    }
}

fn kernel_finding(release: &str, what: &str) -> Finding {
    Finding {
        kind: Kind::Kernel,
        subject: format!("the kernel {release}"),
        what: what.to_owned(),
        fix: "Find out who started it (last reboot, journalctl -k -b), and reboot into the installed system"
            .to_owned(),
    }
}

/// Every unit of the system has to come from the manifest, and there may be none elsewhere.
fn units(manifest: &Manifest, root: &Path, systemd: &Systemd) -> Vec<Finding> {
    let mut findings = vec![];
    let mut strangers = |folder: &Path, accept: &dyn Fn(&Path) -> bool| {
        if let Err(error) = walk(folder, DEPTH, &mut |path| {
            if !accept(path) {
                findings.push(unit_finding(root, path));
            }
        }) {
            findings.push(Finding {
                kind: Kind::UnitFile,
                subject: folder.display().to_string(),
                what: format!("cannot be read: {error}"),
                fix: format!("See why: ls -laR {}", folder.display()),
            });
        }
    };
    strangers(&root.join("etc/systemd/system"), &|path| {
        match path.canonicalize() {
            // masked
            Ok(target) if target == Path::new("/dev/null") => link_is_built(manifest, path),
            Ok(target) => store_path(manifest, &target).is_some(),
            // a link to a unit that is not there adds nothing, unless it was made by hand
            Err(_) => link_is_built(manifest, path),
        }
    });
    for folder in elsewhere(manifest, root, systemd) {
        strangers(&folder, &|_| false);
    }
    findings
}

/// Folders in which nothing may be.
fn elsewhere(manifest: &Manifest, root: &Path, systemd: &Systemd) -> BTreeSet<PathBuf> {
    let said = systemd
        .unit_path
        .iter()
        .filter_map(|folder| folder.strip_prefix("/").ok());
    let is_made_anew = |folder: &Path| {
        let name = folder.strip_prefix("run/systemd").ok().and_then(Path::to_str);
        name.is_some_and(|name| name == "transient" || name.starts_with("generator"))
    };
    said.filter(|folder| *folder != Path::new("etc/systemd/system") && !is_made_anew(folder))
        .chain(ELSEWHERE.iter().map(Path::new))
        .map(|folder| root.join(folder))
        // by one name each; systemd's own units are compared as a part of the store
        .map(|folder| folder.canonicalize().unwrap_or(folder))
        .filter(|folder| store_path(manifest, folder).is_none())
        .collect()
}

/// Whether the link itself stands in a folder of the manifest.
fn link_is_built(manifest: &Manifest, link: &Path) -> bool {
    link.parent()
        .and_then(|folder| folder.canonicalize().ok())
        .is_some_and(|folder| store_path(manifest, &folder).is_some())
}

fn unit_finding(root: &Path, path: &Path) -> Finding {
    let shown = Path::new("/").join(path.strip_prefix(root).unwrap_or(path));
    let target = path.read_link().ok();
    Finding {
        kind: Kind::UnitFile,
        subject: shown.display().to_string(),
        what: target.map_or_else(
            || "is no part of what was built".to_owned(),
            |target| {
                format!(
                    "leads to {}, which is no part of what was built",
                    target.display()
                )
            },
        ),
        fix: format!(
            "Find out who made it, and take it away: systemctl cat {}",
            shown.file_name().unwrap_or_default().to_string_lossy()
        ),
    }
}

/// Calls `see` for everything that is no folder. A folder that is not there has nothing in it.
fn walk(folder: &Path, depth: usize, see: &mut dyn FnMut(&Path)) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        // drop-ins and wants may be links to folders
        if depth > 0 && path.is_dir() {
            walk(&path, depth - 1, see)?;
        } else {
            see(&path);
        }
    }
    Ok(())
}

/// The store path of the manifest in which this is.
fn store_path(manifest: &Manifest, path: &Path) -> Option<StorePath> {
    let below = path.strip_prefix(manifest.store()).ok()?;
    let name = below.components().next()?.as_os_str().to_str()?;
    let path: StorePath = name.parse().ok()?;
    manifest.entries().contains_key(&path).then_some(path)
}

#[cfg(test)]
mod tests;
