use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use closure::{Entry, NarHash, Sha256};
use tempfile::TempDir;

use super::*;

const RELEASE: &str = "6.12.8";

/// A machine below a folder, with a system and its units in a store, as NixOS lays them out.
struct Machine {
    folder: TempDir,
    manifest: Manifest,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let store = root.join("nix/store");
        let paths = ["system", "units", "part", "modules"].map(named);
        for path in &paths {
            fs::create_dir_all(store.join(path.as_str())).unwrap();
        }
        let [system, units, part, modules] = paths.clone().map(|path| store.join(path.as_str()));
        fs::write(system.join("kernel"), "").unwrap();
        symlink(&modules, system.join("kernel-modules")).unwrap();
        fs::create_dir_all(modules.join("lib/modules").join(RELEASE)).unwrap();
        fs::write(part.join("part.service"), "[Service]").unwrap();
        fs::create_dir(units.join("multi-user.target.wants")).unwrap();
        symlink(part.join("part.service"), units.join("part.service")).unwrap();
        symlink(
            "../part.service",
            units.join("multi-user.target.wants/part.service"),
        )
        .unwrap();
        symlink("/dev/null", units.join("masked.service")).unwrap();
        fs::create_dir_all(root.join("etc/systemd")).unwrap();
        symlink(&units, root.join("etc/systemd/system")).unwrap();
        fs::create_dir_all(root.join("run/systemd/system")).unwrap();
        symlink(&system, root.join("run/current-system")).unwrap();
        symlink(&system, root.join("run/booted-system")).unwrap();
        let [system, rest @ ..] = paths;
        Self {
            folder,
            manifest: manifest_of(system, rest, store.to_str().unwrap()),
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn found(&self, release: &str) -> Vec<(Kind, String, String)> {
        self.compared(release, &[], false)
    }

    fn compared(&self, release: &str, unit_path: &[&str], is_this: bool) -> Vec<(Kind, String, String)> {
        let systemd = Systemd {
            unit_path: unit_path.iter().map(PathBuf::from).collect(),
        };
        compare(&self.manifest, &self.root(), release, &systemd, is_this)
            .into_iter()
            .map(|finding| (finding.kind, finding.subject, finding.what))
            .collect()
    }

    /// Another system runs, which the manifest does not know.
    fn runs_another(&self) -> PathBuf {
        let other = self.root().join("nix/store").join(named("other").as_str());
        fs::create_dir_all(&other).unwrap();
        fs::remove_file(self.root().join("run/current-system")).unwrap();
        symlink(&other, self.root().join("run/current-system")).unwrap();
        other
    }
}

fn named(name: &str) -> StorePath {
    format!("0123456789abcdfghijklmnpqrsvwxyz-{name}")
        .parse()
        .unwrap()
}

fn manifest_of(system: StorePath, rest: [StorePath; 3], store: &str) -> Manifest {
    let nar = NarHash {
        sha256: Sha256::of(b""),
        size: 0,
    };
    let mut entries: BTreeMap<_, _> = rest
        .iter()
        .map(|path| (path.clone(), Entry::new(nar, BTreeSet::new())))
        .collect();
    entries.insert(system.clone(), Entry::new(nar, rest.into()));
    Manifest::new("system", store, BTreeSet::from([system]), entries).unwrap()
}

#[test]
fn a_machine_that_runs_what_was_built_has_nothing_to_say() {
    assert_eq!(Machine::new().found(RELEASE), []);
}

#[test]
fn a_machine_without_nixos_is_not_compared() {
    let machine = Machine::new();
    fs::remove_file(machine.root().join("run/current-system")).unwrap();
    fs::remove_file(machine.root().join("run/booted-system")).unwrap();
    assert_eq!(machine.found("5.4.0"), []);
}

#[test]
fn a_system_that_somebody_has_taken_away_is_no_excuse() {
    let machine = Machine::new();
    let root = machine.root();
    let gone = [(
        Kind::System,
        "/run/current-system".to_owned(),
        "leads nowhere, so that nobody can tell what runs".to_owned(),
    )];
    fs::remove_file(root.join("run/current-system")).unwrap();
    assert_eq!(machine.found(RELEASE), gone, "it was booted");
    fs::remove_file(root.join("run/booted-system")).unwrap();
    assert_eq!(machine.compared(RELEASE, &[], true), gone, "the settings say so");
    fs::write(root.join("etc/NIXOS"), "").unwrap();
    assert_eq!(machine.found(RELEASE), gone);
}

#[test]
fn where_systemd_says_that_it_looks_nothing_may_be_either() {
    let machine = Machine::new();
    let root = machine.root();
    let own = format!("/nix/store/{}", named("part"));
    for folder in ["srv/units", "run/systemd/generator.late", "run/systemd/transient"] {
        fs::create_dir_all(root.join(folder)).unwrap();
        fs::write(root.join(folder).join("own.service"), "").unwrap();
    }
    assert_eq!(machine.found(RELEASE), []);
    let unit_path = [
        "/etc/systemd/system.control",
        "/run/systemd/transient",
        "/etc/systemd/system",
        "/srv/units",
        &own,
        "/run/systemd/generator.late",
    ];
    assert_eq!(
        machine.compared(RELEASE, &unit_path, false),
        [(
            Kind::UnitFile,
            "/srv/units/own.service".to_owned(),
            "is no part of what was built".to_owned()
        )]
    );
}

#[test]
fn another_system_is_named() {
    let machine = Machine::new();
    let other = machine.runs_another();
    let found = machine.found(RELEASE);
    assert_eq!(
        found,
        [(
            Kind::System,
            other.display().to_string(),
            "runs, and the manifest is of another system".to_owned()
        )]
    );
}

#[test]
fn a_kernel_of_nobody_is_named_and_that_of_the_last_boot_is_not() {
    let machine = Machine::new();
    assert_eq!(
        machine.found("6.6.6"),
        [(
            Kind::Kernel,
            "the kernel 6.6.6".to_owned(),
            "belongs neither to the system that runs nor to the one that was booted".to_owned()
        )]
    );
    let booted = machine.root().join("booted");
    fs::create_dir_all(booted.join("kernel-modules/lib/modules/6.6.6")).unwrap();
    fs::remove_file(machine.root().join("run/booted-system")).unwrap();
    symlink(&booted, machine.root().join("run/booted-system")).unwrap();
    assert_eq!(machine.found("6.6.6"), []);
}

#[test]
fn modules_from_elsewhere_are_named() {
    let machine = Machine::new();
    let system = machine.root().join("nix/store").join(named("system").as_str());
    fs::remove_file(system.join("kernel-modules")).unwrap();
    fs::create_dir_all(machine.root().join("own/lib/modules").join(RELEASE)).unwrap();
    symlink(machine.root().join("own"), system.join("kernel-modules")).unwrap();
    assert_eq!(
        machine.found(RELEASE),
        [(
            Kind::Kernel,
            format!("the kernel {RELEASE}"),
            "has modules that are not in the manifest".to_owned()
        )]
    );
}

#[test]
fn a_container_has_no_kernel() {
    let machine = Machine::new();
    let system = machine.root().join("nix/store").join(named("system").as_str());
    fs::remove_file(system.join("kernel")).unwrap();
    assert_eq!(machine.found("5.4.0"), []);
}

#[test]
fn units_from_elsewhere_are_named() {
    let machine = Machine::new();
    let root = machine.root();
    // the folder is not the store's any more: somebody has copied it, and added to it
    let units = root.join("etc/systemd/system");
    fs::remove_file(&units).unwrap();
    fs::create_dir_all(units.join("part.service.d")).unwrap();
    let part = root.join("nix/store").join(named("part").as_str());
    symlink(part.join("part.service"), units.join("part.service")).unwrap();
    fs::write(units.join("part.service.d/own.conf"), "").unwrap();
    fs::write(root.join("own.service"), "").unwrap();
    symlink(root.join("own.service"), units.join("linked.service")).unwrap();
    symlink("/dev/null", units.join("masked.service")).unwrap();
    fs::write(root.join("run/systemd/system/runtime.service"), "").unwrap();
    fs::create_dir_all(root.join("etc/systemd/system.control/part.service.d")).unwrap();
    fs::write(
        root.join("etc/systemd/system.control/part.service.d/50-CPUQuota.conf"),
        "",
    )
    .unwrap();
    let no_part = "is no part of what was built".to_owned();
    let leads = |to: &Path| format!("leads to {}, which {no_part}", to.display());
    let expected = [
        (
            "/etc/systemd/system/linked.service",
            leads(&root.join("own.service")),
        ),
        (
            "/etc/systemd/system/masked.service",
            leads(Path::new("/dev/null")),
        ),
        ("/etc/systemd/system/part.service.d/own.conf", no_part.clone()),
        (
            "/etc/systemd/system.control/part.service.d/50-CPUQuota.conf",
            no_part.clone(),
        ),
        ("/run/systemd/system/runtime.service", no_part.clone()),
    ]
    .map(|(subject, what)| (Kind::UnitFile, subject.to_owned(), what));
    assert_eq!(machine.found(RELEASE), expected);
}
