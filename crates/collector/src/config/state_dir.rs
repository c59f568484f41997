//! Where state is kept over restarts.

use std::ffi::OsString;
use std::path::PathBuf;

/// The directory in which state is kept; `None`: nowhere. What is not configured is what systemd gives: the first of
/// `$STATE_DIRECTORY`, which holds a list if the unit has several. An empty text is nowhere whatever systemd gives.
pub(super) fn state_dir(configured: Option<String>, of_systemd: Option<OsString>) -> Option<PathBuf> {
    let given = match configured {
        Some(configured) => PathBuf::from(configured),
        None => std::env::split_paths(&of_systemd?).next()?,
    };
    (!given.as_os_str().is_empty()).then_some(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_wins_over_systemd() {
        for (configured, of_systemd, expected) in [
            (None, None, None),
            (None, Some("/var/lib/a"), Some("/var/lib/a")),
            (None, Some("/var/lib/a:/var/lib/b"), Some("/var/lib/a")),
            (None, Some(""), None),
            (Some(""), Some("/var/lib/a"), None),
            (Some("/srv/state"), Some("/var/lib/a"), Some("/srv/state")),
        ] {
            let found = state_dir(configured.map(str::to_owned), of_systemd.map(OsString::from));
            assert_eq!(
                found,
                expected.map(PathBuf::from),
                "{configured:?} {of_systemd:?}"
            );
        }
    }
}
