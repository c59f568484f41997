//! OTLP's answers, encoded by hand: there are few, and they are small.

mod json;
mod protobuf;

use axum::http::{HeaderMap, header};

use super::Refusal;
use crate::ingest::Outcome;

pub(super) use self::protobuf::{response as protobuf_response, status as protobuf_status};

/// How requests and answers are written over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Protobuf,
    Json,
}

impl Format {
    /// What `content-type` says.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let found = headers
            .get(header::CONTENT_TYPE)
            .map_or_else(Default::default, |value| {
                String::from_utf8_lossy(value.as_bytes())
            });
        let (essence, _) = found.split_once(';').unwrap_or((&found, ""));
        let essence = essence.trim();
        [Self::Protobuf, Self::Json]
            .into_iter()
            .find(|format| essence.eq_ignore_ascii_case(format.content_type()))
            .ok_or_else(|| Refusal::ContentType(found.clone().into_owned()))
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// An `ExportMetricsServiceResponse`: empty if all was taken, else with the number of rejected points and the reasons.
    pub(super) fn response(self, outcome: &Outcome) -> Vec<u8> {
        match self {
            Self::Protobuf => protobuf::response(outcome),
            Self::Json => json::response(outcome),
        }
    }

    /// A `google.rpc.Status`, with `RetryInfo` where trying again helps.
    pub(super) fn status(self, refusal: &Refusal) -> Vec<u8> {
        match self {
            Self::Protobuf => protobuf::status(refusal),
            Self::Json => json::status(refusal),
        }
    }
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::rejection::Reason;

    #[test]
    fn the_content_type_decides() {
        let of = |value: &str| {
            let value = (
                header::CONTENT_TYPE,
                HeaderValue::from_str(value).expect("a value"),
            );
            Format::of(&HeaderMap::from_iter([value]))
        };
        assert_eq!(of("application/x-protobuf"), Ok(Format::Protobuf));
        assert_eq!(of("Application/JSON; charset=utf-8"), Ok(Format::Json));
        for other in ["application/protobuf", "application/jsonl", "text/plain", ""] {
            assert_eq!(of(other), Err(Refusal::ContentType(other.to_owned())));
        }
        assert_eq!(
            Format::of(&HeaderMap::new()),
            Err(Refusal::ContentType(String::new()))
        );
    }

    #[test]
    fn answers_in_json() {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let mut outcome = Outcome::default();
        assert_eq!(text(Format::Json.response(&outcome)), "{}");
        outcome.rejections.add(Reason::InvalidName, 2, b"\"\\\n\x01\xff");
        assert_eq!(
            text(Format::Json.response(&outcome)),
            "{\"partialSuccess\":{\"rejectedDataPoints\":\"2\",\"errorMessage\":\"2 rejected (invalid_name), first of metric \
             `\\\"\\\\\\n\\u0001\u{fffd}`: the metric's name must be UTF-8 and hold a letter or a digit\"}}"
        );
        assert_eq!(
            text(Format::Json.status(&Refusal::Method)),
            "{\"code\":12,\"message\":\"only POST is supported here\"}"
        );
        assert_eq!(
            text(Format::Json.status(&Refusal::Overloaded)),
            "{\"code\":8,\"message\":\"the collector is overloaded; try again later\",\"details\":[{\"@type\":\
             \"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"1s\"}]}"
        );
    }
}
