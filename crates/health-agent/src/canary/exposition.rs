//! The canaries as metrics.

use std::collections::BTreeMap;

use metrics::{Label, Unit, counter, describe_counter, describe_gauge, gauge};

use crate::config::Collector;
use crate::facts::canaries::{Canaries, Stage};
use crate::facts::{AHEAD, Facts, Timestamp};

const AGE: &str = "signalbox_canary_age_seconds";
const MAX_AGE: &str = "signalbox_canary_max_age_seconds";
const METRICS: &str = "signalbox_canary_metrics_total";
const ALERTS: &str = "signalbox_canary_alerts_total";
const STRANGERS: &str = "signalbox_canary_unknown_alerts_total";

pub(crate) fn describe() {
    describe_gauge!(
        AGE,
        Unit::Seconds,
        "How long ago the newest canary was sent that came as far as this stage; since the agent's start if none has"
    );
    describe_gauge!(
        MAX_AGE,
        Unit::Seconds,
        "How old the newest canary of a stage may become, by canary.max_age in the settings"
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
pub(crate) struct Ages {
    known: BTreeMap<Whose, Timestamp>,
    /// When the last round was.
    at: Timestamp,
}

/// A stage and, where it has several, an environment and a data plane.
type Whose = (Stage, Option<String>, Option<String>);

impl Ages {
    /// As one round has found them.
    pub(crate) fn record(&mut self, facts: &Facts) {
        let Some(canaries) = &facts.canaries else { return };
        gauge!(MAX_AGE).set(canaries.max_age);
        for ((stage, environment, data_plane_id), age) in self.take(facts.at, canaries) {
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
            gauge!(AGE, labels).set(age);
        }
    }

    /// The ages of one round.
    fn take(&mut self, at: Timestamp, canaries: &Canaries) -> Vec<(Whose, f64)> {
        let Ok(sender) = &canaries.sender else {
            return vec![];
        };
        // after the clock was put back, what was known would be young until it has caught up
        if at < self.at {
            self.known.clear();
        }
        self.at = at;
        let stages = canaries.newest().map(|(stage, plane, newest)| {
            let whose = (
                stage,
                plane.map(|plane| plane.environment.clone()),
                plane.map(|plane| plane.id.clone()),
            );
            let known = self.known.entry(whose.clone()).or_insert(sender.started_at);
            if let Some(newest) = newest.filter(|newest| *newest <= at + AHEAD) {
                *known = known.max(newest);
            }
            (whose, (at - *known).max(0.0))
        });
        stages.collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::canaries::{DataPlane, Newest, Sender, Sent};

    const NOW: f64 = 1e9;
    const DAY: f64 = 86_400.0;

    /// One data plane, whose newest canary at Prometheus was sent then.
    fn canaries(started_at: Timestamp, newest: Option<Timestamp>) -> Canaries {
        let newest = newest.map(|sent_at| Newest {
            environment: "prod".to_owned(),
            data_plane_id: "dp-prod-01".to_owned(),
            sent_at,
        });
        Canaries {
            max_age: 120.0,
            sender: Ok(Sender {
                started_at,
                collectors: vec![],
                alert: None,
            }),
            data_planes: vec![DataPlane {
                environment: "prod".to_owned(),
                id: "dp-prod-01".to_owned(),
                collector: String::new(),
                sent: Sent::default(),
            }],
            prometheus: Some(Ok(newest.into_iter().collect())),
            thanos: None,
            alerts: false,
        }
    }

    fn at_prometheus(ages: &mut Ages, at: Timestamp, newest: Option<Timestamp>) -> Option<f64> {
        let ages = ages.take(at, &canaries(at - 600.0, newest));
        let is_it = |(whose, _): &&(Whose, f64)| whose.0 == Stage::Prometheus;
        ages.iter().find(is_it).map(|(_, age)| *age)
    }

    #[test]
    fn what_a_stage_does_not_tell_grows_older() {
        let mut ages = Ages::default();
        assert_eq!(at_prometheus(&mut ages, NOW, None), Some(600.0));
        assert_eq!(at_prometheus(&mut ages, NOW, Some(NOW - 10.0)), Some(10.0));
        assert_eq!(at_prometheus(&mut ages, NOW + 50.0, None), Some(60.0));
        assert_eq!(at_prometheus(&mut ages, NOW + 60.0, Some(NOW - 20.0)), Some(70.0));
    }

    #[test]
    fn after_a_step_back_what_is_lost_does_not_look_young() {
        let mut ages = Ages::default();
        at_prometheus(&mut ages, NOW, Some(NOW - 10.0));
        let back = NOW - DAY;
        // Prometheus may have what was sent before the step, or nothing: a canary of tomorrow is none
        assert_eq!(at_prometheus(&mut ages, back, Some(NOW - 10.0)), Some(600.0));
        assert_eq!(at_prometheus(&mut ages, back + 15.0, None), Some(615.0));
        assert_eq!(
            at_prometheus(&mut ages, back + 30.0, Some(back + 20.0)),
            Some(10.0)
        );
    }
}
