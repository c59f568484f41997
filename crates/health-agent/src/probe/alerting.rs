//! Alertmanager, Pushgateway, dashboard: looks.

mod alertmanager;

use std::collections::BTreeMap;

use futures_util::future::OptionFuture;
use reqwest::Url;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::config::Config;
use crate::facts::Answer;
use crate::facts::alerting::{Alerting, Groups, Pushgateway};
use crate::probe::http::{Client, MAX_GROUPS};
use crate::probe::promql;

/// Never fails: what could not be asked is a fact too. `None` if the box has nothing of it.
pub(crate) async fn look(client: &Client, config: &Config) -> Option<Alerting> {
    let parts = &config.parts;
    if parts.alertmanager.is_none() && parts.pushgateway.is_none() && parts.dashboard.is_none() {
        return None;
    }
    let alertmanager: OptionFuture<_> = parts
        .alertmanager
        .as_ref()
        .map(|base| alertmanager::look(client, base, config))
        .into();
    let pushgateway: OptionFuture<_> = parts
        .pushgateway
        .as_ref()
        .map(|base| pushgateway(client, base))
        .into();
    let dashboard: OptionFuture<_> = parts
        .dashboard
        .as_ref()
        .map(|base| client.ready(base, "readyz"))
        .into();
    let (alertmanager, pushgateway, dashboard) = tokio::join!(alertmanager, pushgateway, dashboard);
    Some(Alerting {
        alertmanager,
        pushgateway,
        dashboard,
    })
}

async fn pushgateway(client: &Client, base: &Url) -> Pushgateway {
    let (ready, groups) = tokio::join!(client.ready(base, "-/ready"), groups(client, base));
    Pushgateway { ready, groups }
}

/// Of its answer, only what is read here is kept: the rest is all that was pushed.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    data: Vec<Group>,
}

/// Each metric of a group is a key beside these, and takes the place of the one of its name.
#[derive(Deserialize)]
struct Group {
    labels: Told<BTreeMap<String, String>>,
    last_push_successful: Told<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Told<T> {
    Is(T),
    Other(IgnoredAny),
}

async fn groups(client: &Client, base: &Url) -> Answer<Groups> {
    let body = client.get_up_to(base, "api/v1/metrics", MAX_GROUPS).await?;
    serde_json::from_slice(&body)
        .map(told)
        .map_err(|error| format!("answered what cannot be read: {error}"))
}

fn told(body: Body) -> Groups {
    let mut groups = Groups {
        count: body.data.len(),
        ..Groups::default()
    };
    for group in body.data {
        match (group.labels, group.last_push_successful) {
            (Told::Other(IgnoredAny), _) => groups.nameless += 1,
            (Told::Is(labels), Told::Is(false)) => groups.refused.push(text(&labels)),
            (Told::Is(_), _) => {}
        }
    }
    groups
}

fn text(labels: &BTreeMap<String, String>) -> String {
    let labels = labels.iter();
    labels
        .map(|(name, value)| format!("{name}={}", promql::quoted(value)))
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_group_blinds_nobody_to_the_others() {
        let text = r#"{"status":"success","data":[
            {"labels":{"job":"well"},"last_push_successful":true,"rows":{"metrics":[{"labels":{},"value":"1"}]}},
            {"labels":{"job":"refused","box":"a"},"last_push_successful":false},
            {"labels":{"type":"UNTYPED","metrics":[{"labels":{"job":"evil"},"value":"1"}]},"last_push_successful":true},
            {"labels":{"job":"sly"},"last_push_successful":{"type":"UNTYPED","metrics":[]}}]}"#;
        assert_eq!(
            told(serde_json::from_str(text).unwrap()),
            Groups {
                count: 4,
                refused: vec![r#"box="a",job="refused""#.to_owned()],
                nameless: 1,
            }
        );
        // it leaves out what is empty
        assert_eq!(
            told(serde_json::from_str(r#"{"status":"success"}"#).unwrap()),
            Groups::default()
        );
    }
}
