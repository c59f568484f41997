//! The keys of the object store that runs in the box: made once, kept in the state directory beside its data.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use rand::RngExt as _;

/// In the forms that Garage wants; MinIO takes any.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// `GK` and 24 hexadecimal digits.
    pub(crate) id: String,
    /// 64 hexadecimal digits.
    pub(crate) secret: String,
    /// For Garage's own protocol: 64 hexadecimal digits.
    pub(crate) rpc: String,
}

impl Keys {
    /// Those that the files in `folder` hold; new ones where there are none. Whoever uses them writes them there.
    pub(crate) fn kept_in(folder: &Path) -> Self {
        let read = |name: &str| {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            (!text.is_empty()).then_some(text)
        };
        let kept = read("s3-credentials").and_then(|text| {
            let value = |key: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(key))?;
                Some(line.strip_prefix(" = ")?.to_owned())
            };
            Some((value("aws_access_key_id")?, value("aws_secret_access_key")?))
        });
        let Self { id, secret, rpc } = Self::new();
        let (id, secret) = kept.unwrap_or((id, secret));
        let rpc = read("garage-rpc-secret").unwrap_or(rpc);
        Self { id, secret, rpc }
    }

    pub(crate) fn new() -> Self {
        Self {
            id: format!("GK{}", random(12)),
            secret: random(32),
            rpc: random(32),
        }
    }
}

impl fmt::Debug for Keys {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// That many random bytes, in hexadecimal digits.
fn random(bytes: usize) -> String {
    let mut rng = rand::rng();
    (0..bytes).fold(String::new(), |mut text, _| {
        let _ = write!(text, "{:02x}", rng.random::<u8>());
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let made = Keys::kept_in(folder.path());
        assert_eq!((made.id.len(), made.secret.len(), made.rpc.len()), (26, 64, 64));
        assert!(made.id.starts_with("GK"));
        assert_ne!(made, Keys::kept_in(folder.path()), "nothing is kept yet");
        let credentials = format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            made.id, made.secret
        );
        fs::write(folder.path().join("s3-credentials"), credentials).unwrap();
        fs::write(folder.path().join("garage-rpc-secret"), &made.rpc).unwrap();
        assert_eq!(made, Keys::kept_in(folder.path()));
        fs::write(folder.path().join("garage-rpc-secret"), "").unwrap();
        assert_eq!(
            Keys::kept_in(folder.path()).rpc.len(),
            64,
            "an empty file is none"
        );
        let shown = format!("{made:?}");
        assert!(
            !shown.contains(&made.secret) && !shown.contains(&made.rpc),
            "{shown}"
        );
    }
}
