//! What was sent through the whole pipeline: looks.
//!
//! The agent that sends is asked like any other part, even by itself, so that it and the doctor see the same. Where no agent
//! answers, a canary is sent from here.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use futures_util::future::{OptionFuture, join_all};
use reqwest::Url;
use serde::Deserialize;

use crate::canary::{alert, metric, send_once};
use crate::config::Config;
use crate::facts::Answer;
use crate::facts::canaries::{Canaries, DataPlane, Newest, Sender};
use crate::probe::http::Client;
use crate::probe::promql;

/// Never fails: what could not be asked is a fact too. `None` if the box sends none.
pub(crate) async fn look(client: &Client, config: &Config) -> Option<Canaries> {
    let alerts = config.parts.alertmanager.is_some();
    if !config.canary.enabled || (config.collectors.is_empty() && !alerts) {
        return None;
    }
    let agent = own(config.listen);
    let sender: Answer<Sender> = match Url::parse(&format!("http://{agent}/")) {
        Ok(url) => client.json(&url, "canary").await,
        Err(error) => Err(format!("has no usable address: {error}")),
    };
    // an agent with other settings is not this one
    let sender = sender.and_then(|sender| match sender.collectors.len() {
        count if count == config.collectors.len() => Ok(sender),
        count => Err(format!(
            "runs with other settings: it knows of {count} collectors, not {}",
            config.collectors.len()
        )),
    });
    let sender = match sender {
        Ok(mut sender) => {
            if let (Some(alert), Some(alertmanager)) = (&mut sender.alert, &config.parts.alertmanager) {
                alert.held_back = held_back(client, alertmanager, &config.box_name).await;
            }
            Ok(sender)
        }
        Err(why) => Err(why),
    };
    let sent = if let Ok(sender) = &sender {
        sender.collectors.clone()
    } else {
        let sending = config.collectors.iter().map(|to| send_once(config, to));
        join_all(sending).await
    };
    let data_planes = config
        .collectors
        .iter()
        .zip(sent)
        .map(|(collector, sent)| DataPlane {
            environment: collector.environment.clone(),
            id: collector.data_plane_id.clone(),
            collector: collector.otlp.as_str().trim_end_matches('/').to_owned(),
            sent,
        })
        .collect();
    let query = |of: &'static str, at: &Option<Url>| {
        let at = at.clone().filter(|_| !config.collectors.is_empty());
        OptionFuture::from(at.map(|at| async move { newest(client, &at, &config.box_name, of).await }))
    };
    let (prometheus, thanos) = tokio::join!(
        query("Prometheus", &config.parts.prometheus),
        query("the query-frontend", &config.parts.thanos_query_frontend)
    );
    Some(Canaries {
        max_age: config.canary.max_age.as_secs_f64(),
        sender,
        data_planes,
        prometheus,
        thanos,
        alerts,
    })
}

/// What is older than an hour is none any more. An hour ahead is looked as well: what is there was sent before the clock was put back, and
/// hides that nothing new arrives.
async fn newest(client: &Client, at: &Url, box_name: &str, who: &str) -> Answer<Vec<Newest>> {
    let name = metric::NAME;
    let box_name = promql::quoted(box_name);
    let query = format!(
        "max by (environment, data_plane_id) (last_over_time({name}{{box={box_name}}}[2h] offset -1h))"
    );
    let samples = client
        .query(at, &query)
        .await
        .map_err(|why| format!("{who} {why}"))?;
    let newest = samples.into_iter().map(|mut sample| Newest {
        environment: sample.labels.remove("environment").unwrap_or_default(),
        data_plane_id: sample.labels.remove("data_plane_id").unwrap_or_default(),
        sent_at: sample.value,
    });
    Ok(newest.collect())
}

/// Who keeps the newest test alert from coming back, as far as Alertmanager says so.
async fn held_back(client: &Client, alertmanager: &Url, box_name: &str) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Alert {
        labels: BTreeMap<String, String>,
        starts_at: String,
        status: Status,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        state: String,
        #[serde(default)]
        silenced_by: Vec<String>,
        #[serde(default)]
        inhibited_by: Vec<String>,
    }

    let path = format!("api/v2/alerts?filter=alertname=%22{}%22", alert::NAME);
    let alerts: Vec<Alert> = client.json(alertmanager, &path).await.ok()?;
    let ours = alerts
        .into_iter()
        .filter(|alert| alert.labels.get("box").is_some_and(|name| name == box_name));
    let newest = ours.max_by_key(|alert| alert.starts_at.parse::<jiff::Timestamp>().ok())?;
    let status = newest.status;
    if status.state != "suppressed" {
        return None;
    }
    Some(match (status.silenced_by.first(), status.inhibited_by.first()) {
        (Some(silence), _) => format!("the silence {silence}"),
        (None, Some(_)) => "an alert that inhibits it".to_owned(),
        (None, None) => "the time".to_owned(),
    })
}

/// Where something that listens on this address is reached from this machine.
fn own(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_itself_where_it_listens() {
        for (listens, asked) in [
            ("0.0.0.0:8870", "127.0.0.1:8870"),
            ("[::]:8870", "[::1]:8870"),
            ("127.0.0.2:8870", "127.0.0.2:8870"),
        ] {
            assert_eq!(own(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
