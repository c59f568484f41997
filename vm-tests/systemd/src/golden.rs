//! What the evaluation of the flake renders for a machine (`nixos/golden`), installed on a Debian machine: the unit files, the files of /etc and
//! the scripts are the very ones that a NixOS machine gets. What they name in the Nix store is made to lead to the program that does the same here.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::machine::Machine;
use crate::setting;

/// Programs of third parties, by the name of their package. All others are Debian's or ours.
const BESIDE: &[&str] = &[
    "alertmanager",
    "minio",
    "node_exporter",
    "prometheus",
    "pushgateway",
    "thanos",
];

/// Where they are on the machine.
const PROGRAMS: &str = "/opt/signalbox/bin";

/// What NixOS makes of its modules elsewhere than in the files of golden/: users, folders, and commands of nixpkgs.
const USERS: &str = "\
u prometheus - - /var/lib/prometheus2
u node-exporter - -
u minio - - /var/lib/minio
";
const FOLDERS: &str = "\
d /var/lib/signalbox/secrets 0700
d /var/lib/minio 0700 minio minio
d /var/lib/minio/config 0700 minio minio
d /var/lib/minio/certs 0700 minio minio
d /var/lib/minio/data 0700 minio minio
d /var/lib/minio/data/thanos 0700 minio minio
L /run/booted-system - - - - /nix/store/nixos-system
L /run/current-system - - - - /nix/store/nixos-system
";
/// What the module of Alertmanager calls is not the program of that name in Debian.
const ENVSUBST: &str = "\
#!/bin/sh
set -e
[ \"$1 $3\" = '-o -i' ]
/usr/bin/envsubst <\"$4\" >\"$2\"
";
const RELOAD_PROMETHEUS: &str = "\
#!/bin/sh
set -e
kill -HUP $MAINPID
";
const TRIGGER_RELOAD_PROMETHEUS: &str = "\
#!/bin/sh
set -e
systemctl reload prometheus.service
";

/// One machine of `nixos/golden`.
#[derive(Debug)]
pub struct Golden {
    folder: PathBuf,
    /// MinIO in place of Garage, which is in no package of Debian and has no Go module.
    minio: bool,
}

/// Units of Garage.
const GARAGE: &[&str] = &["garage.service", "signalbox-object-store.service"];

impl Golden {
    /// The machine of this name.
    pub fn named(name: &str) -> Self {
        Self {
            folder: setting::checkout().join("nixos/golden").join(name),
            minio: false,
        }
    }

    /// With the unit of MinIO that another machine has, in place of Garage's.
    #[must_use]
    pub fn with_minio(self) -> Self {
        Self { minio: true, ..self }
    }

    /// The units that are its own, without those of Garage where MinIO stands in.
    pub fn units(&self) -> Vec<String> {
        let mut units: Vec<_> = fs::read_dir(self.folder.join("units"))
            .expect("a machine has units")
            .map(|entry| {
                entry
                    .expect("a unit")
                    .file_name()
                    .into_string()
                    .expect("a unit's name is text")
            })
            .filter(|name| !self.minio || !GARAGE.contains(&name.as_str()))
            .collect();
        if self.minio {
            units.push("minio.service".to_owned());
        }
        units.sort();
        units
    }

    /// The services among them that go on for ever.
    pub fn daemons(&self) -> Vec<String> {
        let daemon = |unit: &String| {
            let text = fs::read_to_string(self.folder_of(unit).join("units").join(unit)).unwrap_or_default();
            Path::new(unit).extension().is_some_and(|kind| kind == "service")
                && !text.is_empty()
                && !text.contains("\nType=oneshot\n")
        };
        self.units().into_iter().filter(daemon).collect()
    }

    /// Addresses and ports that the machine listens on, and who does.
    pub fn listeners(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.folder.join("listeners.txt")).expect("listeners");
        text.lines()
            .filter_map(|line| line.split_once('\t'))
            .filter(|(_, who)| !self.minio || !who.starts_with("Garage"))
            .chain(self.minio.then_some(("127.0.0.1:9000", "MinIO, S3")))
            .map(|(address, who)| (address.to_owned(), who.to_owned()))
            .collect()
    }

    /// Puts everything where the machine looks for it when it boots.
    pub fn install(&self, machine: &mut Machine) {
        for program in BESIDE {
            // built by stack/go/build, which keeps them in a cache
            let built = setting::target().join("stack/bin").join(program);
            machine.show(&built, &format!("{PROGRAMS}/{program}"));
        }
        let stack = setting::checkout().join("stack");
        copy(&self.folder.join("etc"), &machine.path("/etc"));
        for rules in files(&stack.join("prometheus/rules")) {
            let place = machine
                .path("/etc/prometheus/rules")
                .join(rules.file_name().expect("a file"));
            // a machine's own file has precedence
            if machine.path("/etc/prometheus").exists() && !place.exists() {
                fs::copy(&rules, place).expect("copy rules");
            }
        }
        copy(
            &stack,
            &machine.path("/nix/store/signalbox-stack-config/share/signalbox/stack"),
        );
        let collector =
            fs::read_to_string(stack.join("collector/collector.toml")).expect("the collector's settings");
        machine.write("/etc/signalbox/collector-defaults.toml", &collector);
        let alertmanager =
            fs::read_to_string(stack.join("alertmanager/alertmanager.yml")).expect("Alertmanager's settings");
        machine.write("/nix/store/checked-config", &alertmanager);
        self.object_store(machine);
        self.health(machine);
        machine.write("/etc/sysusers.d/golden.conf", USERS);
        machine.write("/etc/tmpfiles.d/golden.conf", FOLDERS);
        for (command, script) in [
            ("envsubst-1.4.3/bin/envsubst", ENVSUBST),
            ("reload-prometheus/bin/reload-prometheus", RELOAD_PROMETHEUS),
            (
                "trigger-reload-prometheus/bin/trigger-reload-prometheus",
                TRIGGER_RELOAD_PROMETHEUS,
            ),
        ] {
            machine.write_with_mode(&format!("/nix/store/{command}"), script, 0o755);
        }
        // the one generation of the system, which cannot be activated
        machine.write("/nix/store/nixos-system/nixos-version", "26.11\n");
        for (link, to) in [
            ("system-1-link", "/nix/store/nixos-system"),
            ("system", "system-1-link"),
        ] {
            let profiles = machine.path("/nix/var/nix/profiles");
            fs::create_dir_all(&profiles).expect("make a folder");
            symlink(to, profiles.join(link)).expect("make a link");
        }
        self.install_units(machine);
    }

    /// The units of ours come from our packages, which start them, and are the same: here they get only what is the machine's.
    fn install_units(&self, machine: &Machine) {
        let ours = setting::checkout().join("systemd");
        for name in self.units() {
            let folder = self.folder_of(&name);
            let path = folder.join("units").join(&name);
            let place = machine.path("/etc/systemd/system").join(&name);
            if path.is_dir() {
                copy(&path, &place);
                for drop_in in files(&path) {
                    self.store(machine, &name, &fs::read_to_string(drop_in).expect("a drop-in"));
                }
                continue;
            }
            let text = fs::read_to_string(&path).expect("a unit file");
            if ours.join(&name).exists() {
                continue;
            }
            fs::copy(&path, &place).expect("copy a unit");
            self.store(machine, &name, &text);
            for target in text
                .lines()
                .filter_map(|line| line.strip_prefix("WantedBy="))
                .flat_map(str::split_whitespace)
            {
                let wants = machine
                    .path("/etc/systemd/system")
                    .join(format!("{target}.wants"));
                fs::create_dir_all(&wants).expect("make a folder");
                symlink(format!("../{name}"), wants.join(&name)).expect("make a link");
            }
        }
    }

    /// Where a unit and its script are written down.
    fn folder_of(&self, unit: &str) -> PathBuf {
        if self.minio && unit == "minio.service" {
            setting::checkout().join("nixos/golden/acme")
        } else {
            self.folder.clone()
        }
    }

    /// Makes what a unit or a script names in the Nix store.
    fn store(&self, machine: &Machine, unit: &str, text: &str) {
        for path in store_paths(text) {
            let mut parts = path.trim_start_matches("/nix/store/").splitn(3, '/');
            let (package, folder, program) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
            if package.starts_with("unit-script-") {
                let script = self.folder_of(unit).join("scripts").join(format!(
                    "{}.sh",
                    unit.split(".service").next().unwrap_or_default()
                ));
                let text = fs::read_to_string(&script)
                    .unwrap_or_else(|error| panic!("{} of {unit}: {error}", script.display()));
                machine.write_with_mode(&path, &text, 0o755);
                self.store(machine, unit, &text);
                continue;
            }
            let Some(folder @ ("bin" | "sbin")) = folder else {
                continue;
            };
            let place = machine.path("/nix/store").join(package);
            if program.is_none() && place.join(folder).exists() {
                continue;
            }
            let name = package.rsplit_once('-').map_or(package, |(name, _)| name);
            let programs = match name {
                name if BESIDE.iter().any(|beside| name.starts_with(beside)) => PROGRAMS.to_owned(),
                _ => format!("/usr/{folder}"),
            };
            fs::create_dir_all(&place).expect("make a folder");
            let _ = symlink(programs, place.join(folder));
        }
    }

    /// The settings of the health agent, but for what is not here: a clock of the machine's own, and Garage.
    fn health(&self, machine: &Machine) {
        let file = "/etc/signalbox/health.toml";
        let Ok(text) = fs::read_to_string(machine.path(file)) else {
            return;
        };
        let mut text = text.replace("system.clock = true", "system.clock = false");
        if self.minio {
            text = text
                .replace("garage.service", "minio.service")
                .replace("\"garage\"", "\"us-east-1\"");
        }
        machine.write(file, &text);
    }

    /// Golden files are written in TOML, and Thanos reads YAML, of which JSON is a part.
    fn object_store(&self, machine: &Machine) {
        let Ok(text) = fs::read_to_string(self.folder.join("thanos-objstore.yaml")) else {
            return;
        };
        let mut value: toml::Table = toml::from_str(&text).expect("TOML");
        if self.minio {
            value["config"]["region"] = "us-east-1".into();
            let targets = "/etc/prometheus/targets/object-store.json";
            let garage = fs::read_to_string(machine.path(targets)).expect("targets");
            let minio = garage
                .replace("\"/metrics\"", "\"/minio/v2/metrics/cluster\"")
                .replace(":9001", ":9000");
            machine.write(targets, &minio);
        }
        let json = serde_json::to_string(&value).expect("a table is an object");
        machine.write("/nix/store/objstore.yaml", &json);
    }
}

fn store_paths(text: &str) -> BTreeSet<String> {
    text.match_indices("/nix/store/")
        .map(|(start, _)| {
            text[start..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "/-_.+".contains(*c))
                .collect()
        })
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("failed to list {}: {error}", folder.display()))
        .map(|entry| entry.expect("a file in a folder").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make a folder");
    for entry in fs::read_dir(from).into_iter().flatten().map(Result::unwrap) {
        let place = to.join(entry.file_name());
        let text = || fs::read_to_string(entry.path()).unwrap_or_default();
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else if let Some(to) = text().strip_prefix("a link to ") {
            // as golden/ tells of one
            symlink(to.trim_end(), &place).expect("make a link");
        } else {
            fs::copy(entry.path(), &place)
                .unwrap_or_else(|error| panic!("failed to copy {}: {error}", entry.path().display()));
        }
    }
}
