//! Asks the parts of the box, all at once, each with a time-out.

mod alerting;
pub(crate) mod blocking;
pub(crate) mod bus;
mod canaries;
mod data_planes;
mod generation;
mod growth;
mod host;
pub(crate) mod http;
mod peer;
mod prometheus;
mod promql;
mod samples;
mod security;
mod thanos;
mod units;
pub(crate) mod wire;

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::check::Category;
use crate::config::Config;
use crate::facts::Facts;

pub(crate) use http::Client;
pub(crate) use samples::Samples;

/// One round: takes as long as the slowest probe, and each request of a probe has a time-out.
pub(crate) async fn round(client: &Client, config: &Config) -> Facts {
    let (units, generation, host, security, data_planes, prometheus, thanos, alerting, canaries, peer) = tokio::join!(
        timed(units::look(client, config)),
        timed(generation::look(client, config)),
        timed(host::look(client, config)),
        timed(security::look(client, config)),
        timed(data_planes::look(client, config)),
        timed(prometheus::look(client, config)),
        timed(thanos::look(client, config)),
        timed(alerting::look(client, config)),
        timed(canaries::look(client, config)),
        timed(peer::look(client, config)),
    );
    let mut thanos = thanos;
    if let (Some(thanos), Some(prometheus)) = (&mut thanos.0, &prometheus.0) {
        thanos.prometheus_started_at = prometheus.numbers.as_ref().ok().map(|numbers| numbers.started_at);
    }
    Facts {
        at: unix_time(),
        took: BTreeMap::from([
            (Category::Units, units.1),
            (Category::Generation, generation.1),
            (Category::Host, host.1),
            (Category::Security, security.1),
            (Category::DataPlanes, data_planes.1),
            (Category::Prometheus, prometheus.1),
            (Category::Thanos, thanos.1),
            (Category::Alerting, alerting.1),
            (Category::Canaries, canaries.1),
            (Category::Peer, peer.1),
        ]),
        units: units.0,
        generation: generation.0,
        host: host.0,
        security: security.0,
        data_planes: data_planes.0,
        prometheus: prometheus.0,
        thanos: thanos.0,
        alerting: alerting.0,
        canaries: canaries.0,
        peer: peer.0,
    }
}

/// Seconds since 1970, by this machine's clock.
pub(crate) fn unix_time() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// On the heap: all of them at once would be a hundred kilobytes of the caller's stack.
fn timed<T>(look: impl Future<Output = T>) -> impl Future<Output = (T, std::time::Duration)> {
    let look = Box::pin(look);
    async move {
        let began = Instant::now();
        let seen = look.await;
        (seen, began.elapsed())
    }
}
