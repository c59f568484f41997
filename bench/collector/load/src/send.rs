//! Sends one request and reads its answer, over either transport. Clients are as cheap as they can be: what they cost is
//! taken from what the collector can be sent.

mod grpc;
mod http;

use std::net::SocketAddr;
use std::time::Duration;

use crate::fields::{Fields, Value};

/// How requests travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    Http,
    /// With the body compressed.
    HttpGzip,
    HttpJson,
    Grpc,
}

impl Transport {
    pub(crate) fn is_grpc(self) -> bool {
        self == Self::Grpc
    }
}

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What the collector said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It took the request, but for some points.
    Taken { rejected: u64, message: String },
    /// It took nothing.
    Refused { message: String, has_retry_after: bool },
}

/// A connection.
pub(crate) trait Sender {
    /// Sends a body and waits for the answer. An error means that nobody knows whether the body was taken.
    fn send(&mut self, body: &[u8]) -> anyhow::Result<Answer>;
}

pub(crate) fn connect(transport: Transport, address: SocketAddr) -> anyhow::Result<Box<dyn Sender>> {
    Ok(match transport {
        Transport::Grpc => Box::new(grpc::Grpc::connect(address)?),
        Transport::Http | Transport::HttpGzip | Transport::HttpJson => {
            Box::new(http::Http::connect(address, transport)?)
        }
    })
}

/// What the answer of a collector that took a request says: `ExportMetricsServiceResponse` in protobuf.
fn taken(response: &[u8]) -> Answer {
    let mut rejected = 0;
    let mut message = String::new();
    for (field, value) in Fields::new(response) {
        let (1, Value::Bytes(partial)) = (field, value) else {
            continue;
        };
        for (field, value) in Fields::new(partial) {
            match (field, value) {
                (1, Value::Number(number)) => rejected = number,
                (2, Value::Bytes(text)) => {
                    message = String::from_utf8_lossy(text).into_owned();
                }
                _ => {}
            }
        }
    }
    Answer::Taken { rejected, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_success_is_read() {
        let nothing = Answer::Taken {
            rejected: 0,
            message: String::new(),
        };
        assert_eq!(taken(b""), nothing);
        assert_eq!(taken(b"\x0a\x00"), nothing);
        let partial = taken(b"\x0a\x08\x08\xac\x02\x12\x03why");
        assert_eq!(
            partial,
            Answer::Taken {
                rejected: 300,
                message: "why".to_owned()
            }
        );
    }
}
