//! Finds `stack/`: the configuration of the third-party parts, the same files that the appliance ships.

use std::path::{Path, PathBuf};

/// What a folder must hold to be it.
const MARK: &str = "prometheus/prometheus.yml";

#[derive(Debug, thiserror::Error)]
pub(crate) enum NoStack {
    #[error("{} has no {MARK}: name the folder stack/ of Signalbox with --stack", .0.display())]
    Named(PathBuf),
    #[error("no stack/{MARK} above {} or above {}: name the folder stack/ of Signalbox with --stack", .0.display(), .1.display())]
    NotFound(PathBuf, PathBuf),
}

/// The folder that `named` says, else the nearest `stack` above the executable, then above the working directory; an
/// installed demo has it in `../share/signalbox/stack`.
pub(crate) fn find(named: Option<&Path>, executable: &Path, working: &Path) -> Result<PathBuf, NoStack> {
    let is_it = |folder: &PathBuf| folder.join(MARK).is_file();
    if let Some(named) = named {
        let folder = working.join(named);
        return if is_it(&folder) {
            Ok(folder)
        } else {
            Err(NoStack::Named(folder))
        };
    }
    let around = |place: &Path| -> Option<PathBuf> {
        let candidates = place
            .ancestors()
            .flat_map(|above| [above.join("stack"), above.join("share/signalbox/stack")]);
        candidates.into_iter().find(is_it)
    };
    let own_folder = executable.parent().unwrap_or(Path::new("/"));
    around(own_folder)
        .or_else(|| around(working))
        .ok_or_else(|| NoStack::NotFound(own_folder.to_owned(), working.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn make_stack(folder: &Path) {
        fs::create_dir_all(folder.join("prometheus")).unwrap();
        fs::write(folder.join(MARK), "").unwrap();
    }

    #[test]
    fn is_found_from_the_executable_or_from_where_one_stands() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        make_stack(&root.join("checkout/stack"));
        make_stack(&root.join("installed/share/signalbox/stack"));
        let find_from =
            |executable: &str, working: &str| find(None, &root.join(executable), &root.join(working));
        assert_eq!(
            find_from("checkout/target/debug/signalbox-demo", "elsewhere").unwrap(),
            root.join("checkout/stack")
        );
        assert_eq!(
            find_from("installed/bin/signalbox-demo", "checkout").unwrap(),
            root.join("installed/share/signalbox/stack")
        );
        assert_eq!(
            find_from("bin/signalbox-demo", "checkout/crates").unwrap(),
            root.join("checkout/stack")
        );
    }

    #[test]
    fn says_where_it_looked() {
        let error = find(None, Path::new("/nowhere/bin/signalbox-demo"), Path::new("/proc")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no stack/prometheus/prometheus.yml above /nowhere/bin or above /proc: name the folder stack/ of Signalbox with --stack"
        );
        let error = find(Some(Path::new("there")), Path::new("/bin/x"), Path::new("/proc")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/proc/there has no prometheus/prometheus.yml: name the folder stack/ of Signalbox with --stack"
        );
    }
}
