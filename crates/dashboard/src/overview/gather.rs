use std::collections::HashMap;

use futures_util::future::{join, try_join_all};

use crate::queries;
use crate::state::Facts;
use crate::upstream::{Sample, Upstream, UpstreamError};

use super::Question;

/// What the store found, each by environment.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Targets, and how many of them answered their last scrape.
    targets: HashMap<String, (usize, usize)>,
    /// Unix seconds of the newest sample of requests.
    pub(super) newest: HashMap<String, f64>,
    request_rate: HashMap<String, f64>,
    error_rate: HashMap<String, f64>,
    latency_p95: HashMap<String, f64>,
    active_requests: HashMap<String, f64>,
    /// How many alerts fire, and the name of one.
    alerts: HashMap<String, (u32, String)>,
    availability_objective: HashMap<String, f64>,
    latency_objective: HashMap<String, f64>,
    /// The error ratio over time.
    pub(super) errors: HashMap<String, Vec<Option<f64>>>,
    pub(super) warnings: Vec<String>,
}

/// Asks everything at the same time. Without one of the numbers nothing is found: an environment whose alerts could
/// not be read must not look as if it had none. Only the sparklines may be missing, with a warning.
pub(crate) async fn gather(upstream: &Upstream, question: &Question) -> Result<Findings, UpstreamError> {
    let queries = queries::Overview::new(question.window());
    let asked = [
        &queries.targets,
        &queries.newest,
        &queries.request_rate,
        &queries.error_rate,
        &queries.latency_p95,
        &queries.active_requests,
        &queries.alerts,
        &queries.availability_objective,
        &queries.latency_objective,
    ];
    let instants = try_join_all(
        asked
            .into_iter()
            .map(|query| upstream.instant(query, question.now)),
    );
    let over = question.sparkline();
    let errors = queries::sparkline(over.window);
    let (instants, errors) = join(instants, upstream.range(&errors, &over)).await;

    let (results, mut warnings): (Vec<_>, Vec<_>) = instants?
        .into_iter()
        .map(|answer| (answer.result, answer.warnings))
        .unzip();
    let errors = match errors {
        Ok(answer) => {
            warnings.push(answer.warnings);
            answer.result
        }
        Err(error) => {
            warnings.push(vec![format!(
                "the lines on the cards are missing: the metrics store {error}"
            )]);
            Vec::new()
        }
    };
    let mut warnings = warnings.concat();
    warnings.sort_unstable();
    warnings.dedup();

    let [
        targets,
        newest,
        request_rate,
        error_rate,
        latency_p95,
        active_requests,
        alerts,
        availability,
        latency,
    ] = results.as_slice()
    else {
        unreachable!("as many answers as queries");
    };
    let errors = errors.into_iter().filter_map(|mut series| {
        let environment = series.labels.remove("environment")?;
        Some((environment, series.values))
    });
    Ok(Findings {
        targets: count_targets(targets),
        newest: by_environment(newest),
        request_rate: by_environment(request_rate),
        error_rate: by_environment(error_rate),
        latency_p95: by_environment(latency_p95),
        active_requests: by_environment(active_requests),
        alerts: count_alerts(alerts),
        availability_objective: by_environment(availability),
        latency_objective: by_environment(latency),
        errors: errors.collect(),
        warnings,
    })
}

impl Findings {
    /// What is known about one environment, but for its ages. Nothing can be said of the errors and the latency of no
    /// requests.
    pub(super) fn facts(&self, environment: &str) -> Facts {
        let of = |values: &HashMap<String, f64>| values.get(environment).copied();
        let (targets, targets_up) = self.targets.get(environment).copied().unwrap_or_default();
        let (firing_alerts, firing_alert) = self.alerts.get(environment).cloned().unzip();
        let request_rate = of(&self.request_rate);
        let traffic = request_rate.filter(|rate| *rate > 0.0);
        Facts {
            targets,
            targets_up,
            scrape_age: None,
            newest_sample_age: None,
            request_rate,
            error_ratio: traffic.map(|rate| of(&self.error_rate).unwrap_or(0.0) / rate),
            // 1 − 0.8 is a little less than 0.2, and 20 % must not read as over it
            error_limit: of(&self.availability_objective).map(|objective| round(1.0 - objective)),
            latency_p95: traffic.and(of(&self.latency_p95)),
            latency_limit: of(&self.latency_objective),
            active_requests: of(&self.active_requests),
            firing_alerts: firing_alerts.unwrap_or(0),
            firing_alert,
        }
    }
}

fn round(ratio: f64) -> f64 {
    (ratio * 1e9).round() / 1e9
}

fn by_environment(samples: &[Sample]) -> HashMap<String, f64> {
    let named = samples
        .iter()
        .filter_map(|sample| Some((environment(sample)?.to_owned(), sample.value)));
    named.collect()
}

fn count_targets(samples: &[Sample]) -> HashMap<String, (usize, usize)> {
    let mut targets: HashMap<String, (usize, usize)> = HashMap::new();
    for sample in samples {
        let Some(environment) = environment(sample) else {
            continue;
        };
        let (all, up) = targets.entry(environment.to_owned()).or_default();
        *all += 1;
        *up += usize::from(sample.value > 0.0);
    }
    targets
}

fn count_alerts(samples: &[Sample]) -> HashMap<String, (u32, String)> {
    let mut alerts: HashMap<String, (u32, String)> = HashMap::new();
    for sample in samples {
        let Some(environment) = environment(sample) else {
            continue;
        };
        let name = sample.labels.get("alertname").map_or("an alert", String::as_str);
        let (count, first) = alerts
            .entry(environment.to_owned())
            .or_insert_with(|| (0, name.to_owned()));
        *count += sample.value as u32;
        // the same one each time, whatever order they come in
        if name < first.as_str() {
            name.clone_into(first);
        }
    }
    alerts
}

fn environment(sample: &Sample) -> Option<&str> {
    sample.labels.get("environment").map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(labels: &[(&str, &str)], value: f64) -> Sample {
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Sample {
            labels: labels.collect(),
            value,
        }
    }

    fn of_qa(value: f64) -> HashMap<String, f64> {
        by_environment(&[sample(&[("environment", "qa")], value), sample(&[], 99.0)])
    }

    #[test]
    fn nothing_can_be_said_of_no_requests() {
        let findings = Findings {
            request_rate: of_qa(0.0),
            error_rate: of_qa(0.0),
            latency_p95: of_qa(0.5),
            ..Findings::default()
        };
        let facts = findings.facts("qa");
        assert_eq!(
            (facts.request_rate, facts.error_ratio, facts.latency_p95),
            (Some(0.0), None, None)
        );
        assert_eq!(findings.facts("prod"), Facts::default());
    }

    #[test]
    fn what_never_failed_has_no_errors() {
        let findings = Findings {
            request_rate: of_qa(20.0),
            ..Findings::default()
        };
        assert_eq!(findings.facts("qa").error_ratio, Some(0.0));
        let findings = Findings {
            error_rate: of_qa(5.0),
            ..findings
        };
        assert_eq!(findings.facts("qa").error_ratio, Some(0.25));
    }

    #[test]
    fn a_limit_is_what_the_objective_leaves() {
        let findings = Findings {
            availability_objective: of_qa(0.8),
            ..Findings::default()
        };
        assert_eq!(findings.facts("qa").error_limit, Some(0.2));
    }

    #[test]
    fn targets_and_alerts_are_counted_by_environment() {
        let (qa, dev) = (("environment", "qa"), ("environment", "dev"));
        let targets = [
            sample(&[qa], 1.0),
            sample(&[qa], 0.0),
            sample(&[dev], 1.0),
            sample(&[], 0.0),
        ];
        assert_eq!(count_targets(&targets)["qa"], (2, 1));
        let alerts = [
            sample(&[qa, ("alertname", "SlowRequests")], 2.0),
            sample(&[qa, ("alertname", "HighErrorRate")], 1.0),
            sample(&[dev], 1.0),
        ];
        let counted = count_alerts(&alerts);
        assert_eq!(counted["qa"], (3, "HighErrorRate".to_owned()));
        assert_eq!(counted["dev"], (1, "an alert".to_owned()));
    }
}
