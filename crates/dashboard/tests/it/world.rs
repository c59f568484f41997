//! Five environments, each in another state, and what a store says of them.

use serde_json::{Value, json};

use super::store::{Asked, Over, Reply};

/// 2026-11-20 12:04:17.25 UTC.
pub(crate) const NOW: f64 = 1_795_176_257.25;

pub(crate) fn now() -> f64 {
    NOW
}

/// prod is ok, dev idle, qa degraded; staging, which nobody expected, is down, and canary fell silent.
pub(crate) fn mixed(asked: &Asked) -> Reply {
    Reply::Data(
        asked
            .over
            .map_or_else(|| instant(&asked.query), |over| range(&asked.query, over)),
        Vec::new(),
    )
}

fn instant(query: &str) -> Value {
    let (prod, dev, qa) = ("prod", "dev", "qa");
    let of_qa = query.contains("environment=\"qa\"");
    if query.contains("max_over_time") {
        return vector(&[
            (
                // a scrape later than its requests: the data plane answers, whether its services do or not
                &[("environment", prod), ("data_plane", "production")],
                "1795176255.1",
            ),
            (
                &[("environment", dev), ("data_plane", "development")],
                "1795176255.2",
            ),
            (
                &[("environment", qa), ("data_plane", "quality-assurance")],
                "1795176249.3",
            ),
            (
                &[("environment", "staging"), ("data_plane", "staging")],
                "1795176007",
            ),
            (
                &[("environment", "canary"), ("data_plane", "canary")],
                "1795172657",
            ),
        ]);
    }
    if query.starts_with("up{") {
        return vector(&[
            (&[("environment", prod), ("instance", "dp-prod-01:8889")], "1"),
            (&[("environment", dev), ("instance", "dp-dev-01:8889")], "1"),
            (&[("environment", qa), ("instance", "dp-qa-01:8889")], "1"),
            (
                &[("environment", "staging"), ("instance", "dp-staging-01:8889")],
                "0",
            ),
        ]);
    }
    if query.starts_with("max(timestamp(") {
        return vector(&[(&[], if of_qa { "1795176249.3" } else { "1795176253.1" })]);
    }
    if query.starts_with("1 - max(signalbox_slo_objective_ratio") {
        // what binary numbers make of 1 - 0.8 and 1 - 0.95
        return vector(&[(
            &[],
            if of_qa {
                "0.19999999999999996"
            } else {
                "0.050000000000000044"
            },
        )]);
    }
    if query.starts_with("min(signalbox_slo_objective_seconds") {
        return vector(&[(&[], "1")]);
    }
    let by = |values: &[(&'static str, &str)]| {
        let rows: Vec<_> = values
            .iter()
            .map(|(environment, value)| ([("environment", *environment)], *value))
            .collect();
        let rows: Vec<(&[(&str, &str)], &str)> = rows
            .iter()
            .map(|(labels, value)| (labels.as_slice(), *value))
            .collect();
        vector(&rows)
    };
    if query.starts_with("max by (environment) (timestamp(") {
        by(&[
            (prod, "1795176253.1"),
            (dev, "1795176255.2"),
            (qa, "1795176249.3"),
        ])
    } else if query.contains("5..") {
        by(&[(prod, "0.06"), (qa, "4.62")])
    } else if query.starts_with("sum by (environment) (rate(") {
        by(&[(prod, "50.1"), (dev, "0"), (qa, "20")])
    } else if query.starts_with("histogram_quantile") {
        by(&[(prod, "0.0864"), (dev, "NaN"), (qa, "0.84")])
    } else if query.starts_with("sum by (environment) (http_server_active_requests") {
        by(&[(prod, "4"), (dev, "0"), (qa, "11")])
    } else if query.starts_with("max by (environment) (signalbox_slo_objective_ratio") {
        by(&[(prod, "0.95"), (dev, "0.95"), (qa, "0.8"), ("staging", "0.95")])
    } else if query.starts_with("min by (environment) (signalbox_slo_objective_seconds") {
        by(&[(prod, "1"), (dev, "1"), (qa, "1")])
    } else if query.starts_with("count by (environment, alertname) (ALERTS") {
        vector(&[
            (&[("environment", qa), ("alertname", "HighErrorRate")], "1"),
            (&[("environment", qa), ("alertname", "ErrorBudgetBurn")], "2"),
            (&[("environment", "staging"), ("alertname", "DataPlaneDown")], "1"),
        ])
    } else {
        panic!("no answer is prepared for {query}")
    }
}

fn range(query: &str, over: Over) -> Value {
    if query.contains("by (environment)") {
        return matrix(over, &[("prod", 0.001, 0.002), ("qa", 0.1, 0.15)]);
    }
    let (low, high) = if query.starts_with("histogram_quantile(0.5,") {
        (0.02, 0.01)
    } else if query.starts_with("histogram_quantile(0.95,") {
        (0.2, 0.3)
    } else if query.starts_with("histogram_quantile(0.99,") {
        (0.5, 1.0)
    } else if query.contains("5..") {
        (0.08, 0.18)
    } else if query.contains("active_requests") {
        (2.0, 9.0)
    } else {
        (15.0, 10.0)
    };
    let mut data = matrix(over, &[("", low, high)]);
    data["result"][0]["metric"] = json!({});
    data
}

/// Lines that swing between `low` and `low + high` every ten minutes, with a minute that was not scraped and one without
/// traffic in the last quarter of an hour.
fn matrix(over: Over, lines: &[(&str, f64, f64)]) -> Value {
    let quiet_from = 1_795_175_700;
    let line = |low: f64, high: f64| -> Vec<Value> {
        (over.start..=over.end)
            .step_by(over.step as usize)
            .filter(|at| !(quiet_from..quiet_from + 60).contains(at))
            .map(|at| {
                let phase = (at.rem_euclid(600) as f64 / 300.0 - 1.0).abs();
                let silent = (quiet_from + 60..quiet_from + 120).contains(&at);
                let value = ((low + high * phase) * 10_000.0).round() / 10_000.0;
                json!([
                    at,
                    if silent {
                        "NaN".to_owned()
                    } else {
                        value.to_string()
                    }
                ])
            })
            .collect()
    };
    let result: Vec<_> = lines
        .iter()
        .map(|(environment, low, high)| json!({"metric": {"environment": environment}, "values": line(*low, *high)}))
        .collect();
    json!({"resultType": "matrix", "result": result})
}

fn vector(samples: &[(&[(&str, &str)], &str)]) -> Value {
    let result: Vec<_> = samples
        .iter()
        .map(|(labels, value)| {
            let labels: serde_json::Map<_, _> = labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            json!({"metric": labels, "value": [NOW, value]})
        })
        .collect();
    json!({"resultType": "vector", "result": result})
}
