//! Where the collector listens.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use service::Problems;

/// The addresses, in the order in which signalbox-collector.socket lists them.
pub(super) const KEYS: [&str; 4] = ["listen.grpc", "listen.http", "listen.data", "listen.self_metrics"];

/// Where the collector listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen {
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) data: SocketAddr,
    pub(crate) self_metrics: SocketAddr,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawListen {
    grpc: String,
    http: String,
    data: String,
    self_metrics: String,
}

impl Default for RawListen {
    fn default() -> Self {
        let loopback = |port: u16| format!("127.0.0.1:{port}");
        Self {
            grpc: loopback(4317),
            http: loopback(4318),
            data: loopback(8889),
            self_metrics: loopback(8888),
        }
    }
}

impl RawListen {
    pub(super) fn parse(self, problems: &mut Problems) -> Option<Listen> {
        let mut address = |key: &str, text: &str| {
            let address = text.parse().ok();
            if address.is_none() {
                let message =
                    format!("must be an IP address and a port, such as 127.0.0.1:4317, is `{text}`");
                problems.add(key, message);
            }
            address
        };
        let grpc = address("listen.grpc", &self.grpc);
        let http = address("listen.http", &self.http);
        let data = address("listen.data", &self.data);
        let self_metrics = address("listen.self_metrics", &self.self_metrics);
        let all = [
            ("listen.grpc", grpc),
            ("listen.http", http),
            ("listen.data", data),
            ("listen.self_metrics", self_metrics),
        ];
        for (index, (key, address)) in all.into_iter().enumerate() {
            let Some(address) = address.filter(|address: &SocketAddr| address.port() != 0) else {
                continue;
            };
            let earlier = all[..index].iter().find(|(_, other)| *other == Some(address));
            if let Some((other, _)) = earlier {
                problems.add(key, format!("must differ from {other}, is {address} too"));
            }
        }
        Some(Listen {
            grpc: grpc?,
            http: http?,
            data: data?,
            self_metrics: self_metrics?,
        })
    }
}
