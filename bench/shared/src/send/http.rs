//! HTTP/1.1 on a plain socket, one request after another.

use std::io::{BufRead, BufReader, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, bail, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Answer, Sender, TIMEOUT, Transport, taken};

pub(super) struct Http {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
    transport: Transport,
    /// Written anew for each request.
    head: Vec<u8>,
    packed: Vec<u8>,
}

impl Http {
    pub(super) fn connect(address: SocketAddr, transport: Transport) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("no connection to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self {
            stream: BufReader::new(stream),
            address,
            transport,
            head: Vec::new(),
            packed: Vec::new(),
        })
    }

    fn answer(&mut self) -> anyhow::Result<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line
            .split_whitespace()
            .nth(1)
            .with_context(|| format!("no answer but {line:?}"))?;
        let status = status.to_owned();
        let (mut length, mut has_retry_after) = (0, false);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse()?,
                "transfer-encoding" => bail!("an answer in chunks is not understood"),
                "retry-after" => has_retry_after = true,
                _ => {}
            }
        }
        ensure!(length < 1 << 20, "an answer of {length} bytes");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(match (status.as_str(), self.transport) {
            ("200", Transport::HttpJson) => json_taken(&body),
            ("200", _) => taken(&body),
            _ => Answer::Refused {
                message: format!("{status} {}", printable(&body)),
                has_retry_after,
            },
        })
    }
}

impl Sender for Http {
    fn send(&mut self, body: &[u8]) -> anyhow::Result<Answer> {
        let mut body = body;
        if self.transport == Transport::HttpGzip {
            self.packed.clear();
            let mut encoder = GzEncoder::new(std::mem::take(&mut self.packed), Compression::fast());
            encoder.write_all(body)?;
            self.packed = encoder.finish()?;
            body = &self.packed;
        }
        let content_type = match self.transport {
            Transport::HttpJson => "application/json",
            Transport::HttpGzip => "application/x-protobuf\r\ncontent-encoding: gzip",
            _ => "application/x-protobuf",
        };
        self.head.clear();
        write!(
            self.head,
            "POST /v1/metrics HTTP/1.1\r\nhost: {}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        )?;
        write_both(self.stream.get_mut(), &self.head, body)?;
        self.answer()
    }
}

/// Writes head and body in as few system calls as it takes.
fn write_both(stream: &mut TcpStream, head: &[u8], body: &[u8]) -> std::io::Result<()> {
    let written = stream.write_vectored(&[IoSlice::new(head), IoSlice::new(body)])?;
    if let Some(rest) = head.get(written..).filter(|rest| !rest.is_empty()) {
        stream.write_all(rest)?;
        return stream.write_all(body);
    }
    stream.write_all(&body[written - head.len()..])
}

fn json_taken(body: &[u8]) -> Answer {
    let response: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let partial = &response["partialSuccess"];
    // a 64-bit integer is text in protobuf's JSON, and a number is allowed
    let rejected = &partial["rejectedDataPoints"];
    let as_text = || rejected.as_str().and_then(|text| text.parse().ok());
    Answer::Taken {
        rejected: rejected.as_u64().or_else(as_text).unwrap_or(0),
        message: partial["errorMessage"].as_str().unwrap_or_default().to_owned(),
    }
}

/// What of an error can be read: it is a `google.rpc.Status` in protobuf, or JSON.
fn printable(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| c.is_ascii() && !c.is_control())
        .collect();
    text.chars().take(200).collect()
}
