use std::path::PathBuf;

use closure::PublicKey;
use serde::{Deserialize, Serialize};
use service::Problems;

use super::read;

/// What the installed system is compared with.
#[derive(Clone, Debug)]
pub struct Verify {
    /// The manifest of the system; or a folder with one for each generation, named `<store path>.manifest`. `None`: there is none.
    pub manifest: Option<PathBuf>,
    /// Whose manifests are believed.
    pub public_keys: Vec<PublicKey>,
    /// Where results are kept.
    pub state_dir: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawVerify {
    manifest: String,
    /// As Nix has them: `name:base64`.
    public_keys: Vec<String>,
    state_dir: PathBuf,
}

impl Default for RawVerify {
    fn default() -> Self {
        Self {
            manifest: String::new(),
            public_keys: vec![],
            state_dir: PathBuf::from("/var/lib/signalbox-health-verify"),
        }
    }
}

impl RawVerify {
    pub(super) fn validate(self, problems: &mut Problems) -> Option<Verify> {
        let public_keys: Option<Vec<PublicKey>> = self
            .public_keys
            .iter()
            .map(|text| {
                text.parse()
                    .map_err(|error| problems.add("verify.public_keys", format!("{text:?} is {error}")))
                    .ok()
            })
            .collect();
        if !self.manifest.is_empty() && self.public_keys.is_empty() {
            problems.add(
                "verify.public_keys",
                "must name whose manifests are believed, such as \"vendor-1:…\"",
            );
        }
        Some(Verify {
            manifest: read::path(self.manifest),
            public_keys: public_keys?,
            state_dir: self.state_dir,
        })
    }
}
