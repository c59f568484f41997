//! Secrets, certificates, open ports: looks.

mod certificates;
mod secrets;
mod sockets;

use std::io::{self, ErrorKind};
use std::path::Path;

use tokio::sync::Semaphore;

use crate::config::{Config, Parts};
use crate::facts::security::{PartAddress, Security};
use crate::probe::blocking::blocking;
use crate::probe::http::Client;
use crate::probe::unix_time;

static LOOKING: Semaphore = Semaphore::const_new(1);

/// Never fails: what could not be asked is a fact too. `None` if the box has nothing of it.
pub(crate) async fn look(_client: &Client, config: &Config) -> Option<Security> {
    let timeout = config.timeout;
    let config = config.clone();
    match blocking(&LOOKING, timeout, move || read(&config)).await {
        Ok(security) => Some(security),
        // what hangs is told of the disks; here it hides the ports alone
        Err(error) => Some(Security {
            listeners: Some(Err(error)),
            ..Security::default()
        }),
    }
}

fn read(config: &Config) -> Security {
    let system = &config.system;
    let keys = system
        .certificates
        .iter()
        .filter_map(|certificate| certificate.key_file.clone());
    let mut secrets: Vec<_> = system.secrets.iter().cloned().chain(keys).collect();
    secrets.sort();
    secrets.dedup();

    let parts = addresses(&config.parts);
    let mut expected = system.listeners.clone();
    if !expected.is_empty() {
        expected.push(config.listen);
    }
    let needed = !(expected.is_empty() && parts.is_empty());
    Security {
        secrets: secrets.into_iter().map(secrets::read).collect(),
        certificates: system
            .certificates
            .iter()
            .map(|certificate| certificates::read(certificate, unix_time()))
            .collect(),
        listeners: needed.then(|| sockets::read(Path::new("/proc"))),
        expected,
        parts,
    }
}

/// `None` where this user may not look: that says nothing bad of what is there.
fn unless_hidden<T>(seen: io::Result<T>) -> io::Result<Option<T>> {
    match seen {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
        seen => seen.map(Some),
    }
}

/// Parts whose address is known. The object store is left out: it can be any program.
fn addresses(parts: &Parts) -> Vec<PartAddress> {
    parts
        .all()
        .filter_map(|(part, url)| {
            let programs: &[&str] = match part {
                "object-store" => return None,
                "node-exporter" => &["node_exporter"],
                // the kernel cuts names after 15 bytes
                "dashboard" => &["signalbox-dash"],
                "alertmanager" => &["alertmanager"],
                "prometheus" => &["prometheus"],
                "pushgateway" => &["pushgateway"],
                _ => &["thanos"],
            };
            Some(PartAddress {
                part,
                programs,
                ip: url.host_str()?.trim_matches(['[', ']']).parse().ok()?,
                port: url.port_or_known_default()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::*;

    #[test]
    fn what_is_not_to_be_seen_differs_from_what_is_not_there() {
        // as for a file in a folder that is another user's alone
        let denied = io::Error::from_raw_os_error(rustix::io::Errno::ACCESS.raw_os_error());
        assert_eq!(unless_hidden::<()>(Err(denied)).unwrap(), None);
        let gone = io::Error::from_raw_os_error(rustix::io::Errno::NOENT.raw_os_error());
        assert_eq!(
            unless_hidden::<()>(Err(gone)).unwrap_err().kind(),
            ErrorKind::NotFound
        );
        assert_eq!(unless_hidden(Ok(1)).unwrap(), Some(1));
    }

    #[test]
    fn parts_have_addresses_where_their_urls_do() {
        let parts = Parts {
            prometheus: Url::parse("http://127.0.0.1:9090").ok(),
            thanos_rule: Url::parse("https://[::1]/rule").ok(),
            dashboard: Url::parse("http://box.example:3000").ok(),
            ..Parts::default()
        };
        let found: Vec<_> = addresses(&parts)
            .into_iter()
            .map(|part| (part.part, part.ip.to_string(), part.port))
            .collect();
        assert_eq!(
            found,
            [
                ("prometheus", "127.0.0.1".to_owned(), 9090),
                ("thanos-rule", "::1".to_owned(), 443)
            ]
        );
    }
}
