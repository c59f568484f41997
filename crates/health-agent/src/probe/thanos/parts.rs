//! What the parts of Thanos tell of themselves, and what Prometheus remembers of them.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::facts::Answer;
use crate::facts::prometheus::FailingRule;
use crate::facts::thanos::{Compactor, Ruler, Sidecar};
use crate::probe::growth;
use crate::probe::http::{Client, Sample};
use crate::probe::promql;
use crate::probe::samples::Samples;

/// What Prometheus remembers, if it can be asked.
pub(super) struct History(Option<BTreeMap<&'static str, Vec<Sample>>>);

impl History {
    /// The sum; `None` if nothing is known.
    fn sum(&self, what: &str) -> Option<f64> {
        let samples = self.0.as_ref()?.get(what)?;
        (!samples.is_empty()).then(|| growth::sum(samples))
    }
}

pub(super) async fn history(client: &Client, prometheus: Option<&Url>, box_name: &str) -> History {
    let Some(prometheus) = prometheus else {
        return History(None);
    };
    let box_name = promql::quoted(box_name);
    let dropped = |by: &str| {
        format!(
            "sum(increase(thanos_alert_{by}_alerts_dropped_total{{job=\"thanos-rule\",box={box_name}}}[15m]))"
        )
    };
    let expressions = [
        (
            "sync-failures",
            format!(
                "sum(increase(thanos_shipper_dir_sync_failures_total{{job=\"thanos-sidecar\",box={box_name}}}[15m]))"
            ),
        ),
        ("unsent-alerts", dropped("sender")),
        ("unqueued-alerts", dropped("queue")),
        (
            "iterations",
            format!("sum(increase(thanos_compact_iterations_total{{box={box_name}}}[3h]))"),
        ),
        (
            "partial-blocks",
            format!(
                "sum(min_over_time(thanos_blocks_meta_synced{{job=\"thanos-compact\",box={box_name},state=\"no-meta-json\"}}[3h]))"
            ),
        ),
    ];
    History(growth::several(client, prometheus, &expressions).await.ok())
}

/// What of the sidecar's page matters.
pub(super) const OF_SIDECAR: &[&str] = &[
    "process_start_time_seconds",
    "thanos_sidecar_prometheus_up",
    "thanos_objstore_bucket_last_successful_upload_time",
    "thanos_shipper_dir_syncs_total",
    "thanos_shipper_dir_sync_failures_total",
];

/// What of the compactor's page matters.
pub(super) const OF_COMPACTOR: &[&str] = &[
    "process_start_time_seconds",
    "thanos_compact_halted",
    "thanos_compact_iterations_total",
    "thanos_blocks_meta_synced",
];

/// What of the ruler's page matters.
pub(super) const OF_RULER: &[&str] = &[
    "process_start_time_seconds",
    "prometheus_rule_group_last_evaluation_timestamp_seconds",
    "prometheus_rule_group_interval_seconds",
    "prometheus_rule_evaluations_total",
    "prometheus_rule_evaluation_failures_total",
    "thanos_alert_sender_alerts_dropped_total",
    "thanos_alert_queue_alerts_dropped_total",
];

pub(super) fn sidecar(page: &Samples, history: &History) -> Sidecar {
    let value = |name: &str| page.sum(name, &[]).unwrap_or(0.0);
    Sidecar {
        started_at: value("process_start_time_seconds"),
        prometheus_up: value("thanos_sidecar_prometheus_up") > 0.0,
        uploaded_at: page
            .max("thanos_objstore_bucket_last_successful_upload_time", &[])
            .filter(|at| *at > 0.0),
        syncs: value("thanos_shipper_dir_syncs_total"),
        sync_failures: value("thanos_shipper_dir_sync_failures_total"),
        recent_sync_failures: history.sum("sync-failures"),
    }
}

pub(super) fn compactor(page: &Samples, history: &History) -> Compactor {
    let value = |name: &str| page.sum(name, &[]).unwrap_or(0.0);
    Compactor {
        started_at: value("process_start_time_seconds"),
        halted: value("thanos_compact_halted") > 0.0,
        iterations: value("thanos_compact_iterations_total"),
        recent_iterations: history.sum("iterations"),
        blocks: page
            .series("thanos_blocks_meta_synced")
            .filter_map(|(labels, value)| Some((labels.get("state")?.clone(), value)))
            .collect(),
        lasting_partial_blocks: history.sum("partial-blocks"),
    }
}

pub(super) fn ruler(page: &Samples, failing_rules: Answer<Vec<FailingRule>>, history: &History) -> Ruler {
    let value = |name: &str| page.sum(name, &[]).unwrap_or(0.0);
    let evaluated_at = page
        .series("prometheus_rule_group_last_evaluation_timestamp_seconds")
        .map(|(_, at)| at)
        .reduce(f64::min)
        .filter(|at| *at > 0.0);
    let dropped = ["unsent-alerts", "unqueued-alerts"].map(|what| history.sum(what));
    Ruler {
        started_at: value("process_start_time_seconds"),
        failing_rules,
        evaluations: value("prometheus_rule_evaluations_total"),
        evaluation_failures: value("prometheus_rule_evaluation_failures_total"),
        alerts_dropped: value("thanos_alert_sender_alerts_dropped_total")
            + value("thanos_alert_queue_alerts_dropped_total"),
        recent_alerts_dropped: dropped.into_iter().flatten().reduce(|sum, more| sum + more),
        evaluated_at,
        interval: page
            .max("prometheus_rule_group_interval_seconds", &[])
            .unwrap_or(0.0),
    }
}
