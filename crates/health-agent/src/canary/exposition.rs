//! The canaries as metrics.

use std::collections::BTreeMap;

use metrics::{Label, Unit, counter, describe_counter, describe_gauge, gauge};

use crate::config::Collector;
use crate::facts::canaries::Stage;
use crate::facts::{Facts, Timestamp};

const AGE: &str = "signalbox_canary_age_seconds";
const METRICS: &str = "signalbox_canary_metrics_total";
const ALERTS: &str = "signalbox_canary_alerts_total";
const STRANGERS: &str = "signalbox_canary_unknown_alerts_total";

pub(crate) fn describe() {
    describe_gauge!(
        AGE,
        Unit::Seconds,
        "How long ago the newest canary was sent that came as far as this stage; since the agent's start if none has"
    );
    describe_counter!(METRICS, "Canary metrics that were sent to collectors, by outcome");
    describe_counter!(ALERTS, "Canary alerts that were sent to Alertmanager, by outcome");
    describe_counter!(
        STRANGERS,
        "Alerts that came back as a canary, and are none that this process has sent and not yet seen"
    );
    counter!(STRANGERS).increment(0);
}

/// The newest that is known of each stage and data plane: a stage that cannot be asked grows older.
#[derive(Debug, Default)]
pub(crate) struct Ages(BTreeMap<(Stage, Option<String>, Option<String>), Timestamp>);

impl Ages {
    /// As one round has found them.
    pub(crate) fn record(&mut self, facts: &Facts) {
        let Some(canaries) = &facts.canaries else { return };
        let Ok(sender) = &canaries.sender else { return };
        for (stage, plane, newest) in canaries.newest() {
            let environment = plane.map(|plane| plane.environment.clone());
            let data_plane_id = plane.map(|plane| plane.id.clone());
            let mut labels = vec![Label::new("stage", stage.word())];
            labels.extend(
                environment
                    .iter()
                    .map(|name| Label::new("environment", name.clone())),
            );
            labels.extend(
                data_plane_id
                    .iter()
                    .map(|id| Label::new("data_plane_id", id.clone())),
            );
            let known = self
                .0
                .entry((stage, environment, data_plane_id))
                .or_insert(sender.started_at);
            *known = newest.map_or(*known, |newest| newest.max(*known));
            gauge!(AGE, labels).set((facts.at - *known).max(0.0));
        }
    }
}

pub(super) fn sent(collector: &Collector, taken: bool) {
    let labels = [
        ("environment", collector.environment.clone()),
        ("data_plane_id", collector.data_plane_id.clone()),
        ("outcome", outcome(taken).to_owned()),
    ];
    counter!(METRICS, &labels).increment(1);
}

pub(super) fn alert_sent(taken: bool) {
    counter!(ALERTS, "outcome" => outcome(taken)).increment(1);
}

pub(super) fn stranger() {
    counter!(STRANGERS).increment(1);
}

fn outcome(taken: bool) -> &'static str {
    if taken { "taken" } else { "refused" }
}
