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
pub enum Transport {
    /// Protobuf over HTTP/1.1.
    Http,
    /// With the body compressed.
    HttpGzip,
    /// JSON over HTTP/1.1.
    HttpJson,
    /// Protobuf over HTTP/2.
    Grpc,
}

impl Transport {
    /// Whether it goes to the port for gRPC.
    pub fn is_grpc(self) -> bool {
        self == Self::Grpc
    }
}

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What the collector said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It took the request, but for some points.
    Taken {
        /// Points that it did not take.
        rejected: u64,
        /// Why.
        message: String,
    },
    /// It took nothing.
    Refused {
        /// Why.
        message: String,
        /// Whether it said when to try again.
        has_retry_after: bool,
    },
}

/// A connection.
pub trait Sender: Send {
    /// Sends a body and waits for the answer. An error means that nobody knows whether the body was taken.
    fn send(&mut self, body: &[u8]) -> anyhow::Result<Answer>;
}

/// Opens a connection.
pub fn connect(transport: Transport, address: SocketAddr) -> anyhow::Result<Box<dyn Sender>> {
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
