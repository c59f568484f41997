//! Who may talk to the collector, and who can listen: `[tls]` and `[auth]`. The files are read here, so that a
//! configuration whose files cannot be used is a wrong one, at the start and when it is read again. Of a configuration for
//! another machine they are not.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use service::Problems;
use service::tls::{Clients, Identity, certificates, private_key};

use crate::receive::Tokens;

/// What stands between the collector and strangers.
#[derive(Debug, Clone)]
pub(crate) struct Security {
    /// What the collector shows of itself, where connections are encrypted.
    pub(crate) identity: Option<Identity>,
    /// Whether scrapes of what is collected are encrypted too.
    pub(crate) data: bool,
    /// Whether clients must show a certificate, where connections are encrypted.
    pub(crate) certified_clients: bool,
    /// What a sender must show; nothing if there are none.
    pub(crate) tokens: Option<Tokens>,
}

/// Files in PEM form.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawTls {
    /// The collector's certificate, and those that lead from it to the authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    cert_file: Option<PathBuf>,
    /// The private key of that certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_file: Option<PathBuf>,
    /// The authorities of the clients that are let in; without it, clients need no certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ca_file: Option<PathBuf>,
    /// Whether it is for `listen.data` too, and not for OTLP alone.
    data: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAuth {
    /// Tokens, one per line. A sender must show one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    bearer_token_file: Option<PathBuf>,
}

impl Security {
    /// Without what there were problems with.
    pub(super) fn of(tls: RawTls, auth: RawAuth, problems: &mut Problems) -> Self {
        let file = auth.bearer_token_file.filter(|_| !problems.elsewhere());
        Self {
            data: tls.data,
            certified_clients: tls.client_ca_file.is_some(),
            identity: tls.identity(problems),
            tokens: file.and_then(|file| problems.take("auth.bearer_token_file", tokens(&file))),
        }
    }
}

impl RawTls {
    fn identity(self, problems: &mut Problems) -> Option<Identity> {
        let (cert_file, key_file) = match (&self.cert_file, &self.key_file) {
            (Some(cert_file), Some(key_file)) => (cert_file, key_file),
            (Some(_), None) => {
                problems.add(
                    "tls.key_file",
                    "is missing; the certificate of tls.cert_file needs its private key",
                );
                return None;
            }
            (None, Some(_)) => {
                problems.add(
                    "tls.cert_file",
                    "is missing; the key of tls.key_file needs its certificate",
                );
                return None;
            }
            (None, None) => {
                let idle = [
                    ("tls.client_ca_file", self.client_ca_file.is_some()),
                    ("tls.data", self.data),
                ];
                for (key, _) in idle.into_iter().filter(|(_, set)| *set) {
                    problems.add(
                        key,
                        "has no effect without encryption; set tls.cert_file and tls.key_file too",
                    );
                }
                return None;
            }
        };
        if problems.elsewhere() {
            return None;
        }
        let certificates = problems.take("tls.cert_file", certificates(cert_file));
        let key = problems.take("tls.key_file", private_key(key_file));
        let clients = match &self.client_ca_file {
            None => Some(Clients::all()),
            Some(file) => problems.take("tls.client_ca_file", Clients::certified_by(file)),
        };
        let identity = Identity::new(certificates?, key?, clients?);
        problems.take("tls.key_file", identity)
    }
}

fn tokens(file: &Path) -> Result<Tokens, String> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        format!(
            "{}: cannot be read: {error}; it must hold tokens, one per line",
            file.display()
        )
    })?;
    let tokens = Tokens::parse(&text);
    tokens.map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests;
