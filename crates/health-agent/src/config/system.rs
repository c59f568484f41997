use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use service::Problems;

use super::read::{self, keep};

/// The machine under the box.
#[derive(Clone, Debug)]
pub struct System {
    /// Who starts and stops the parts, if it is not systemd.
    pub demo: Option<Demo>,
    /// Units that must be active, beside those that `signalbox.target` wants. Without any of both, systemd is not asked.
    pub units: Vec<String>,
    /// Where there must be room.
    pub mounts: Vec<PathBuf>,
    /// Files that their owner alone may read.
    pub secrets: Vec<PathBuf>,
    /// Certificates in PEM, and the key beside each where there is one.
    pub certificates: Vec<Certificate>,
    /// Addresses on which something may listen beyond loopback, such as `10.0.0.10:9090`. Empty: not compared.
    pub listeners: Vec<SocketAddr>,
    /// The profile whose generations are booted: `/nix/var/nix/profiles/system`. Empty where there is none.
    pub profile: Option<PathBuf>,
    /// Whether the clock must be kept by a time server.
    pub clock: bool,
}

/// A demo of the whole box on one machine: how to call it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// As a person types it.
    pub program: PathBuf,
    /// If it is not where every demo keeps its state.
    pub state_dir: Option<PathBuf>,
}

/// A certificate and its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "keys are called as other services' settings call them"
)]
pub struct Certificate {
    /// The chain, PEM.
    pub cert_file: PathBuf,
    /// Its key, PEM.
    pub key_file: Option<PathBuf>,
    /// The authorities that it must lead to, PEM.
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSystem {
    #[serde(skip_serializing_if = "Option::is_none")]
    demo: Option<Demo>,
    units: Vec<String>,
    mounts: Vec<PathBuf>,
    secrets: Vec<PathBuf>,
    certificates: Vec<Certificate>,
    listeners: Vec<String>,
    profile: String,
    clock: bool,
}

impl Default for RawSystem {
    fn default() -> Self {
        Self {
            demo: None,
            units: vec![],
            mounts: vec![PathBuf::from("/")],
            secrets: vec![],
            certificates: vec![],
            listeners: vec![],
            profile: String::new(),
            clock: false,
        }
    }
}

impl RawSystem {
    pub(super) fn validate(self, problems: &mut Problems) -> Option<System> {
        let listeners = self
            .listeners
            .iter()
            .map(|text| keep(problems, "system.listeners", read::address(text)))
            .collect::<Vec<_>>()
            .into_iter()
            .collect::<Option<Vec<_>>>();
        Some(System {
            demo: self.demo,
            units: self.units,
            mounts: self.mounts,
            secrets: self.secrets,
            certificates: self.certificates,
            listeners: listeners?,
            profile: read::path(self.profile),
            clock: self.clock,
        })
    }
}
