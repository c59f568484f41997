//! What the series look like: a resource has 20 metrics, each in 50 sets of attributes.

use bench_shared::message::Attribute;

/// Series of one resource.
pub(crate) const SERIES: usize = METRICS * SETS;
/// Metrics of one resource.
pub(crate) const METRICS: usize = 20;
/// Sets of attributes of one metric.
pub(crate) const SETS: usize = 50;

/// The bounds of histograms: those of the semantic conventions for HTTP, in seconds.
pub(crate) const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Buckets of histograms with these bounds.
pub(crate) const BUCKETS: usize = BOUNDS.len() + 1;
/// Buckets of exponential histograms, all positive.
pub(crate) const EXPONENTIAL_BUCKETS: usize = 40;

/// The instrumentation scope of all metrics.
pub(crate) const SCOPE: (&str, &str) = ("io.opentelemetry.contrib.http", "1.32.0");

/// What is measured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A cumulative sum of integers.
    Counter,
    /// Doubles with fractions.
    Gauge,
    /// Cumulative, with [`BOUNDS`].
    Histogram,
    /// Cumulative, with [`EXPONENTIAL_BUCKETS`].
    Exponential,
    /// A sum of integers since the point before.
    Delta,
}

impl Kind {
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Counter | Self::Delta => "{request}",
            Self::Gauge => "By",
            Self::Histogram | Self::Exponential => "s",
        }
    }
}

/// Which series: those that the checks look at, or others that are only there to be too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Herd {
    Known,
    /// Of resources that were never there before, each time that they are sent.
    NewResources,
    /// With attributes that were never there before, of resources that are.
    NewAttributes,
}

impl Herd {
    /// What the names of its metrics begin with, in OTLP and when exposed.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Known => "bench",
            Self::NewResources | Self::NewAttributes => "fresh",
        }
    }
}

/// The name of a resource's metric.
pub(crate) fn metric(herd: Herd, index: usize) -> String {
    format!("{}.http.server.measure.{index:02}", herd.prefix())
}

/// The description of a resource's metric.
pub(crate) fn description(index: usize) -> String {
    format!("What the server measures of its requests, number {index:02}.")
}

/// The attributes of a resource. The number stands in `service.instance.id` with eight digits.
pub(crate) fn resource(number: usize) -> [(&'static str, String); 6] {
    [
        ("service.namespace", "shop".to_owned()),
        ("service.name", format!("checkout-{:02}", number % 100)),
        ("service.instance.id", format!("{INSTANCE}{number:08}")),
        ("service.version", "2026.11.3".to_owned()),
        ("deployment.environment.name", "prod".to_owned()),
        ("host.name", "node-17.prod.example".to_owned()),
    ]
}

/// What stands before the number in `service.instance.id`.
pub(crate) const INSTANCE: &str = "0b7e4c1a-5d92-4f36-8a60-";

/// What stands before a number of eight digits in `http.route`, where each point has one.
pub(crate) const ROUTE: &str = "/api/v1/r/";

/// The attributes of a point.
pub(crate) fn attributes(herd: Herd, set: usize) -> [(&'static str, Attribute); 4] {
    const METHODS: [&str; 5] = ["GET", "PUT", "POST", "PATCH", "DELETE"];
    const STATUSES: [u64; 5] = [200, 201, 404, 429, 500];
    let text = |text: String| Attribute::Text(text);
    [
        ("http.request.method", text(METHODS[set % 5].to_owned())),
        (
            "http.route",
            text(match herd {
                Herd::NewAttributes => format!("{ROUTE}{set:08}"),
                Herd::Known | Herd::NewResources => format!("/api/v1/resources/{set:02}"),
            }),
        ),
        (
            "http.response.status_code",
            Attribute::Integer(STATUSES[set / 5 % 5]),
        ),
        ("server.address", text(format!("10.20.30.{:03}", 100 + set))),
    ]
}
