//! How the collector takes what it is sent. The log hears of it when it changes, and not at every export.

use std::time::Instant;

use bytes::Bytes;
use opentelemetry_http::{HttpError, Response};
use prost::Message as _;

use crate::outage::Outage;

/// Follows what becomes of the exports to one collector.
#[derive(Debug)]
pub(super) struct Reception {
    url: String,
    /// Nothing reaches it.
    unreached: Outage,
    /// It is reached, and refuses a part of what it is sent.
    refusing: Outage,
    /// It takes everything, and has something to say about it.
    remarking: Outage,
}

/// The answer to an export: `ExportMetricsServiceResponse` of OTLP.
#[derive(Clone, PartialEq, prost::Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

/// What was not in order with an export that arrived. `ExportMetricsPartialSuccess` of OTLP.
#[derive(Clone, PartialEq, prost::Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_data_points: i64,
    /// Why they were rejected; a mere remark if none was.
    #[prost(string, tag = "2")]
    error_message: String,
}

impl Reception {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            unreached: Outage::default(),
            refusing: Outage::default(),
            remarking: Outage::default(),
        }
    }

    pub(super) fn note(&mut self, result: &Result<Response<Bytes>, HttpError>) {
        match result {
            Ok(response) if response.status().is_success() => {
                self.reached();
                self.answered(partial_success(response.body()));
            }
            Ok(response) => self.not_reached(&format!("it answered {}", response.status())),
            Err(error) => self.not_reached(&innermost(&**error)),
        }
    }

    fn not_reached(&mut self, error: &str) {
        if let Some(lasted) = self.unreached.failed(Instant::now()) {
            tracing::warn!(
                collector.url = self.url,
                outage.seconds = lasted.as_secs(),
                error,
                "metrics do not reach the collector, requests are served all the same"
            );
        }
    }

    fn reached(&mut self) {
        if let Some(lasted) = self.unreached.worked(Instant::now()) {
            tracing::info!(
                collector.url = self.url,
                outage.seconds = lasted.as_secs(),
                "metrics reach the collector again"
            );
        }
    }

    fn answered(&mut self, partial_success: PartialSuccess) {
        let now = Instant::now();
        let PartialSuccess {
            rejected_data_points: rejected,
            error_message,
        } = partial_success;
        if rejected > 0 {
            if let Some(lasted) = self.refusing.failed(now) {
                tracing::warn!(
                    collector.url = self.url,
                    outage.seconds = lasted.as_secs(),
                    export.rejected_data_points = rejected,
                    error = beginning(&error_message),
                    "the collector refuses a part of the metrics"
                );
            }
            return;
        }
        if let Some(lasted) = self.refusing.worked(now) {
            tracing::info!(
                collector.url = self.url,
                outage.seconds = lasted.as_secs(),
                "the collector takes all metrics again"
            );
        }
        if error_message.is_empty() {
            self.remarking.worked(now);
        } else if self.remarking.failed(now).is_some() {
            tracing::warn!(
                collector.url = self.url,
                collector.remark = beginning(&error_message),
                "the collector takes the metrics with a remark"
            );
        }
    }
}

/// What was not in order. The body of other receivers may be anything: they took the metrics, and say no more.
fn partial_success(body: &Bytes) -> PartialSuccess {
    Answer::decode(body.clone())
        .ok()
        .and_then(|answer| answer.partial_success)
        .unwrap_or_default()
}

/// As much of a collector's message as a line of the log holds.
fn beginning(message: &str) -> &str {
    const MOST_BYTES: usize = 500;
    &message[..message.floor_char_boundary(MOST_BYTES)]
}

/// The error at the bottom says what happened (`Connection refused`); those above it say what was tried.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
    };

    use super::*;

    #[test]
    fn reads_what_a_collector_answers() {
        let answer = ExportMetricsServiceResponse {
            partial_success: Some(ExportMetricsPartialSuccess {
                rejected_data_points: 3,
                error_message: "too old".to_owned(),
            }),
        };
        let read = partial_success(&answer.encode_to_vec().into());
        assert_eq!(
            (read.rejected_data_points, read.error_message.as_str()),
            (3, "too old")
        );
        for other in [&b""[..], b"{}", b"<html>", b"\xff\xff\xff\xff"] {
            assert_eq!(
                partial_success(&Bytes::from_static(other)),
                PartialSuccess::default()
            );
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        assert_eq!(beginning("too old"), "too old");
        let long = "ä".repeat(400);
        assert_eq!(beginning(&long), "ä".repeat(250));
        let odd = format!("a{long}");
        assert_eq!(beginning(&odd).len(), 499);
    }
}
