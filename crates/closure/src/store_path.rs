use std::fmt;
use std::str::FromStr;

/// Characters of the hash in front of a name.
const HASH: usize = 32;

/// Characters that a name may have at most.
const NAME: usize = 211;

/// The name of a path in a Nix store, without the store's folder: 32 characters of base-32, `-`, and a name.
///
/// They sort as whole paths do, which is the order of references in a signature.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath(Box<str>);

/// Text that names no store path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no store path")]
pub struct InvalidStorePath(String);

impl StorePath {
    /// The store path that `path` is, or is within: `/nix/store/<hash>-<name>/bin/x` gives `<hash>-<name>`.
    pub fn within(path: &str, store: &str) -> Result<Self, InvalidStorePath> {
        path.strip_prefix(store)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.split('/').next())
            .and_then(|name| name.parse().ok())
            .ok_or_else(|| InvalidStorePath(path.to_owned()))
    }

    /// `<hash>-<name>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What people call it: the name without the hash.
    pub fn name(&self) -> &str {
        &self.0[HASH + 1..]
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StorePath {
    type Err = InvalidStorePath;

    fn from_str(text: &str) -> Result<Self, InvalidStorePath> {
        let valid = text.split_at_checked(HASH).is_some_and(|(hash, rest)| {
            hash.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z') && !b"eotu".contains(&byte))
                && rest.strip_prefix('-').is_some_and(valid_name)
        });
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidStorePath(text.to_owned()))
        }
    }
}

fn valid_name(name: &str) -> bool {
    (1..=NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-._?=".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLIBC: &str = "0q43idch209zsdngl8yl79x0y79aajib-glibc-2.40";

    #[test]
    fn a_path_is_known_by_its_name() {
        let path: StorePath = GLIBC.parse().expect("valid");
        assert_eq!(path.to_string(), GLIBC);
        assert_eq!(path.name(), "glibc-2.40");
        for whole in [
            format!("/nix/store/{GLIBC}"),
            format!("/nix/store/{GLIBC}/lib/libc.so"),
        ] {
            assert_eq!(StorePath::within(&whole, "/nix/store"), Ok(path.clone()));
        }
    }

    #[test]
    fn what_is_no_store_path_is_refused() {
        let long = format!("0q43idch209zsdngl8yl79x0y79aajib-{}", "x".repeat(212));
        for text in [
            "",
            ".links",
            "0q43idch209zsdngl8yl79x0y79aajib",
            "0q43idch209zsdngl8yl79x0y79aajib-",
            "0q43idch209zsdngl8yl79x0y79aajie-x",
            "0Q43idch209zsdngl8yl79x0y79aajib-x",
            "0q43idch209zsdngl8yl79x0y79aajib-a/b",
            "0q43idch209zsdngl8yl79x0y79aajib-a b",
            "0q43idch209zsdngl8yl79x0y79aajiü-a",
            &long,
        ] {
            assert!(text.parse::<StorePath>().is_err(), "{text}");
        }
        for path in [
            GLIBC.to_owned(),
            format!("/nix/storex/{GLIBC}"),
            format!("/gnu/store/{GLIBC}"),
            "/nix/store/".to_owned(),
        ] {
            assert!(StorePath::within(&path, "/nix/store").is_err(), "{path}");
        }
    }
}
