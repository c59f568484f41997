//! Collectors of all data planes: looks.

use std::collections::BTreeMap;

use futures_util::future::{OptionFuture, join_all};
use reqwest::Url;

use crate::config::{self, Config};
use crate::facts::Answer;
use crate::facts::data_planes::{Collector, DataPlanes, Numbers, Seen};
use crate::probe::growth;
use crate::probe::http::{Client, Sample};
use crate::probe::samples::Samples;
use crate::probe::thanos::bucket::is_local;
use crate::probe::unix_time;

/// Never fails: what could not be asked is a fact too. `None` if there is no collector.
pub(crate) async fn look(client: &Client, config: &Config) -> Option<DataPlanes> {
    if config.collectors.is_empty() {
        return None;
    }
    let memory: OptionFuture<_> = config
        .parts
        .prometheus
        .as_ref()
        .map(|prometheus| memory(client, prometheus))
        .into();
    let each = join_all(config.collectors.iter().map(|collector| one(client, collector)));
    let (memory, mut collectors) = tokio::join!(memory, each);
    for collector in &mut collectors {
        collector.seen = memory.as_ref().map(|memory| {
            memory
                .as_ref()
                .map(|memory| seen(memory, collector))
                .map_err(Clone::clone)
        });
    }
    Some(DataPlanes { collectors })
}

async fn one(client: &Client, collector: &config::Collector) -> Collector {
    let base = &collector.self_metrics;
    let (ready, page) = tokio::join!(
        client.ready(base, "readyz"),
        client.samples(base, "metrics", WANTED)
    );
    Collector {
        environment: collector.environment.clone(),
        data_plane_id: collector.data_plane_id.clone(),
        is_local: is_local(base),
        ready,
        numbers: page.map(|page| numbers(&page)),
        seen: None,
    }
}

/// What of a collector's page matters.
const WANTED: &[&str] = &[
    "process_start_time_seconds",
    "signalbox_collector_accepted_datapoints_total",
    "signalbox_collector_rejected_datapoints_total",
    "signalbox_collector_refused_requests_total",
    "signalbox_collector_series",
    "signalbox_collector_series_limit",
    "signalbox_collector_series_bytes",
    "signalbox_collector_series_bytes_limit",
    "signalbox_collector_state_failures_total",
];

fn numbers(page: &Samples) -> Numbers {
    let value = |name: &str| page.sum(name, &[]).unwrap_or(0.0);
    let by = |name: &str, label: &str| {
        page.series(name)
            .filter(|(_, value)| *value > 0.0)
            .filter_map(|(labels, value)| Some((labels.get(label)?.clone(), value)))
            .collect()
    };
    Numbers {
        started_at: value("process_start_time_seconds"),
        accepted: value("signalbox_collector_accepted_datapoints_total"),
        rejected: by("signalbox_collector_rejected_datapoints_total", "reason"),
        refused: by("signalbox_collector_refused_requests_total", "reason"),
        series: value("signalbox_collector_series"),
        max_series: page.sum("signalbox_collector_series_limit", &[]),
        series_bytes: value("signalbox_collector_series_bytes"),
        max_series_bytes: page.sum("signalbox_collector_series_bytes_limit", &[]),
        state_failures: by("signalbox_collector_state_failures_total", "operation"),
    }
}

type Memory = BTreeMap<&'static str, Vec<Sample>>;

/// What Prometheus remembers of all collectors.
async fn memory(client: &Client, prometheus: &Url) -> Answer<Memory> {
    let grown = |what: &str, by: &str, window: &str| {
        format!(
            "sum by (environment, data_plane_id, {by}) (increase(signalbox_collector_{what}_total[{window}]))"
        )
    };
    growth::several(
        client,
        prometheus,
        &[
            ("up", "up{job=~\"dataplane-.+\"}".to_owned()),
            ("scraped", "timestamp(up{job=~\"dataplane-.+\"})".to_owned()),
            ("accepted", grown("accepted_datapoints", "job", "5m")),
            ("rejected", grown("rejected_datapoints", "reason", "15m")),
            ("state", grown("state_failures", "operation", "15m")),
        ],
    )
    .await
}

/// What there is of one collector.
fn seen(memory: &Memory, collector: &Collector) -> Seen {
    let of = |what: &str| -> Vec<Sample> {
        let is_its = |sample: &&Sample| {
            let has = |label: &str, value: &str| sample.labels.get(label).is_some_and(|has| has == value);
            has("environment", &collector.environment) && has("data_plane_id", &collector.data_plane_id)
        };
        memory[what].iter().filter(is_its).cloned().collect()
    };
    let first = |what: &str| of(what).first().map(|sample| sample.value);
    Seen {
        scrape: first("up")
            .zip(first("scraped"))
            .map(|(up, at)| (up > 0.0, unix_time() - at)),
        accepted: first("accepted").map(f64::round),
        rejected: growth::by(&of("rejected"), "reason"),
        state_failures: growth::by(&of("state"), "operation"),
    }
}
