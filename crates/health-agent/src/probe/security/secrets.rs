//! Files with secrets: who could read them. What is in them is not read.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::facts::Answer;
use crate::facts::security::{Secret, SecretFile};
use crate::probe::security::unless_hidden;

pub(super) fn read(path: PathBuf) -> Secret {
    Secret {
        file: file(&path),
        path,
    }
}

/// Links are followed: what counts is who may read what they lead to.
fn file(path: &Path) -> Answer<Option<SecretFile>> {
    let why = |error| format!("{} cannot be seen: {error}", path.display());
    let Some(metadata) = unless_hidden(fs::metadata(path)).map_err(why)? else {
        return Ok(None);
    };
    if !metadata.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    let Some(real) = unless_hidden(fs::canonicalize(path)).map_err(why)? else {
        return Ok(None);
    };
    Ok(Some(SecretFile {
        mode: metadata.permissions().mode() & 0o7777,
        owner: metadata.uid(),
        own: metadata.uid() == rustix::process::geteuid().as_raw(),
        group: metadata.gid(),
        filled: metadata.len() > 0,
        in_store: real.starts_with("/nix/store"),
    }))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn looks_at_what_a_link_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let (secret, link) = (folder.path().join("token"), folder.path().join("link"));
        fs::write(&secret, "x").unwrap();
        fs::set_permissions(&secret, Permissions::from_mode(0o640)).unwrap();
        symlink(&secret, &link).unwrap();
        let seen = file(&link).unwrap().unwrap();
        assert_eq!(
            (seen.mode, seen.own, seen.filled, seen.in_store),
            (0o640, true, true, false)
        );
        fs::write(&secret, "").unwrap();
        assert!(!file(&link).unwrap().unwrap().filled);
    }

    #[test]
    fn says_what_is_there_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        assert_eq!(file(folder.path()).unwrap_err(), format!("{path} is no file"));
        assert_eq!(
            file(&folder.path().join("gone")).unwrap_err(),
            format!("{path}/gone cannot be seen: No such file or directory (os error 2)")
        );
    }
}
