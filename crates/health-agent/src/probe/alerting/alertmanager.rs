//! Alertmanager, and what Prometheus remembers of it.

use std::collections::BTreeMap;

use futures_util::future::OptionFuture;
use reqwest::Url;
use serde::Deserialize;

use crate::config::Config;
use crate::facts::alerting::{Alertmanager, Cluster, Notifications, Numbers, Silence, Watchdog};
use crate::facts::{Answer, Timestamp};
use crate::probe::growth;
use crate::probe::http::Client;
use crate::probe::promql;
use crate::probe::samples::Samples;

const CONFIG_HASH: &str = "alertmanager_config_hash";

/// What of its page matters.
const WANTED: &[&str] = &[
    "process_start_time_seconds",
    "alertmanager_config_last_reload_successful",
    CONFIG_HASH,
    "alertmanager_notifications_total",
    "alertmanager_notifications_failed_total",
];

pub(super) async fn look(client: &Client, base: &Url, config: &Config) -> Alertmanager {
    let recent: OptionFuture<_> = config
        .parts
        .prometheus
        .as_ref()
        .map(|prometheus| recent(client, prometheus, &config.box_name))
        .into();
    let peer_config_hash: OptionFuture<_> = config
        .peer
        .as_ref()
        .map(|peer| config_hash(client, &peer.alertmanager))
        .into();
    let (ready, cluster, page, peer_config_hash, recent, watchdog, silences) = tokio::join!(
        client.ready(base, "-/ready"),
        cluster(client, base),
        client.samples(base, "metrics", WANTED),
        peer_config_hash,
        recent,
        watchdog(client, base),
        silences(client, base),
    );
    Alertmanager {
        ready,
        cluster,
        expected_members: 1 + usize::from(config.peer.is_some()),
        numbers: page.map(|page| numbers(&page)),
        peer_config_hash,
        recent,
        watchdog,
        silences,
    }
}

async fn cluster(client: &Client, base: &Url) -> Answer<Cluster> {
    #[derive(Deserialize)]
    struct Body {
        cluster: Mesh,
    }
    #[derive(Deserialize)]
    struct Mesh {
        status: String,
        #[serde(default)]
        peers: Vec<Peer>,
    }
    #[derive(Deserialize)]
    struct Peer {
        name: String,
    }
    let body: Body = client.json(base, "api/v2/status").await?;
    Ok(Cluster {
        status: body.cluster.status,
        members: body.cluster.peers.into_iter().map(|peer| peer.name).collect(),
    })
}

async fn config_hash(client: &Client, base: &Url) -> Answer<f64> {
    let page = client.samples(base, "metrics", &[CONFIG_HASH]).await?;
    page.sum(CONFIG_HASH, &[])
        .ok_or_else(|| format!("does not tell {CONFIG_HASH}"))
}

fn numbers(page: &Samples) -> Numbers {
    let value = |name: &str| page.sum(name, &[]).unwrap_or(0.0);
    let counted = |name: &'static str| page.series(name).filter(|(_, value)| *value > 0.0);
    Numbers {
        started_at: value("process_start_time_seconds"),
        reload_successful: value("alertmanager_config_last_reload_successful") > 0.0,
        config_hash: value(CONFIG_HASH),
        notifications: Notifications {
            attempted: counted("alertmanager_notifications_total")
                .filter_map(|(labels, value)| Some((labels.get("integration")?.clone(), value)))
                .collect(),
            failed: counted("alertmanager_notifications_failed_total")
                .filter_map(|(labels, value)| Some((cause(labels)?, value)))
                .collect(),
        },
    }
}

/// What Prometheus remembers of the last fifteen minutes.
async fn recent(client: &Client, prometheus: &Url, box_name: &str) -> Answer<Notifications> {
    let box_name = promql::quoted(box_name);
    let of = |by: &str, what: &str| {
        format!(
            "sum by ({by}) (increase(alertmanager_{what}_total{{job=\"alertmanager\",box={box_name}}}[15m]))"
        )
    };
    let answers = growth::several(
        client,
        prometheus,
        &[
            ("attempted", of("integration", "notifications")),
            ("failed", of("integration, reason", "notifications_failed")),
        ],
    )
    .await?;
    Ok(Notifications {
        attempted: growth::by(&answers["attempted"], "integration"),
        failed: answers["failed"]
            .iter()
            .filter(|sample| sample.value >= 0.5)
            .filter_map(|sample| Some((cause(&sample.labels)?, sample.value.round())))
            .collect(),
    })
}

/// Integration and reason.
fn cause(labels: &BTreeMap<String, String>) -> Option<(String, String)> {
    Some((labels.get("integration")?.clone(), labels.get("reason")?.clone()))
}

async fn watchdog(client: &Client, base: &Url) -> Answer<Option<Watchdog>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Alert {
        updated_at: String,
        status: Status,
    }
    #[derive(Deserialize)]
    struct Status {
        state: String,
    }
    let alerts: Vec<Alert> = client
        .json(base, "api/v2/alerts?filter=alertname%3D%22Watchdog%22")
        .await?;
    let watchdogs = alerts.into_iter().map(|alert| Watchdog {
        updated_at: time(&alert.updated_at).unwrap_or(0.0),
        state: alert.status.state,
    });
    Ok(watchdogs.max_by(|a, b| a.updated_at.total_cmp(&b.updated_at)))
}

async fn silences(client: &Client, base: &Url) -> Answer<Vec<Silence>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        status: Status,
        #[serde(default)]
        matchers: Vec<Matcher>,
        #[serde(default)]
        created_by: String,
        starts_at: String,
        ends_at: String,
    }
    #[derive(Deserialize)]
    struct Status {
        state: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Matcher {
        name: String,
        value: String,
        is_regex: bool,
        #[serde(default = "yes")]
        is_equal: bool,
    }
    fn yes() -> bool {
        true
    }
    fn text(matcher: &Matcher) -> String {
        let operator = match (matcher.is_equal, matcher.is_regex) {
            (true, false) => "=",
            (true, true) => "=~",
            (false, false) => "!=",
            (false, true) => "!~",
        };
        format!("{}{operator}{}", matcher.name, promql::quoted(&matcher.value))
    }
    let entries: Vec<Entry> = client.json(base, "api/v2/silences").await?;
    let active = entries.into_iter().filter(|entry| entry.status.state == "active");
    let silences = active.map(|entry| Silence {
        matchers: entry.matchers.iter().map(text).collect::<Vec<_>>().join(","),
        created_by: entry.created_by,
        starts_at: time(&entry.starts_at).unwrap_or(0.0),
        ends_at: time(&entry.ends_at).unwrap_or(0.0),
    });
    Ok(silences.collect())
}

/// Of RFC 3339 with any offset.
fn time(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_millisecond() as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_have_an_offset() {
        assert_eq!(time("2026-11-26T16:37:41.5Z"), Some(1_795_711_061.5));
        assert_eq!(time("2026-11-26T17:37:41.5+01:00"), Some(1_795_711_061.5));
        assert_eq!(time("soon"), None);
    }
}
