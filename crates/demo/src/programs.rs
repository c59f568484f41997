//! Finds the programs of the parts: our own beside this one, the third-party ones where they were built or in PATH.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    Collector,
    DemoApi,
    LoadGen,
    Dashboard,
    Health,
    /// This program itself, for the subcommands that are parts.
    Demo,
    Prometheus,
    Alertmanager,
    Pushgateway,
    NodeExporter,
    Thanos,
    Minio,
    /// Built by nobody here: who wants it has it.
    Garage,
}

impl Program {
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Collector => "signalbox-collector",
            Self::DemoApi => "signalbox-demo-api",
            Self::LoadGen => "signalbox-load-gen",
            Self::Dashboard => "signalbox-dashboard",
            Self::Health => "signalbox-health",
            Self::Demo => "signalbox-demo",
            Self::Prometheus => "prometheus",
            Self::Alertmanager => "alertmanager",
            Self::Pushgateway => "pushgateway",
            Self::NodeExporter => "node_exporter",
            Self::Thanos => "thanos",
            Self::Minio => "minio",
            Self::Garage => "garage",
        }
    }

    fn is_ours(self) -> bool {
        self.file_name().starts_with("signalbox-")
    }

    /// The environment variable that names this one program: `SIGNALBOX_DEMO_PROMETHEUS`, `SIGNALBOX_DEMO_LOAD_GEN`.
    pub(crate) fn variable(self) -> String {
        let name = self.file_name();
        let name = name.strip_prefix("signalbox-").unwrap_or(name);
        format!("SIGNALBOX_DEMO_{}", name.to_uppercase().replace('-', "_"))
    }
}

/// Where to look.
#[derive(Debug)]
pub(crate) struct Places {
    /// This executable; our programs lie beside it.
    pub(crate) executable: PathBuf,
    /// The folder of third-party programs, if the user named one: then they come from nowhere else.
    pub(crate) programs: Option<PathBuf>,
    /// PATH.
    pub(crate) path: Option<OsString>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    #[error("{variable} names {}, and no program is there", path.display())]
    Named { variable: String, path: PathBuf },
    #[error(
        "garage is not in {looked_in}: install it (https://garagehq.deuxfleurs.fr, 2.5 or newer), name yours by \
         {variable}=/path/to/garage, or take --object-store minio"
    )]
    Garage { variable: String, looked_in: String },
    #[error("{name} is not beside signalbox-demo in {}: `cargo build --workspace --bins` builds it, and so does `make demo`", folder.display())]
    Ours { name: &'static str, folder: PathBuf },
    #[error(
        "{name} is not in {looked_in}: `make programs` builds it, or {variable}=/path/to/{name} names yours"
    )]
    ThirdParty {
        name: &'static str,
        variable: String,
        looked_in: String,
    },
}

/// Finds all of `wanted`, or says of each that is not there how to get it. `variable` reads the environment.
pub(crate) fn find(
    wanted: impl IntoIterator<Item = Program>,
    places: &Places,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<BTreeMap<Program, PathBuf>, Vec<Missing>> {
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for program in wanted {
        if found.contains_key(&program) {
            continue;
        }
        match find_one(program, places, variable(&program.variable())) {
            Ok(path) => drop(found.insert(program, path)),
            Err(error) if !missing.contains(&error) => missing.push(error),
            Err(_) => {}
        }
    }
    if missing.is_empty() {
        Ok(found)
    } else {
        Err(missing)
    }
}

fn find_one(program: Program, places: &Places, named: Option<OsString>) -> Result<PathBuf, Missing> {
    if let Some(path) = named.map(PathBuf::from) {
        return executable_at(&path).ok_or_else(|| Missing::Named {
            variable: program.variable(),
            path,
        });
    }
    if program == Program::Demo {
        return Ok(places.executable.clone());
    }
    let name = program.file_name();
    let own_folder = places.executable.parent().unwrap_or(Path::new("/"));
    if program.is_ours() {
        return executable_at(&own_folder.join(name)).ok_or_else(|| Missing::Ours {
            name,
            folder: own_folder.to_owned(),
        });
    }
    let folders = if let Some(folder) = &places.programs {
        vec![folder.clone()]
    } else {
        // beside target/debug and target/release, where a build of the workspace puts them
        let built = own_folder.with_file_name("stack").join("bin");
        let path = places.path.as_deref().unwrap_or_default();
        [built].into_iter().chain(std::env::split_paths(path)).collect()
    };
    let found = folders
        .iter()
        .find_map(|folder| executable_at(&folder.join(name)));
    found.ok_or_else(|| {
        let variable = program.variable();
        let looked_in = match &places.programs {
            Some(folder) => folder.display().to_string(),
            None => format!("{} nor in PATH", folders[0].display()),
        };
        match program {
            Program::Garage => Missing::Garage { variable, looked_in },
            _ => Missing::ThirdParty {
                name,
                variable,
                looked_in,
            },
        }
    })
}

/// The absolute path, if an executable file is there.
fn executable_at(path: &Path) -> Option<PathBuf> {
    let metadata = path.metadata().ok()?;
    let executable = metadata.is_file() && metadata.permissions().mode() & 0o111 != 0;
    executable.then(|| std::path::absolute(path).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn make_program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn places(root: &Path) -> Places {
        Places {
            executable: root.join("target/debug/signalbox-demo"),
            programs: None,
            path: Some(root.join("usr-bin").into_os_string()),
        }
    }

    #[test]
    fn looks_beside_itself_then_where_they_are_built_then_in_path() {
        let root = tempfile::tempdir().unwrap();
        let places = places(root.path());
        make_program(&root.path().join("target/debug/signalbox-collector"));
        make_program(&root.path().join("target/stack/bin/prometheus"));
        make_program(&root.path().join("usr-bin/prometheus"));
        make_program(&root.path().join("usr-bin/alertmanager"));
        let wanted = [
            Program::Collector,
            Program::Prometheus,
            Program::Alertmanager,
            Program::Demo,
        ];
        let found = find(wanted, &places, |_| None).unwrap();
        assert_eq!(
            found.into_values().collect::<Vec<_>>(),
            [
                "target/debug/signalbox-collector",
                "target/debug/signalbox-demo",
                "target/stack/bin/prometheus",
                "usr-bin/alertmanager"
            ]
            .map(|path| root.path().join(path))
        );
    }

    #[test]
    fn a_named_folder_is_the_only_one() {
        let root = tempfile::tempdir().unwrap();
        make_program(&root.path().join("usr-bin/prometheus"));
        let places = Places {
            programs: Some("/nowhere".into()),
            ..places(root.path())
        };
        let missing = find([Program::Prometheus], &places, |_| None).unwrap_err();
        assert_eq!(
            missing[0].to_string(),
            "prometheus is not in /nowhere: `make programs` builds it, or SIGNALBOX_DEMO_PROMETHEUS=/path/to/prometheus names yours"
        );
    }

    #[test]
    fn a_named_program_wins_and_must_be_there() {
        let root = tempfile::tempdir().unwrap();
        let mine = root.path().join("mine");
        make_program(&mine);
        let named = |path: &Path| {
            let path = path.as_os_str().to_owned();
            find([Program::LoadGen], &places(root.path()), move |name| {
                (name == "SIGNALBOX_DEMO_LOAD_GEN").then(|| path.clone())
            })
        };
        assert_eq!(named(&mine).unwrap()[&Program::LoadGen], mine);
        let missing = named(Path::new("/nowhere/load-gen")).unwrap_err();
        assert_eq!(
            missing[0].to_string(),
            "SIGNALBOX_DEMO_LOAD_GEN names /nowhere/load-gen, and no program is there"
        );
    }

    #[test]
    fn tells_of_every_missing_program_once() {
        let root = tempfile::tempdir().unwrap();
        let wanted = [Program::Dashboard, Program::Dashboard, Program::Alertmanager];
        let missing = find(wanted, &places(root.path()), |_| None).unwrap_err();
        let told: Vec<_> = missing.iter().map(ToString::to_string).collect();
        let root = root.path().display();
        assert_eq!(
            told,
            [
                format!(
                    "signalbox-dashboard is not beside signalbox-demo in {root}/target/debug: `cargo build --workspace \
                     --bins` builds it, and so does `make demo`"
                ),
                format!(
                    "alertmanager is not in {root}/target/stack/bin nor in PATH: `make programs` builds it, or \
                     SIGNALBOX_DEMO_ALERTMANAGER=/path/to/alertmanager names yours"
                ),
            ]
        );
    }
}
