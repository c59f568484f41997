//! The other box, as it is seen from this one.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::programs::{Agent, doctor_alone, finding, host, serve};

fn settings(peer: Ipv4Addr) -> String {
    format!(
        "box = \"a\"\ninterval = \"1s\"\ntimeout = \"10s\"\n\
         [peer]\nbox = \"b\"\nhealth = \"http://{peer}:8870\"\n\
         prometheus = \"http://{peer}:9090\"\nalertmanager = \"http://{peer}:9093\"\n"
    )
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

/// A Prometheus that knows one alert, and whose clock is ahead.
fn prometheus(alert: &'static str, ahead: f64) -> Router {
    let alerts = json!({ "status": "success", "data": { "alerts": [{ "labels": { "alertname": alert }, "state": "firing" }] } });
    let query = async move || {
        let series = json!([{ "metric": {}, "value": [0.0, (now() + ahead).to_string()] }]);
        Json(json!({ "status": "success", "data": { "resultType": "vector", "result": series } }))
    };
    Router::new()
        .route("/api/v1/alerts", get(async move || Json(alerts)))
        .route("/api/v1/query", get(query))
}

/// An Alertmanager that was last told so many seconds ago, in another time zone.
fn alertmanager(ago: u64) -> Router {
    let answer = async move || {
        let at = SystemTime::now() + Duration::from_hours(1) - Duration::from_secs(ago);
        let at = humantime::format_rfc3339_millis(at)
            .to_string()
            .replace('Z', "+01:00");
        Json(
            json!([{ "labels": { "alertname": "Watchdog" }, "updatedAt": at, "status": { "state": "active" } }]),
        )
    };
    Router::new().route("/api/v2/alerts", get(answer))
}

async fn look(peer: Ipv4Addr) -> Value {
    let alone = host();
    let look = move || doctor_alone(alone, &settings(peer), "peer");
    tokio::task::spawn_blocking(look).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_is_well_and_one_whose_agent_ends() {
    let peer = host();
    serve((peer, 9090), prometheus("Watchdog", 0.0)).await;
    serve((peer, 9093), alertmanager(40)).await;
    let other = Agent::start(peer, "box = \"b\"\ninterval = \"1s\"\n[system]\nmounts = []\n").await;
    crate::programs::eventually("its first round is over", async || {
        let status = crate::programs::text(&format!("{}/status", other.url)).await;
        status.starts_with('{').then_some(())
    })
    .await;
    let report = look(peer).await;
    for id in [
        "peer-reachable",
        "peer-agent",
        "peer-healthy",
        "peer-prometheus",
        "peer-alertmanager",
        "peer-clock",
        "peer-version",
    ] {
        assert_eq!(finding(&report, id).0, "ok", "{report:#}");
    }
    drop(other);
    let report = look(peer).await;
    assert_eq!(finding(&report, "peer-reachable").0, "ok");
    let (verdict, evidence) = finding(&report, "peer-agent");
    assert_eq!(verdict, "down");
    let refused = format!("the agent of box b cannot be reached at {peer}:8870: Connection refused");
    assert!(evidence.starts_with(&refused), "{evidence}");
    assert_eq!(finding(&report, "peer-version").0, "not_applicable");
    assert_eq!(finding(&report, "peer-prometheus").0, "ok");
    // this box does its work
    assert_eq!(report["state"], "attention");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_runs_and_has_nothing_of_the_box() {
    let report = look(host()).await;
    let (verdict, evidence) = finding(&report, "peer-reachable");
    assert_eq!(verdict, "down");
    assert!(
        evidence.starts_with("the machine of box b runs, and nothing of the box does"),
        "{evidence}"
    );
    assert_eq!(finding(&report, "peer-agent").0, "not_applicable");
    assert_eq!(report["state"], "attention");
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_that_are_not_evaluated_or_not_heard_of_and_a_clock_that_is_wrong() {
    let peer = host();
    serve((peer, 9090), prometheus("Other", 30.0)).await;
    serve((peer, 9093), alertmanager(900)).await;
    let status =
        json!({ "state": "ok", "summary": "1 check, all is well", "age": 900.0, "version": "0.0.9" });
    serve(
        (peer, 8870),
        Router::new().route("/status", get(async move || Json(status))),
    )
    .await;
    let report = look(peer).await;
    for (id, verdict, evidence) in [
        ("peer-agent", "stale", "the agent of box b last looked 15 min ago"),
        (
            "peer-prometheus",
            "down",
            "Prometheus of box b has no Watchdog, which always fires",
        ),
        (
            "peer-alertmanager",
            "stale",
            "Alertmanager of box b last heard of Watchdog 15 min ago",
        ),
        ("peer-clock", "degraded", "box b is 30.0 s ahead of this one"),
    ] {
        assert_eq!(finding(&report, id), (verdict, evidence));
    }
    assert_eq!(finding(&report, "peer-version").0, "degraded");
}
