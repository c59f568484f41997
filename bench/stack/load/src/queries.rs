//! What is asked.

use std::time::Duration;

use crate::http::encoded;
use crate::shape;

/// Rates of the dashboard are taken over this: four scrapes.
const WINDOW: &str = "40s";

/// What belongs together: its latencies are looked at as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Set {
    /// The queries that the dashboard asks for its landing page and for the page of an environment.
    Dashboard,
    /// Aggregates over much of all series, as people write them when they look for something.
    Heavy,
    /// What a browser asks the dashboard.
    Pages,
}

#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// What it is called in the results.
    pub(crate) name: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Instant(String),
    /// The newest `seconds`, a value each `step` seconds.
    Range {
        query: String,
        seconds: u64,
        step: u64,
    },
    /// A path of the dashboard.
    Page(String),
}

impl Set {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Heavy => "heavy",
            Self::Pages => "pages",
        }
    }

    /// The longest that it may take, in seconds, of 99 in 100.
    pub(crate) fn goal(self) -> f64 {
        match self {
            Self::Dashboard | Self::Pages => 2.0,
            Self::Heavy => 30.0,
        }
    }

    /// How often a browser asks anew; `None` for those who do not wait.
    pub(crate) fn refresh(self) -> Option<Duration> {
        (self == Self::Pages).then_some(Duration::from_secs(10))
    }

    pub(crate) fn queries(self) -> Vec<Query> {
        match self {
            Self::Dashboard => dashboard(),
            Self::Heavy => heavy(),
            Self::Pages => pages(),
        }
    }
}

impl Query {
    /// What is asked for at a time, in seconds after 1970.
    pub(crate) fn path(&self, now: u64) -> String {
        match &self.kind {
            Kind::Instant(query) => format!("/api/v1/query?query={}&time={now}", encoded(query)),
            Kind::Range { query, seconds, step } => {
                // as the dashboard does: aligned, without the scrape that may still be under way
                let end = (now - 10) / step * step;
                let start = end - seconds.next_multiple_of(*step);
                format!(
                    "/api/v1/query_range?query={}&start={start}&end={end}&step={step}",
                    encoded(query)
                )
            }
            Kind::Page(path) => path.clone(),
        }
    }
}

fn instant(name: &str, query: impl Into<String>) -> Query {
    Query {
        name: name.to_owned(),
        kind: Kind::Instant(query.into()),
    }
}

fn range(name: impl Into<String>, query: String, seconds: u64, step: u64) -> Query {
    Query {
        name: name.into(),
        kind: Kind::Range { query, seconds, step },
    }
}

const REQUESTS: &str = "http_server_request_duration_seconds_count";
const BUCKETS: &str = "http_server_request_duration_seconds_bucket";
/// As a rule records them, over the same window.
const RECORDED_BUCKETS: &str = "environment_le:http_request_duration_seconds_bucket:rate40s";
const ACTIVE: &str = "http_server_active_requests";
const FAILED: &str = r#"http_response_status_code=~"5..""#;

/// As in crates/dashboard/src/queries.rs, over an hour on charts of 600 pixels, which is what the dashboard begins with.
fn dashboard() -> Vec<Query> {
    const HOUR: u64 = 3600;
    const STEP: u64 = 15;
    let ratio = |sum: &str, of: &str| {
        let all = format!("{sum}(rate({REQUESTS}{{{of}}}[{WINDOW}]))");
        let of = if of.is_empty() {
            FAILED.to_owned()
        } else {
            format!("{of},{FAILED}")
        };
        let failed = format!("{sum}(rate({REQUESTS}{{{of}}}[{WINDOW}]))");
        format!("({failed} or {all} * 0) / ({all} > 0)")
    };
    let by = "sum by (environment) ";
    let mut queries = vec![
        instant("targets", r#"up{job=~"dataplane-.*"}"#),
        instant("newest", format!("max by (environment) (timestamp({REQUESTS}))")),
        instant("requests", format!("{by}(rate({REQUESTS}[{WINDOW}]))")),
        instant("errors", format!("{by}(rate({REQUESTS}{{{FAILED}}}[{WINDOW}]))")),
        instant(
            "p95",
            format!("histogram_quantile(0.95, sum by (environment, le) ({RECORDED_BUCKETS}))"),
        ),
        instant("active", format!("{by}({ACTIVE})")),
        range("sparklines", ratio(by, ""), HOUR, STEP),
    ];
    for environment in ["prod", "dev", "qa"] {
        let of = format!("environment=\"{environment}\"");
        let mut panel = |name: &str, query: String| {
            queries.push(range(format!("{name} {environment}"), query, HOUR, STEP));
        };
        panel("requests", format!("sum(rate({REQUESTS}{{{of}}}[{WINDOW}]))"));
        for quantile in ["0.5", "0.95", "0.99"] {
            let buckets = format!("sum by (le) ({RECORDED_BUCKETS}{{{of}}})");
            panel(
                &format!("quantile {quantile}"),
                format!("histogram_quantile({quantile}, {buckets})"),
            );
        }
        panel("errors", ratio("sum", &of));
        panel("active", format!("sum({ACTIVE}{{{of}}})"));
    }
    queries
}

/// Six over 0.6 to 15 % of all series, two over time.
fn heavy() -> Vec<Query> {
    let service = shape::service(7);
    vec![
        instant(
            "requests by service",
            format!("sum by (service_name) (rate({REQUESTS}[5m]))"),
        ),
        instant(
            "p99 by service",
            format!("histogram_quantile(0.99, sum by (service_name, le) (rate({BUCKETS}[5m])))"),
        ),
        instant(
            "p95 of databases",
            "histogram_quantile(0.95, sum by (db_collection_name, le) (rate(db_client_operation_duration_seconds_bucket[5m])))",
        ),
        instant(
            "busiest tenants",
            "topk(10, sum by (tenant, service_name) (rate(shop_events_published_total[5m])))",
        ),
        instant(
            "fullest pools",
            "topk(10, max by (instance, pool) (shop_pool_utilization_ratio))",
        ),
        instant(
            "memory by environment",
            "sum by (environment, service_name) (avg_over_time(shop_memory_used_bytes[5m]))",
        ),
        range(
            "traffic over time",
            "sum by (environment) (rate(shop_network_io_bytes_total[5m]))".to_owned(),
            600,
            30,
        ),
        range(
            "p99 of a service over time",
            format!(
                "histogram_quantile(0.99, sum by (http_route, le) (rate({BUCKETS}{{service_name=\"{service}\"}}[5m])))"
            ),
            600,
            30,
        ),
    ]
}

fn pages() -> Vec<Query> {
    let page = |path: String| Query {
        name: path.trim_start_matches("/api/v1/").to_owned(),
        kind: Kind::Page(path),
    };
    let panels = ["prod", "dev", "qa"].into_iter().flat_map(|environment| {
        ["request-rate", "latency", "error-ratio", "active-requests"]
            .map(|panel| format!("/api/v1/environments/{environment}/panels/{panel}"))
    });
    std::iter::once("/api/v1/overview".to_owned())
        .chain(panels)
        .map(page)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_aligned_and_whole() {
        let query = range("x", "up".to_owned(), 3600, 15);
        assert_eq!(
            query.path(1_000_000_007),
            "/api/v1/query_range?query=up&start=999996390&end=999999990&step=15"
        );
    }

    #[test]
    fn the_dashboard_asks_what_it_asks() {
        let all = dashboard();
        assert_eq!(all.len(), 7 + 3 * 6);
        let text = |name: &str| match &all.iter().find(|query| query.name == name).expect(name).kind {
            Kind::Range { query, .. } | Kind::Instant(query) => query.clone(),
            Kind::Page(path) => path.clone(),
        };
        // as crates/dashboard/src/queries/tests.rs has them
        assert_eq!(
            text("quantile 0.95 qa"),
            r#"histogram_quantile(0.95, sum by (le) (environment_le:http_request_duration_seconds_bucket:rate40s{environment="qa"}))"#
        );
        assert_eq!(
            text("errors qa"),
            concat!(
                r#"(sum(rate(http_server_request_duration_seconds_count{environment="qa",http_response_status_code=~"5.."}[40s]))"#,
                r#" or sum(rate(http_server_request_duration_seconds_count{environment="qa"}[40s])) * 0)"#,
                r#" / (sum(rate(http_server_request_duration_seconds_count{environment="qa"}[40s])) > 0)"#,
            )
        );
    }

    #[test]
    fn pages_are_the_overview_and_every_panel() {
        let all = pages();
        assert_eq!(all.len(), 13);
        assert_eq!(all[12].path(0), "/api/v1/environments/qa/panels/active-requests");
        assert_eq!(all[0].name, "overview");
    }
}
