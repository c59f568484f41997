//! Every query of `sample-queries.md` and what must come back.

use std::collections::BTreeSet;

use crate::prometheus::{Prometheus, Sample};

const PAGE: &str = include_str!("sample-queries.md");

/// A query and its expectation.
struct Row {
    query: &'static str,
    /// So many series at least.
    series: usize,
    /// What every one must be.
    each: Value,
    /// What those with a certain label must be.
    those: &'static [(&'static str, &'static str, Value)],
}

#[derive(Debug, Clone, Copy)]
enum Value {
    Between(f64, f64),
    /// The same, or NaN where nothing happened.
    BetweenOrNaN(f64, f64),
    /// So many per second while there is data; over five minutes, of which only a part may have data.
    Over5m(f64, f64),
}

use Value::{Between, BetweenOrNaN, Over5m};

const ANY: Value = Between(f64::MIN, f64::MAX);

/// Every target is up.
const UP: Value = Between(1.0, 1.0);

/// Requests per second of all, and per environment: as configured, give or take a tenth.
const ALL: (f64, f64) = (50.0 + 5.0 + 20.0, 50.0 + 20.0 + 20.0);
const RATES: [(&str, &str, Value); 3] = [
    ("environment", "prod", Over5m(45.0, 55.0)),
    ("environment", "dev", Over5m(4.5, 22.0)),
    ("environment", "qa", Over5m(18.0, 22.0)),
];

/// Requests per second of a route: its share of the traffic.
const fn of_route(weight: f64) -> Value {
    Over5m(ALL.0 * weight / 105.0 * 0.8, ALL.1 * weight / 105.0 * 1.2)
}

/// The reports are the slowest tenth and take 0.3 to 0.8 s; the 95th percentile is in their middle. Buckets end at 0.25,
/// 0.5, 0.75 and 1 s.
const P95: Value = Between(0.25, 0.9);
const P99: Value = Between(0.5, 1.0);

/// One in ten fails in qa, and everywhere one payment in fifty; elsewhere the traffic has none that fail.
const QA_FAILS: (f64, f64) = (0.06, 0.15);
const OTHERS_FAIL: (f64, f64) = (0.0, 0.02);
const ERROR_RATIOS: [(&str, &str, Value); 3] = [
    ("environment", "qa", Between(QA_FAILS.0, QA_FAILS.1)),
    ("environment", "prod", Between(OTHERS_FAIL.0, OTHERS_FAIL.1)),
    ("environment", "dev", Between(OTHERS_FAIL.0, 2.0 * OTHERS_FAIL.1)),
];

const ROWS: &[Row] = &[
    Row {
        query: "sum(rate(otel_http_server_duration_count[5m]))",
        series: 1,
        each: Over5m(ALL.0 * 0.9, ALL.1 * 1.1),
        those: &[],
    },
    Row {
        query: "sum by (environment) (rate(otel_http_server_duration_count[5m]))",
        series: 3,
        each: ANY,
        those: &RATES,
    },
    Row {
        query: "sum by (http_route) (rate(otel_http_server_duration_count[5m]))",
        series: 6,
        each: ANY,
        those: &[
            ("http_route", "/health", of_route(40.0)),
            ("http_route", "/api/products", of_route(30.0)),
            ("http_route", "/api/orders", of_route(15.0)),
            ("http_route", "/api/reports", of_route(10.0)),
            ("http_route", "/api/payments", of_route(5.0)),
            ("http_route", "/api/search", of_route(5.0)),
        ],
    },
    Row {
        query: "rate(otel_http_server_duration_count[1m])",
        series: 18,
        each: Between(0.0, 25.0),
        those: &[],
    },
    Row {
        query: "rate(otel_http_server_duration_count{environment=\"dev\"}[1m])",
        series: 6,
        each: Between(0.0, 10.0),
        those: &[],
    },
    Row {
        query: "rate(http_server_duration_count{environment=\"prod\"}[5m])",
        series: 6,
        each: Over5m(0.0, 25.0),
        those: &[("http_route", "/health", Over5m(16.0, 22.0))],
    },
    Row {
        query: "sum(rate(otel_http_server_duration_count{environment=\"dev\"}[1m]))",
        series: 1,
        each: Between(4.5, 22.0),
        those: &[],
    },
    Row {
        query: "sum(rate(http_server_duration_count{environment=\"prod\"}[1m]))",
        series: 1,
        each: Between(45.0, 55.0),
        those: &[],
    },
    Row {
        query: "histogram_quantile(0.50, sum(rate(otel_http_server_duration_bucket[5m])) by (le))",
        series: 1,
        each: Between(0.002, 0.025),
        those: &[],
    },
    Row {
        query: "histogram_quantile(0.95, sum by (environment, le) (rate(otel_http_server_duration_bucket[5m])))",
        series: 3,
        each: P95,
        those: &[],
    },
    Row {
        query: "histogram_quantile(0.99, sum by (environment, le) (rate(otel_http_server_duration_bucket[5m])))",
        series: 3,
        each: P99,
        those: &[],
    },
    Row {
        query: "histogram_quantile(0.95, rate(otel_http_server_duration_bucket[5m]))",
        series: 18,
        each: BetweenOrNaN(0.0, 1.0),
        those: &[],
    },
    Row {
        query: "histogram_quantile(0.95, rate(http_server_duration_bucket[5m]))",
        series: 18,
        each: BetweenOrNaN(0.0, 1.0),
        those: &[],
    },
    Row {
        query: "histogram_quantile(0.95, sum by (http_route, le) (rate(otel_http_server_duration_bucket[5m])))",
        series: 6,
        each: ANY,
        // from what the route takes at least to the end of the bucket that holds what it takes at most
        those: &[
            ("http_route", "/health", Between(0.0, 0.025)),
            ("http_route", "/api/products", Between(0.005, 0.05)),
            ("http_route", "/api/orders", Between(0.1, 0.25)),
            ("http_route", "/api/reports", Between(0.5, 1.0)),
            ("http_route", "/api/payments", Between(0.1, 0.25)),
            ("http_route", "/api/search", Between(0.002, 0.5)),
        ],
    },
    Row {
        query: "histogram_quantile(0.95, sum by (environment, le) (rate(http_server_duration_bucket[5m])))",
        series: 3,
        each: P95,
        those: &[],
    },
    Row {
        query: "(sum(rate(otel_http_server_duration_count{http_status_code=~\"5..\"}[5m])) / sum(rate(otel_http_server_duration_count[5m]))) * 100",
        series: 1,
        each: Between(1.0, 5.0),
        those: &[],
    },
    Row {
        query: "(sum by (environment) (rate(otel_http_server_duration_count{http_status_code=~\"5..\"}[5m])) / sum by (environment) (rate(otel_http_server_duration_count[5m]))) * 100",
        series: 1,
        each: ANY,
        those: &[(
            "environment",
            "qa",
            Between(100.0 * QA_FAILS.0, 100.0 * QA_FAILS.1),
        )],
    },
    Row {
        query: "rate(otel_http_server_duration_count{http_status_code=~\"5..\"}[1m]) / rate(otel_http_server_duration_count[1m])",
        series: 1,
        each: BetweenOrNaN(1.0, 1.0),
        those: &[],
    },
    Row {
        query: "rate(http_server_duration_count{http_status_code=~\"5..\"}[5m]) / rate(http_server_duration_count[5m])",
        series: 1,
        each: BetweenOrNaN(1.0, 1.0),
        those: &[],
    },
    Row {
        query: "sum by (environment) (rate(otel_http_server_duration_count{http_status_code=~\"5..\"}[1m])) / sum by (environment) (rate(otel_http_server_duration_count[1m]))",
        series: 1,
        each: ANY,
        those: &ERROR_RATIOS,
    },
    Row {
        query: "sum by (environment) (rate(http_server_duration_count{http_status_code=~\"5..\"}[5m])) / sum by (environment) (rate(http_server_duration_count[5m]))",
        series: 1,
        each: ANY,
        those: &ERROR_RATIOS,
    },
    Row {
        query: "sum(otel_http_server_active_requests)",
        series: 1,
        each: Between(0.0, 100.0),
        those: &[],
    },
    Row {
        query: "sum by (environment) (otel_http_server_active_requests)",
        series: 3,
        each: Between(0.0, 60.0),
        those: &[],
    },
    Row {
        query: "up{job=~\"dataplane-.*\"}",
        series: 3,
        each: UP,
        those: &[
            ("job", "dataplane-prod", UP),
            ("data_plane", "development", UP),
            ("instance", "dp-qa-01:8889", UP),
        ],
    },
    Row {
        query: "time() - prometheus_tsdb_head_max_time / 1000",
        series: 1,
        each: Between(-1.0, 30.0),
        those: &[],
    },
    Row {
        query: "{__name__=~\"otel_.*\"}",
        series: 200,
        each: ANY,
        those: &[("__name__", "otel_http_server_active_requests", Between(0.0, 60.0))],
    },
    Row {
        query: "up",
        series: 9,
        each: UP,
        those: &[
            ("instance", "a:9090", UP),
            ("instance", "a:9093", UP),
            ("instance", "a:3000", UP),
        ],
    },
    Row {
        query: "prometheus_tsdb_head_samples_appended_total",
        series: 1,
        each: Between(0.0, f64::MAX),
        those: &[("type", "float", Between(1000.0, f64::MAX))],
    },
    Row {
        query: "topk(10, count by(__name__)({__name__!=\"\"}))",
        series: 10,
        each: Between(10.0, f64::MAX),
        those: &[],
    },
    Row {
        query: "count by(job)({__name__!=\"\"})",
        series: 7,
        each: Between(1.0, f64::MAX),
        those: &[("job", "prometheus", Between(100.0, f64::MAX))],
    },
    Row {
        query: "prometheus_tsdb_blocks_loaded",
        series: 1,
        each: Between(0.0, f64::MAX),
        those: &[],
    },
    Row {
        query: "rate(prometheus_tsdb_symbol_table_size_bytes[1h])",
        series: 1,
        each: Between(0.0, f64::MAX),
        those: &[],
    },
    Row {
        query: "histogram_quantile(0.99, rate(prometheus_engine_query_duration_seconds_bucket[5m]))",
        series: 1,
        each: BetweenOrNaN(0.0, 2.0),
        those: &[],
    },
    Row {
        query: "count(count_over_time(ALERTS[1h]))",
        series: 1,
        each: Between(1.0, f64::MAX),
        those: &[],
    },
];

/// How much of the last five minutes has data, in samples ten seconds apart.
const COVERED: &str =
    "count_over_time(otel_http_server_duration_count{environment=\"prod\",http_route=\"/health\"}[5m])";

/// Runs all of them. What is wrong is told together.
pub(crate) async fn check_all(prometheus: &Prometheus) {
    let covered = prometheus.query(COVERED).await[0].value;
    let mut wrong = Vec::new();
    for row in ROWS {
        wrong.extend(row.judge(&prometheus.query(row.query).await, covered));
    }
    assert!(
        wrong.is_empty(),
        "with {covered} samples in five minutes:\n{}",
        wrong.join("\n")
    );
}

impl Row {
    fn judge(&self, samples: &[Sample], covered: f64) -> Vec<String> {
        let mut wrong = Vec::new();
        if samples.len() < self.series {
            wrong.push(format!(
                "{}\n  {} series, not {}",
                self.query,
                samples.len(),
                self.series
            ));
        }
        let mut expect = |sample: &Sample, value: Value| {
            if !value.holds(sample.value, covered) {
                wrong.push(format!("{}\n  {sample:?} is not {value:?}", self.query));
            }
        };
        for sample in samples {
            expect(sample, self.each);
            for (label, value, expected) in self.those {
                if sample.labels.get(*label).is_some_and(|is| is == value) {
                    expect(sample, *expected);
                }
            }
        }
        wrong
    }
}

impl Value {
    fn holds(self, value: f64, covered: f64) -> bool {
        match self {
            Between(low, high) => (low..=high).contains(&value),
            BetweenOrNaN(low, high) => value.is_nan() || (low..=high).contains(&value),
            Over5m(low, high) => {
                // from the first sample to the last, and what is extrapolated: at most half an interval before and one after
                let least = ((covered - 1.0) * 10.0 / 300.0).min(1.0);
                let most = ((covered + 0.5) * 10.0 / 300.0).min(1.0);
                (low * least..=high * most).contains(&value)
            }
        }
    }
}

#[test]
fn the_page_and_the_table_name_the_same_queries() {
    let page: BTreeSet<_> = PAGE
        .split("```promql\n")
        .skip(1)
        .flat_map(|block| block.split("```").next().unwrap().lines())
        .collect();
    let table: BTreeSet<_> = ROWS.iter().map(|row| row.query).collect();
    assert_eq!(page, table);
    assert_eq!(table.len(), ROWS.len(), "none is there twice");
}

#[test]
fn rates_are_compared_with_what_the_window_covers() {
    // 10 samples: 90 s of 300, and up to 15 s more by extrapolation
    let holds = |value| Over5m(45.0, 55.0).holds(value, 10.0);
    assert!(holds(50.0 * 90.0 / 300.0) && holds(50.0 * 105.0 / 300.0));
    assert!(!holds(50.0) && !holds(50.0 * 75.0 / 300.0) && !holds(f64::NAN));
    // the whole window
    assert!(Over5m(45.0, 55.0).holds(50.0, 31.0));
    assert!(!Between(0.0, 1.0).holds(f64::NAN, 31.0));
}
