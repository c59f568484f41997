//! The other box of a pair: looks.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use tokio::net::TcpStream;

use crate::config::{self, Config};
use crate::facts::peer::{Agent, Clock, Machine, Peer, Status, Watchdog};
use crate::facts::{Answer, Timestamp};
use crate::probe::http::{Client, under};
use crate::probe::promql;
use crate::probe::unix_time;

/// The alert that always fires.
const WATCHDOG: &str = "Watchdog";

/// A Date header has whole seconds, cut off.
const DATE_GIVE: f64 = 0.5;

/// Never fails: what could not be asked is a fact too. `None` if the box is not one of a pair.
pub(crate) async fn look(client: &Client, config: &Config) -> Option<Peer> {
    let peer = config.peer.as_ref()?;
    let ((agent, date), prometheus, alertmanager, clock) = tokio::join!(
        agent(client, &peer.health),
        at_prometheus(client, &peer.prometheus),
        at_alertmanager(client, &peer.alertmanager),
        clock(client, &peer.prometheus),
    );
    let clock = clock.or(date);
    let mut seen = Peer {
        box_name: peer.box_name.clone(),
        agent_at: peer.health.as_str().trim_end_matches('/').to_owned(),
        agent,
        prometheus,
        alertmanager,
        clock,
        machine: None,
        last_seen: None,
        own_version: env!("CARGO_PKG_VERSION"),
    };
    if let Ok(watchdog) = &mut seen.alertmanager {
        // that time is by its clock
        let ahead = clock.map_or(0.0, |clock| clock.ahead);
        watchdog.heard = watchdog.heard.map(|ago| ago + ahead);
    }
    if seen.agent.is_err() && seen.prometheus.is_err() && seen.alertmanager.is_err() {
        let (machine, last_seen) = tokio::join!(
            machine(&peer.health, config.timeout),
            last_seen(client, config, peer)
        );
        seen.machine = Some(machine);
        seen.last_seen = last_seen;
    }
    Some(seen)
}

async fn agent(client: &Client, health: &Url) -> (Answer<Agent>, Option<Clock>) {
    #[derive(Deserialize)]
    struct Body {
        state: String,
        summary: String,
        age: f64,
        version: String,
    }

    let asked = Instant::now();
    let asked_at = unix_time();
    let request = client.request(Method::GET, under(health, "status"));
    let (status, headers, body) = match client.exchange(request).await {
        Ok(answer) => answer,
        Err(why) => return (Err(why), None),
    };
    let half = asked.elapsed().as_secs_f64() / 2.0;
    let date = headers.get("date").and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let clock = date.map(|date| Clock {
        ahead: date.timestamp().as_millisecond() as f64 / 1e3 + DATE_GIVE - (asked_at + half),
        give: half + DATE_GIVE,
    });
    let agent = match status {
        // the first round of checks is not over yet
        StatusCode::SERVICE_UNAVAILABLE => Ok(Agent::Starting),
        status if !status.is_success() => Err(format!("answered {status}")),
        _ => serde_json::from_slice(&body)
            .map(
                |Body {
                     state,
                     summary,
                     age,
                     version,
                 }| {
                    Agent::Judging(Status {
                        state,
                        summary,
                        age,
                        version,
                    })
                },
            )
            .map_err(|error| format!("answered what is no status: {error}")),
    };
    (agent, clock)
}

async fn at_prometheus(client: &Client, prometheus: &Url) -> Answer<Watchdog> {
    #[derive(Deserialize)]
    struct Body {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        alerts: Vec<Alert>,
    }
    #[derive(Deserialize)]
    struct Alert {
        labels: Labels,
        state: String,
    }

    let body: Body = client.json(prometheus, "api/v1/alerts").await?;
    let fires = |alert: &Alert| alert.labels.alertname == WATCHDOG && alert.state == "firing";
    Ok(Watchdog {
        fires: body.data.alerts.iter().any(fires),
        heard: None,
    })
}

#[derive(Deserialize)]
struct Labels {
    alertname: String,
}

async fn at_alertmanager(client: &Client, alertmanager: &Url) -> Answer<Watchdog> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Alert {
        labels: Labels,
        updated_at: String,
    }

    let alerts: Vec<Alert> = client.json(alertmanager, "api/v2/alerts").await?;
    let ours: Vec<_> = alerts
        .iter()
        .filter(|alert| alert.labels.alertname == WATCHDOG)
        .collect();
    let updated = ours
        .iter()
        .filter_map(|alert| alert.updated_at.parse::<jiff::Timestamp>().ok());
    Ok(Watchdog {
        fires: !ours.is_empty(),
        heard: updated
            .max()
            .map(|at| unix_time() - at.as_millisecond() as f64 / 1e3),
    })
}

/// By the time that its Prometheus takes for now.
async fn clock(client: &Client, prometheus: &Url) -> Option<Clock> {
    let asked = Instant::now();
    let asked_at = unix_time();
    let answer = client.query(prometheus, "vector(time())").await.ok()?;
    let half = asked.elapsed().as_secs_f64() / 2.0;
    let told = answer.first()?.value;
    Some(Clock {
        ahead: told - (asked_at + half),
        give: half,
    })
}

/// Whether it is off, or merely nothing of the box runs there.
async fn machine(health: &Url, timeout: Duration) -> Machine {
    let host = health.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = health.port_or_known_default().unwrap_or(0);
    match tokio::time::timeout(timeout, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Machine::Listens,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => Machine::Refuses,
        Ok(Err(error)) => Machine::Silent(error.to_string()),
        Err(_) => Machine::Silent("nothing came back in time".to_owned()),
    }
}

/// As far back as six hours.
async fn last_seen(client: &Client, config: &Config, peer: &config::Peer) -> Option<Timestamp> {
    let prometheus = config.parts.prometheus.as_ref()?;
    let name = promql::quoted(&peer.box_name);
    let query = format!("max(max_over_time(timestamp(up{{box={name}}} == 1)[6h:1m]))");
    let answer = client.query(prometheus, &query).await.ok()?;
    answer.first().map(|sample| sample.value)
}
