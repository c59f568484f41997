//! Sends something through the whole pipeline, again and again, to see whether it arrives.
//!
//! ```text
//! metric ─► each collector ─► Prometheus ─► Thanos' query-frontend     probe/canaries asks for the newest value
//! alert ──► Alertmanager ──► POST /canary/alert                        the nonce tells which one it was
//! ```
//!
//! The value of the metric is the time at which it was sent, so that its age can be told at every stage, by anybody.

pub(crate) mod alert;
pub(crate) mod exposition;
mod ledger;
pub(crate) mod metric;
mod routes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{Collector, Config};
use crate::facts::canaries::{Sender, Sent};
use crate::probe::{Client, unix_time};
use ledger::Ledger;

pub(crate) use routes::router;

/// After Alertmanager has not taken an alert, the next one is sent so soon.
const RETRY: Duration = Duration::from_secs(5);

/// What is known of the canaries. Clones are handles to one.
#[derive(Debug, Clone)]
pub(crate) struct Canaries(Arc<Mutex<Ledger>>);

impl Canaries {
    /// None has been sent yet.
    pub(crate) fn new(config: &Config) -> Self {
        let has_alertmanager = config.parts.alertmanager.is_some();
        let ledger = Ledger::new(Instant::now(), config.collectors.len(), has_alertmanager);
        Self(Arc::new(Mutex::new(ledger)))
    }

    /// What is known now.
    pub(crate) fn sender(&self) -> Sender {
        self.ledger().sender((Instant::now(), unix_time()))
    }

    /// Sends for ever.
    pub(crate) async fn send(&self, client: &Client, config: &Config) {
        if !config.canary.enabled {
            return std::future::pending().await;
        }
        let metrics = config
            .collectors
            .iter()
            .enumerate()
            .map(|(index, collector)| self.send_metrics(config, index, collector));
        tokio::join!(join_all(metrics), self.send_alerts(client, config));
    }

    /// Each collector has its own pace: one that does not answer holds up no other.
    async fn send_metrics(&self, config: &Config, index: usize, collector: &Collector) {
        let mut ticks = ticks(config.canary.metric_interval);
        loop {
            ticks.tick().await;
            let at = Instant::now();
            let taken = metric::send(config, collector).await.map(drop);
            exposition::sent(collector, taken.is_ok());
            self.ledger().sent(index, at, taken);
        }
    }

    async fn send_alerts(&self, client: &Client, config: &Config) {
        let Some(alertmanager) = &config.parts.alertmanager else {
            return;
        };
        let mut ticks = ticks(config.canary.alert_interval);
        loop {
            ticks.tick().await;
            let nonce = alert::nonce();
            let at = Instant::now();
            // it may come back before the answer to its sending
            self.ledger().expect(nonce.clone(), at);
            let taken = alert::send(client, alertmanager, &config.box_name, &nonce).await;
            exposition::alert_sent(taken.is_ok());
            if taken.is_err() {
                // it may be starting, as all of the box may be
                ticks.reset_after(RETRY.min(config.canary.alert_interval));
            }
            self.ledger().alert_sent(at, taken);
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One canary to one collector, by somebody who remembers nothing.
pub(crate) async fn send_once(config: &Config, collector: &Collector) -> Sent {
    match metric::send(config, collector).await {
        Ok(at) => Sent {
            taken_at: Some(at),
            refusal: None,
        },
        Err(why) => Sent {
            taken_at: None,
            refusal: Some(why),
        },
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
