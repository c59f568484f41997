//! Two boxes that are one to those who ask: what is scraped, pushed and alerted twice is seen once, and one may die.

use serde_json::Value;

use crate::harness::{Demo, eventually, get};
use crate::prometheus::{Prometheus, Sample};
use crate::self_check;

/// Targets by job, as both Prometheus together see them.
const TARGETS: [(&str, f64); 17] = [
    ("alertmanager", 2.0),
    ("dashboard", 1.0),
    ("dataplane-dev", 1.0),
    ("dataplane-prod", 1.0),
    ("dataplane-qa", 1.0),
    ("health", 2.0),
    ("node", 1.0),
    ("object-store", 1.0),
    ("otel-collectors", 3.0),
    ("prometheus", 2.0),
    ("pushgateway", 2.0),
    ("thanos-compact", 1.0),
    ("thanos-query", 1.0),
    ("thanos-query-frontend", 1.0),
    ("thanos-rule", 1.0),
    ("thanos-sidecar", 2.0),
    ("thanos-store", 1.0),
];

pub(crate) async fn check(demo: &Demo, thanos: &Prometheus) {
    targets(thanos).await;
    status(demo).await;
    pushed_twice_is_one(demo, thanos).await;
    one_notification(demo).await;
    one_may_die(demo, thanos).await;
}

async fn targets(thanos: &Prometheus) {
    let up = thanos.query("sum by (job) (up)").await;
    let mut up: Vec<_> = up
        .iter()
        .map(|sample| (sample.labels["job"].as_str(), sample.value))
        .collect();
    up.sort_by_key(|(job, _)| *job);
    assert_eq!(up, TARGETS);
    assert_eq!(thanos.count("count(up{job=\"node\"})").await, 1);
    // the same, told by each
    let nodes = thanos.query_each("up{job=\"node\"}").await;
    let mut replicas: Vec<_> = nodes
        .iter()
        .map(|sample| sample.labels["replica"].as_str())
        .collect();
    replicas.sort_unstable();
    assert_eq!(replicas, ["a", "b"]);
}

/// What `status` shows, by part.
async fn state_of(demo: &Demo, part: &str) -> Value {
    let (_, said) = demo.runs(&["status", "--json", "--over", "100ms"]).await;
    let parts: Vec<Value> = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    let part_ = parts.iter().find(|one| one["name"] == part);
    part_.unwrap_or_else(|| panic!("no {part}: {said}")).clone()
}

async fn status(demo: &Demo) {
    let said = demo.obeys(&["status", "--over", "100ms"]).await;
    assert!(
        said.contains("\n28 of 28 parts are ready; together they take "),
        "{said}"
    );
    let minio = state_of(demo, "minio").await;
    assert_eq!((&minio["state"], &minio["in"]), (&"ready".into(), &"a".into()));
    assert!(minio["memoryBytes"].as_u64().unwrap() > 10_000_000, "{minio}");
    let log = demo.obeys(&["logs", "alertmanager-b", "--lines", "1000"]).await;
    assert!(log.contains("msg=\"gossip settled; proceeding\""), "{log}");
}

/// A batch job pushes to both gateways, and one of them loses what it has.
async fn pushed_twice_is_one(demo: &Demo, thanos: &Prometheus) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let group = |host| format!("{}/metrics/job/nightly/instance/x", demo.url_on(host, 9091));
    for host in [1, 2] {
        let pushed = http
            .put(group(host))
            .body("rows_total 1200\n")
            .send()
            .await
            .unwrap();
        assert!(pushed.status().is_success(), "{pushed:?}");
    }
    // over a minute: at the moment in which one copy ends, an instant may find neither
    let rows = "sum(last_over_time(rows_total{job=\"nightly\"}[1m]))";
    let copies = || async { thanos.query_each("rows_total{job=\"nightly\"}").await.len() };
    eventually("both Prometheus have it of both Pushgateways", async || {
        (copies().await == 4).then_some(())
    })
    .await;
    assert_eq!(thanos.count(rows).await, 1200);
    let lost = http.delete(group(1)).send().await.unwrap();
    assert!(lost.status().is_success(), "{lost:?}");
    eventually("the lost copies are stale", async || {
        (copies().await == 2).then_some(())
    })
    .await;
    assert_eq!(thanos.count(rows).await, 1200);
}

/// Two Prometheus send to two Alertmanagers, and people are told once.
async fn one_notification(demo: &Demo) {
    let firing = |alert: &Value| {
        let labels = &alert["labels"];
        (labels["alertname"] == "Watchdog").then(|| labels.clone())
    };
    for host in [1, 2] {
        let alerts = get(&format!("{}/api/v2/alerts", demo.url_on(host, 9093))).await;
        let watchdogs: Vec<_> = alerts.as_array().unwrap().iter().filter_map(firing).collect();
        assert_eq!(watchdogs.len(), 1, "{alerts:#}");
        assert_eq!(watchdogs[0]["replica"], Value::Null, "{alerts:#}");
        let status = get(&format!("{}/api/v2/status", demo.url_on(host, 9093))).await;
        assert_eq!(
            status["cluster"]["peers"].as_array().unwrap().len(),
            2,
            "{status:#}"
        );
    }
    let notifications = get(&format!("{}/notifications", demo.url(8871))).await;
    // one every five minutes, whoever of the two sends it
    let mut heartbeats: Vec<_> = notifications
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["body"]["receiver"] == "heartbeat")
        .map(|one| one["receivedAt"].as_f64().unwrap())
        .collect();
    heartbeats.sort_by(f64::total_cmp);
    assert!(!heartbeats.is_empty(), "{notifications:#}");
    let twice = heartbeats.windows(2).find(|pair| pair[1] - pair[0] < 240.0);
    assert_eq!(twice, None, "{notifications:#}");
}

async fn one_may_die(demo: &Demo, thanos: &Prometheus) {
    let said = demo.obeys(&["kill", "prometheus-a"]).await;
    assert_eq!(
        said,
        "prometheus-a is killed; `signalbox-demo restart prometheus-a` starts it\n"
    );
    let (success, said) = demo.runs(&["kill", "prometheus-a"]).await;
    assert_eq!(
        (success, said.as_str()),
        (false, "signalbox-demo: prometheus-a does not run\n")
    );
    assert_eq!(state_of(demo, "prometheus-a").await["state"], "killed, as asked");
    let a_is_down = async || {
        thanos
            .query("up{instance=\"a:9090\"} == 0")
            .await
            .first()
            .cloned()
    };
    self_check::names_a_dead_prometheus(demo).await;
    let down: Sample = eventually("b sees that a is down", a_is_down).await;
    assert_eq!(down.labels["box"], "a");
    // everything else is seen as before
    assert_eq!(thanos.count("count(up{job=~\"dataplane-.*\"} == 1)").await, 3);
    let said = demo.obeys(&["restart", "prometheus-a"]).await;
    assert!(said.starts_with("prometheus-a is ready after "), "{said}");
    let (success, said) = demo.runs(&["restart", "prometheus"]).await;
    assert!(
        !success && said.contains("this box has no part prometheus; it has alertmanager-a, "),
        "{said}"
    );
}
