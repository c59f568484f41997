//! Scrapes, as Prometheus does, and counts what comes.

mod families;
mod lines;

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bench_shared::response::Response;
use flate2::read::GzDecoder;

use crate::body::Totals;

/// How long a scrape may take. The Go collector needs a minute for a million series.
const TIMEOUT: Duration = Duration::from_secs(200);

const BUFFER: usize = 256 * 1024;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Text 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Delimited protobuf.
    Protobuf,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::OpenMetrics => "OpenMetrics",
            Self::Protobuf => "protobuf",
        }
    }

    fn accept(self) -> &'static str {
        match self {
            Self::Text => "text/plain;version=0.0.4",
            Self::OpenMetrics => "application/openmetrics-text;version=1.0.0",
            Self::Protobuf => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
        }
    }

    /// What the content type of an answer in this format begins with.
    fn content_type(self) -> &'static str {
        self.accept().split_once(';').map_or("", |(essence, _)| essence)
    }
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Request {
    pub(crate) format: Format,
    pub(crate) gzip: bool,
}

/// What was seen in a scrape of the series that this program made.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) totals: Totals,
    /// Observations in the buckets of native histograms.
    pub(crate) native: u64,
    /// Whether it came to its end, where the format has one.
    pub(crate) is_whole: bool,
}

/// A scrape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scraped {
    pub(crate) wall: Duration,
    /// Bytes of the body as it came.
    pub(crate) bytes: u64,
    pub(crate) seen: Option<Seen>,
}

/// Scrapes; `None` if the format is not offered. If `check`, what comes is looked at, which may take longer than sending it.
pub(crate) fn scrape(address: SocketAddr, request: Request, check: bool) -> anyhow::Result<Option<Scraped>> {
    let started = Instant::now();
    let mut stream = TcpStream::connect(address).with_context(|| format!("no connection to {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let encoding = if request.gzip { "gzip" } else { "identity" };
    let head = format!(
        "GET /metrics HTTP/1.1\r\nhost: {address}\r\naccept: {}\r\naccept-encoding: {encoding}\r\nconnection: close\r\n\r\n",
        request.format.accept()
    );
    stream.write_all(head.as_bytes())?;
    let mut response = Response::read(BufReader::with_capacity(BUFFER, stream))?;
    ensure!(
        response.status == 200,
        "the scrape was answered with {}",
        response.status
    );
    if !response.content_type.starts_with(request.format.content_type()) {
        return Ok(None);
    }
    ensure!(
        response.gzip == request.gzip || !request.gzip,
        "the scrape came uncompressed"
    );
    let seen = match (check, response.gzip) {
        (true, true) => {
            let unpacked = BufReader::with_capacity(BUFFER, GzDecoder::new(&mut response));
            Some(look(request.format, unpacked)?)
        }
        (true, false) => Some(look(
            request.format,
            BufReader::with_capacity(BUFFER, &mut response),
        )?),
        (false, _) => None,
    };
    // what follows the end of what was looked at, or everything
    let mut buffer = vec![0; BUFFER];
    while response.read(&mut buffer)? > 0 {}
    Ok(Some(Scraped {
        wall: started.elapsed(),
        bytes: response.bytes,
        seen,
    }))
}

fn look(format: Format, body: impl std::io::BufRead) -> std::io::Result<Seen> {
    match format {
        Format::Text | Format::OpenMetrics => lines::look(body),
        Format::Protobuf => families::look(body),
    }
}
