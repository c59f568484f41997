//! Where the metrics go.

use std::fmt::Display;
use std::time::Duration;

use axum::http::Uri;
use service::Problems;

use super::raw::RawExport;
use super::{Export, duration};
use crate::variables::{Endpoint, Given};

/// The collector of this machine.
const ENDPOINT: &str = "http://127.0.0.1:4318";

/// The path that OTLP gives to metrics.
const METRICS_PATH: &str = "/v1/metrics";

/// Twice per scrape. OpenTelemetry's default of 60 s would leave gaps.
const INTERVAL: Duration = Duration::from_secs(5);

/// Less than the interval: an export that hangs is over before the next begins.
const TIMEOUT: Duration = Duration::from_secs(4);

/// More often is no use to anybody.
const LEAST_INTERVAL: Duration = Duration::from_millis(10);

impl RawExport {
    pub(super) fn resolve(
        self,
        endpoint: Option<Endpoint>,
        interval: Option<Given>,
        timeout: Option<Given>,
        problems: &mut Problems,
    ) -> Option<Export> {
        let url = match (self.endpoint, endpoint) {
            (Some(configured), _) => url(&configured, METRICS_PATH),
            (None, Some(Endpoint::Metrics(given))) => {
                url(&given.text, "").map_err(|error| naming(&given, error))
            }
            (None, Some(Endpoint::Base(given))) => {
                url(&given.text, METRICS_PATH).map_err(|error| naming(&given, error))
            }
            (None, None) => url(ENDPOINT, METRICS_PATH),
        };
        let url = problems.take("export.endpoint", url);
        let mut time = |key, configured: Option<String>, given: Option<Given>, default| {
            let time = match (configured, given) {
                (Some(configured), _) => duration(&configured, LEAST_INTERVAL),
                (None, Some(given)) => milliseconds(&given.text).map_err(|error| naming(&given, error)),
                (None, None) => Ok(default),
            };
            problems.take(key, time)
        };
        let interval = time("export.interval", self.interval, interval, INTERVAL);
        let timeout = time("export.timeout", self.timeout, timeout, TIMEOUT);
        Some(Export {
            url: url?,
            interval: interval?,
            timeout: timeout?,
        })
    }
}

fn naming(given: &Given, error: impl Display) -> String {
    format!("{} {error}", given.variable)
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let number: u64 = text
        .trim()
        .parse()
        .map_err(|_| format!("must be a number of milliseconds, is {text:?}"))?;
    duration(&format!("{number}ms"), LEAST_INTERVAL)
}

/// The URL stands in logs. An @ anywhere is suspect: a password with a slash in it moves the @ into the path.
const CREDENTIALS: &str = "must be without user name, password and @, because it is written to the log; \
                           OTEL_EXPORTER_OTLP_HEADERS can carry credentials";

/// The base with the path appended.
fn url(base: &str, path: &str) -> Result<String, String> {
    // before anything else, because every other sentence repeats the text
    if base.contains('@') {
        return Err(CREDENTIALS.to_owned());
    }
    let wrong = || format!("must be a URL such as {ENDPOINT}, is {base:?}");
    let uri: Uri = base.trim().parse().map_err(|_| wrong())?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http"), Some(_)) if path.is_empty() => Ok(base.trim().to_owned()),
        (Some("http"), Some(_)) => Ok(format!("{}{path}", base.trim().trim_end_matches('/'))),
        (Some("https"), Some(_)) => Err(format!("must be an http URL, TLS is not offered; is {base:?}")),
        _ => Err(wrong()),
    }
}
