//! Prometheus and what it scrapes: looks.

mod configuration;
mod numbers;
pub(crate) mod rules;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Url;
use serde::Deserialize;

use crate::config::Config;
use crate::facts::Answer;
use crate::facts::prometheus::{Growth, Prometheus, Target};
use crate::probe::growth;
use crate::probe::http::Client;
use crate::probe::promql;

/// Never fails: what could not be asked is a fact too. `None` if the box has no Prometheus.
pub(crate) async fn look(client: &Client, config: &Config) -> Option<Prometheus> {
    let base = config.parts.prometheus.as_ref()?;
    let (ready, targets, configuration, flags, failing_rules, page, growth) = tokio::join!(
        client.ready(base, "-/ready"),
        targets(client, base),
        configuration::read(client, base),
        flags(client, base),
        rules::failing(client, base),
        client.samples(base, "metrics", numbers::WANTED),
        growth(client, base, &config.box_name),
    );
    Some(Prometheus {
        ready,
        targets,
        expected_jobs: expected_jobs(config),
        box_name: config.box_name.clone(),
        configuration,
        flags,
        failing_rules,
        numbers: page.map(|page| numbers::of(&page)),
        growth,
        has_sidecar: config.parts.thanos_sidecar.is_some(),
        expected_alertmanagers: config
            .parts
            .alertmanager
            .as_ref()
            .map_or(0, |_| 1 + usize::from(config.peer.is_some())),
        max_series: config.max_series,
    })
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

async fn targets(client: &Client, base: &Url) -> Answer<Vec<Target>> {
    #[derive(Deserialize)]
    struct Targets {
        #[serde(rename = "activeTargets")]
        active: Vec<Active>,
    }
    #[derive(Deserialize)]
    struct Active {
        labels: BTreeMap<String, String>,
        health: String,
        #[serde(rename = "lastError")]
        last_error: String,
    }
    let answer: Envelope<Targets> = client.json(base, "api/v1/targets?state=active").await?;
    let target = |mut active: Active| Target {
        job: active.labels.remove("job").unwrap_or_default(),
        instance: active.labels.remove("instance").unwrap_or_default(),
        box_name: active.labels.remove("box"),
        health: active.health,
        last_error: active.last_error,
    };
    Ok(answer.data.active.into_iter().map(target).collect())
}

async fn flags(client: &Client, base: &Url) -> Answer<BTreeMap<String, String>> {
    let answer: Envelope<_> = client.json(base, "api/v1/status/flags").await?;
    Ok(answer.data)
}

async fn growth(client: &Client, base: &Url, box_name: &str) -> Answer<Growth> {
    let box_name = promql::quoted(box_name);
    let of = |metric: &str, window: &str| {
        format!("increase(prometheus_{metric}{{job=\"prometheus\",box={box_name}}}[{window}])")
    };
    let by_alertmanager = |metric: &str| {
        format!(
            "sum by (alertmanager) ({})",
            of(&format!("notifications_{metric}_total"), "5m")
        )
    };
    let answers = growth::several(
        client,
        base,
        &[
            (
                "compactions",
                format!("sum({})", of("tsdb_compactions_failed_total", "3h")),
            ),
            (
                "missed",
                format!("sum({})", of("rule_group_iterations_missed_total", "15m")),
            ),
            ("sent", by_alertmanager("sent")),
            ("failed", by_alertmanager("errors")),
        ],
    )
    .await?;
    Ok(Growth {
        compactions_failed: growth::sum(&answers["compactions"]),
        iterations_missed: growth::sum(&answers["missed"]),
        alerts_arrived: growth::by(&answers["sent"], "alertmanager"),
        alerts_lost: growth::by(&answers["failed"], "alertmanager"),
    })
}

/// The jobs that scrape what the site has, by the names that the configuration of Prometheus gives them.
fn expected_jobs(config: &Config) -> BTreeSet<String> {
    let of_parts = config.parts.all().filter_map(|(part, _)| match part {
        "node-exporter" => Some("node".to_owned()),
        // which of them it is makes a difference to its metrics
        "object-store" => None,
        part => Some(part.to_owned()),
    });
    let of_planes = config
        .collectors
        .iter()
        .map(|collector| format!("dataplane-{}", collector.environment));
    of_parts.chain(of_planes).collect()
}
