//! The settings as they are written in a file.

use serde::{Deserialize, Serialize};

/// The settings of the service.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    /// Addresses and ports to serve on.
    #[serde(deserialize_with = "service::one_or_many")]
    pub(super) listen: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_name: Option<String>,
    /// What tells this instance from others of the service; by default the data plane, the host's name and the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_plane_id: Option<String>,
    pub(super) export: RawExport,
    pub(super) latency: RawLatencies,
    pub(super) payments: RawPayments,
    pub(super) fault: RawFault,
}

/// Where the metrics go.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawExport {
    /// Base URL of an OTLP/HTTP receiver, such as `http://127.0.0.1:4318`; `/v1/metrics` is appended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) interval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout: Option<String>,
}

/// How long the endpoints take: `250ms`, `5ms..20ms` or `exponential 200ms`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLatencies {
    pub(super) health: String,
    pub(super) products: String,
    pub(super) orders: String,
    pub(super) reports: String,
    pub(super) search: String,
    pub(super) search_cached: String,
    pub(super) payments: String,
}

/// The simulated bank behind payments.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawPayments {
    /// This share of payments fails.
    pub(super) failure_ratio: f64,
    pub(super) breaker: RawBreaker,
}

/// The circuit breaker towards the bank.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawBreaker {
    /// So many failures in a row open it.
    pub(super) failures: u32,
    /// After this time one payment may try again.
    pub(super) open_for: String,
}

/// What goes wrong on purpose.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawFault {
    /// This share of requests fails with 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_ratio: Option<f64>,
    /// `latency_ratio` of the requests take so much longer.
    pub(super) latency: String,
    pub(super) latency_ratio: f64,
    /// Whether `x-signalbox-fault: error` makes a request fail.
    pub(super) accept_header: bool,
    /// Loopback address of `GET` and `PUT /faults`; without it, faults change by SIGHUP only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) control: Option<String>,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            listen: vec!["127.0.0.1:8080".to_owned()],
            service_name: None,
            instance_id: None,
            environment: None,
            data_plane_id: None,
            export: RawExport::default(),
            latency: RawLatencies::default(),
            payments: RawPayments::default(),
            fault: RawFault::default(),
        }
    }
}

impl Default for RawLatencies {
    fn default() -> Self {
        Self {
            health: "0ms".to_owned(),
            products: "5ms..20ms".to_owned(),
            orders: "50ms..150ms".to_owned(),
            reports: "300ms..800ms".to_owned(),
            search: "20ms..400ms".to_owned(),
            search_cached: "2ms..8ms".to_owned(),
            payments: "80ms..200ms".to_owned(),
        }
    }
}

impl Default for RawPayments {
    fn default() -> Self {
        Self {
            failure_ratio: 0.02,
            breaker: RawBreaker::default(),
        }
    }
}

impl Default for RawBreaker {
    fn default() -> Self {
        Self {
            failures: 5,
            open_for: "10s".to_owned(),
        }
    }
}

impl Default for RawFault {
    fn default() -> Self {
        Self {
            error_ratio: None,
            latency: "0ms".to_owned(),
            latency_ratio: 1.0,
            accept_header: true,
            control: None,
        }
    }
}
