//! What the API answers when it cannot answer.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::upstream::UpstreamError;

/// The body of every answer that is not 2xx.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    pub(crate) error: Problem,
}

/// What went wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    pub(crate) code: Code,
    #[schema(example = "there is no environment named staging")]
    pub(crate) message: String,
    #[schema(example = "use one of prod, dev, qa")]
    pub(crate) hint: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Code {
    /// A parameter has a value that it cannot have.
    InvalidParameter,
    UnknownEnvironment,
    UnknownPanel,
    /// There is nothing at this path.
    NotFound,
    MethodNotAllowed,
    /// Too many questions to the store are under way.
    Busy,
    StoreUnreachable,
    StoreTimedOut,
    /// The store answered that it will not answer.
    StoreRefused,
    /// The store answered something that is no answer.
    StoreGarbled,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

impl Code {
    fn status(self) -> StatusCode {
        match self {
            Self::InvalidParameter => StatusCode::BAD_REQUEST,
            Self::UnknownEnvironment | Self::UnknownPanel | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::StoreTimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::StoreUnreachable | Self::StoreRefused | Self::StoreGarbled => StatusCode::BAD_GATEWAY,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let mut response = (status, Json(ErrorBody { error: self })).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<UpstreamError> for Problem {
    fn from(error: UpstreamError) -> Self {
        let (code, hint) = match &error {
            UpstreamError::Unreachable { .. } => (
                Code::StoreUnreachable,
                "see whether the metrics store runs, and `upstream` of the dashboard names it",
            ),
            UpstreamError::TimedOut(_) => (
                Code::StoreTimedOut,
                "choose a shorter range, or see what else keeps the metrics store busy",
            ),
            UpstreamError::Refused { .. } => {
                (Code::StoreRefused, "the log of the metrics store may say more")
            }
            UpstreamError::Garbled(_) | UpstreamError::TooLarge(_) => (
                Code::StoreGarbled,
                "see whether `upstream` of the dashboard names a Prometheus-compatible query API",
            ),
            UpstreamError::Busy => (Code::Busy, "try again in a second"),
        };
        Self::new(code, format!("the metrics store {error}"), hint)
    }
}
