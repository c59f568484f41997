//! The PromQL of every number on the dashboard. Nothing else is ever asked.

#[cfg(test)]
mod tests;

use crate::api::panel::PanelName;

const REQUESTS: &str = "http_server_request_duration_seconds_count";
/// Requests per second of each bucket, as `stack/prometheus/rules/http.yml` records them: of a million series half are
/// buckets, too many to be added up for each point of a chart.
const BUCKETS: &str = "environment_le:http_request_duration_seconds_bucket:rate40s";
/// Seconds that each of those looks back.
const BUCKETS_WINDOW: u32 = 40;
/// Seconds from one of those to the next.
const BUCKETS_INTERVAL: u32 = 10;
const ACTIVE: &str = "http_server_active_requests";
const FAILED: &str = r#"http_response_status_code=~"5..""#;
const TARGETS: &str = r#"up{job=~"dataplane-.*"}"#;
const AVAILABILITY: &str = r#"signalbox_slo_objective_ratio{slo="http-availability""#;
const LATENCY: &str = r#"signalbox_slo_objective_seconds{slo="http-latency-p95""#;
const OBJECTIVES: &str = r#"{__name__=~"signalbox_slo_objective_(ratio|seconds)",environment!=""}"#;
/// What only proves that alerting works has severity `none`.
const FIRING: &str = r#"ALERTS{alertstate="firing",environment!="",severity!="none"}"#;

/// The quantiles of the latency panel, by the name of their series.
const QUANTILES: [(&str, &str); 3] = [("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99")];

/// The instant queries of the overview. Each gives one value per environment, if not said otherwise. Rates are taken
/// over `window` seconds.
#[derive(Debug)]
pub(crate) struct Overview {
    /// One value per target: 1 when its last scrape succeeded, else 0.
    pub(crate) targets: String,
    /// Unix time of the newest sample of requests. That of `up` would not do: a data plane answers scrapes whether or
    /// not its services live.
    pub(crate) newest: String,
    pub(crate) request_rate: String,
    /// Failed requests per second: a rate and no ratio, because an environment that never failed has no such series.
    pub(crate) error_rate: String,
    pub(crate) latency_p95: String,
    pub(crate) active_requests: String,
    /// Firing alerts by environment and name.
    pub(crate) alerts: String,
    /// The strictest share of requests that must succeed.
    pub(crate) availability_objective: String,
    /// The strictest limit of the 95th percentile.
    pub(crate) latency_objective: String,
}

impl Overview {
    pub(crate) fn new(window: u32) -> Self {
        Self {
            targets: TARGETS.to_owned(),
            newest: format!("max by (environment) (timestamp({REQUESTS}))"),
            request_rate: format!("sum by (environment) (rate({REQUESTS}[{window}s]))"),
            error_rate: format!("sum by (environment) (rate({REQUESTS}{{{FAILED}}}[{window}s]))"),
            latency_p95: format!(
                "histogram_quantile(0.95, sum by (environment, le) ({}))",
                buckets("", window)
            ),
            active_requests: format!("sum by (environment) ({ACTIVE})"),
            alerts: format!("count by (environment, alertname) ({FIRING})"),
            availability_objective: format!("max by (environment) ({AVAILABILITY}}})"),
            latency_objective: format!("min by (environment) ({LATENCY}}})"),
        }
    }
}

/// Every environment and data plane that was scraped within a day, with the Unix time of its last scrape: an environment
/// whose targets were lost must not be lost from sight. 0 stands for what was not scraped: targets that have not answered
/// yet, and environments that only an objective or a firing alert names.
pub(crate) fn fleet() -> String {
    let answered = format!("timestamp({TARGETS}) and {TARGETS} == 1");
    let by = "max by (environment, data_plane)";
    format!(
        "{by} ({answered}) or {by} (max_over_time(({answered})[1d:1m])) or {by} ({TARGETS}) * 0 \
         or group by (environment) ({OBJECTIVES} or {FIRING}) * 0"
    )
}

/// The error ratio of all environments over time: the line on the cards.
pub(crate) fn sparkline(window: u32) -> String {
    error_ratio("sum by (environment) ", "", window)
}

/// The lines of a panel, by name.
pub(crate) fn series(panel: PanelName, environment: &str, window: u32) -> Vec<(&'static str, String)> {
    let of = matcher(environment);
    match panel {
        PanelName::RequestRate => vec![("requests", format!("sum(rate({REQUESTS}{{{of}}}[{window}s]))"))],
        PanelName::Latency => QUANTILES
            .into_iter()
            .map(|(name, quantile)| {
                let buckets = buckets(&of, window);
                (
                    name,
                    format!("histogram_quantile({quantile}, sum by (le) ({buckets}))"),
                )
            })
            .collect(),
        PanelName::ErrorRatio => vec![("errors", error_ratio("sum", &of, window))],
        PanelName::ActiveRequests => vec![("active", format!("sum({ACTIVE}{{{of}}})"))],
    }
}

/// What the objective allows to a panel's series, in their unit. None for a panel without an objective.
pub(crate) fn limit(panel: PanelName, environment: &str) -> Option<String> {
    let of = matcher(environment);
    match panel {
        PanelName::ErrorRatio => Some(format!("1 - max({AVAILABILITY},{of}}})")),
        PanelName::Latency => Some(format!("min({LATENCY},{of}}})")),
        PanelName::RequestRate | PanelName::ActiveRequests => None,
    }
}

/// Unix time of the newest sample behind a panel.
pub(crate) fn newest(panel: PanelName, environment: &str) -> String {
    let metric = match panel {
        PanelName::ActiveRequests => ACTIVE,
        PanelName::RequestRate | PanelName::Latency | PanelName::ErrorRatio => REQUESTS,
    };
    format!("max(timestamp({metric}{{{}}}))", matcher(environment))
}

/// The mean of the recorded rates is the rate over a longer window. All of them together look back as far as that.
fn buckets(of: &str, window: u32) -> String {
    let recorded = format!("{BUCKETS}{}", braces(&[of]));
    if window <= BUCKETS_WINDOW {
        recorded
    } else {
        let over = window - BUCKETS_WINDOW + BUCKETS_INTERVAL;
        format!("avg_over_time({recorded}[{over}s])")
    }
}

/// No value without traffic, and 0 where nothing ever failed.
fn error_ratio(sum: &str, of: &str, window: u32) -> String {
    let all = format!("{sum}(rate({REQUESTS}{}[{window}s]))", braces(&[of]));
    let failed = format!("{sum}(rate({REQUESTS}{}[{window}s]))", braces(&[of, FAILED]));
    format!("({failed} or {all} * 0) / ({all} > 0)")
}

fn braces(matchers: &[&str]) -> String {
    let matchers: Vec<_> = matchers
        .iter()
        .copied()
        .filter(|matcher| !matcher.is_empty())
        .collect();
    if matchers.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", matchers.join(","))
    }
}

/// A label's value can hold anything: it must not end the string that it stands in.
fn matcher(environment: &str) -> String {
    let mut escaped = String::with_capacity(environment.len());
    for character in environment.chars() {
        match character {
            '\\' => escaped.push_str(r"\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            other => escaped.push(other),
        }
    }
    format!("environment=\"{escaped}\"")
}
