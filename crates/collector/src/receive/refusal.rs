//! Why a request is refused as a whole, in the terms of both transports.

use std::fmt;

use axum::http::StatusCode;
use tonic::Code;

use crate::admission::Busy;
use crate::otlp::Malformed;

/// Why a request is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Overloaded,
    /// What it holds could not be written down.
    Unsaved,
    TooLarge {
        limit: usize,
    },
    Malformed(Malformed),
    /// A body in JSON, and where it is wrong.
    MalformedJson(String),
    /// The sender shows no token, and one is asked for.
    NoToken,
    /// The sender shows a token that is not known.
    WrongToken,
    /// The body does not unpack.
    Compression,
    /// The body did not come to its end.
    Aborted,
    TooSlow,
    ContentType(String),
    ContentEncoding(String),
    /// It is compressed more than once.
    ContentEncodings,
    GrpcEncoding,
    /// What came to the port of gRPC is none.
    WrongPort,
    Signal(&'static str),
    Method,
    Path(String),
}

impl Refusal {
    pub(crate) const REASONS: [&str; 15] = [
        "overloaded",
        "unsaved",
        "too_large",
        "malformed",
        "no_token",
        "wrong_token",
        "compression",
        "aborted",
        "too_slow",
        "content_type",
        "content_encoding",
        "wrong_port",
        "signal",
        "method",
        "path",
    ];

    /// After how many seconds the sender may try again; `None` if that would not help.
    pub(super) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Overloaded | Self::TooSlow => Some(1),
            Self::Unsaved => Some(5),
            _ => None,
        }
    }

    /// The value of the label `reason` in the collector's own metrics.
    pub(crate) fn reason(&self) -> &'static str {
        self.row().0
    }

    pub(super) fn http_status(&self) -> StatusCode {
        self.row().1
    }

    pub(super) fn grpc_code(&self) -> Code {
        self.row().2
    }

    fn row(&self) -> (&'static str, StatusCode, Code) {
        match self {
            Self::Overloaded => (
                "overloaded",
                StatusCode::TOO_MANY_REQUESTS,
                Code::ResourceExhausted,
            ),
            Self::Unsaved => ("unsaved", StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
            Self::TooLarge { .. } => ("too_large", StatusCode::PAYLOAD_TOO_LARGE, Code::InvalidArgument),
            Self::Malformed(_) | Self::MalformedJson(_) => {
                ("malformed", StatusCode::BAD_REQUEST, Code::InvalidArgument)
            }
            Self::NoToken => ("no_token", StatusCode::UNAUTHORIZED, Code::Unauthenticated),
            Self::WrongToken => ("wrong_token", StatusCode::UNAUTHORIZED, Code::Unauthenticated),
            Self::Compression => ("compression", StatusCode::BAD_REQUEST, Code::InvalidArgument),
            Self::Aborted => ("aborted", StatusCode::BAD_REQUEST, Code::Cancelled),
            // OTLP's senders do not repeat a request after 408
            Self::TooSlow => (
                "too_slow",
                StatusCode::SERVICE_UNAVAILABLE,
                Code::DeadlineExceeded,
            ),
            Self::ContentType(_) => (
                "content_type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::InvalidArgument,
            ),
            Self::ContentEncoding(_) | Self::ContentEncodings | Self::GrpcEncoding => (
                "content_encoding",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::Unimplemented,
            ),
            Self::WrongPort => (
                "wrong_port",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::InvalidArgument,
            ),
            Self::Signal(_) => ("signal", StatusCode::NOT_FOUND, Code::Unimplemented),
            Self::Method => ("method", StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented),
            Self::Path(_) => ("path", StatusCode::NOT_FOUND, Code::Unimplemented),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overloaded => f.write_str("the collector is overloaded; try again later"),
            Self::Unsaved => f.write_str(
                "the collector cannot write its state; send this again later, and look for space in its state_dir",
            ),
            Self::TooLarge { limit } => {
                write!(
                    f,
                    "the request is larger than {limit} bytes; send smaller batches or raise limits.request_bytes"
                )
            }
            Self::Malformed(malformed) => {
                write!(
                    f,
                    "the body is no ExportMetricsServiceRequest in protobuf: {malformed}"
                )
            }
            Self::MalformedJson(error) => {
                write!(f, "the body is no ExportMetricsServiceRequest in JSON: {error}")
            }
            Self::NoToken => f.write_str(
                "a token is needed; send it as `authorization: Bearer <token>` (OTEL_EXPORTER_OTLP_HEADERS)",
            ),
            Self::WrongToken => f.write_str(
                "the token is not known here; send one that is as `authorization: Bearer <token>` \
                 (OTEL_EXPORTER_OTLP_HEADERS)",
            ),
            Self::Compression => f.write_str("the body does not unpack; compress it as its header says"),
            Self::Aborted => f.write_str("the body ended early"),
            Self::TooSlow => f.write_str("the request took too long to arrive"),
            Self::ContentType(found) => {
                write!(
                    f,
                    "content type {found:?} is not supported; send application/x-protobuf or application/json \
                     (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf)"
                )
            }
            Self::ContentEncoding(found) => {
                write!(
                    f,
                    "content encoding {found:?} is not supported; send gzip, zstd or none"
                )
            }
            Self::ContentEncodings => {
                f.write_str("the body is compressed more than once; send gzip, zstd or none")
            }
            Self::GrpcEncoding => f.write_str("this grpc-encoding is not supported; send gzip, zstd or none"),
            Self::WrongPort => f.write_str(
                "this port takes OTLP over gRPC; send OTLP over HTTP to the other one, 4318 by default",
            ),
            Self::Signal(signal) => {
                write!(f, "{signal} are not collected; only metrics are, at /v1/metrics")?;
                match *signal {
                    // no SDK has a variable for them
                    "profiles" => Ok(()),
                    signal => write!(f, " (OTEL_{}_EXPORTER=none)", signal.to_uppercase()),
                }
            }
            Self::Method => f.write_str("only POST is supported here"),
            Self::Path(path) => write!(f, "there is nothing at {path:?}; send metrics to /v1/metrics"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Busy> for Refusal {
    fn from(Busy: Busy) -> Self {
        Self::Overloaded
    }
}
