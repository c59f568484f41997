//! The whole box, from its start to its next start: traffic, metrics, queries, alerts, dashboard, stopping.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{Demo, PATIENCE, get, root};
use crate::pair;
use crate::prometheus::Prometheus;
use crate::queries;
use crate::self_check;

const NETWORK: &str = "127.77.1";

const ENVIRONMENTS: [&str; 3] = ["prod", "dev", "qa"];

/// Samples of each data plane to wait for, ten seconds apart: windows of a minute are full then.
const SAMPLES: u16 = 8;

/// With `SIGNALBOX_TEST_FULL` set: windows of five minutes are full, too.
const SAMPLES_FULL: u16 = 30;

#[tokio::test]
async fn the_box() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(NETWORK, state.path(), &[]).await;
    demo.says("Dashboard: http://127.77.1.1:3000").await;
    let visible = demo.says("metrics of prod, dev and qa visible after").await;
    println!("{visible}");
    let addresses = demo.addresses();
    let prometheus = Prometheus::new(demo.url(9090));
    // all of it, both replicas and the object store, as the dashboard asks
    let thanos = Prometheus::new(demo.url(10908));

    demo.says("Is all well? ").await;
    self_check::all_is_well(&demo, &thanos).await;
    wait_for_samples(&prometheus).await;
    queries::check_all(&prometheus).await;
    queries::check_all(&thanos).await;
    pair::check(&demo, &thanos).await;
    self_check::all_is_well(&demo, &thanos).await;
    check_dashboard(&demo).await;
    check_alerts(&demo).await;
    check_in_browser(&demo).await;
    assert_eq!(sold(5).await, "5");

    let before = now();
    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!said.contains("had to be killed"), "{said}");
    self_check::names_all_that_is_down(&demo).await;
    demo.assert_nothing_left(&addresses).await;
    drop(demo);

    let mut demo = Demo::start(NETWORK, state.path(), &[]).await;
    demo.says("metrics of prod, dev and qa visible after").await;
    let old = prometheus.query_at("up{job=~\"dataplane-.*\"}", before).await;
    assert_eq!(old.len(), 3, "{old:?}");
    assert_eq!(sold(2).await, "7", "the collector goes on where it left off");
    let (logs, before_logs) = ("logs/prometheus-a.log", "logs/prometheus-a.log.1");
    assert!(demo.state().join(logs).exists() && demo.state().join(before_logs).exists());
    demo.signal(Signal::TERM);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    demo.assert_nothing_left(&addresses).await;
}

/// Waits until each environment has been scraped often enough.
async fn wait_for_samples(prometheus: &Prometheus) {
    let samples = if is_full() { SAMPLES_FULL } else { SAMPLES };
    let query =
        "min by (environment) (count_over_time(otel_http_server_duration_count{http_route=\"/health\"}[5m]))";
    let enough = async {
        loop {
            let counts = prometheus.query(query).await;
            if counts.len() == ENVIRONMENTS.len()
                && counts.iter().all(|count| count.value >= f64::from(samples))
            {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let patience = PATIENCE + Duration::from_secs(10) * u32::from(samples);
    tokio::time::timeout(patience, enough)
        .await
        .expect("every environment is scraped every ten seconds");
}

/// The dashboard judges the environments and draws their panels.
async fn check_dashboard(demo: &Demo) {
    let overview = get(&format!("{}/api/v1/overview?range=5m", demo.url(3000))).await;
    let environments = overview["environments"].as_array().unwrap();
    let names: Vec<_> = environments
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ENVIRONMENTS);
    for environment in environments {
        assert_eq!(environment["state"], "ok", "{environment:#}");
        assert!(
            now() - environment["newestSampleAt"].as_f64().unwrap() < 30.0,
            "{environment:#}"
        );
        assert!(
            environment["requestRate"].as_f64().unwrap() > 0.0,
            "{environment:#}"
        );
        assert!(
            environment["latencyP95"].as_f64().unwrap() < 1.0,
            "{environment:#}"
        );
    }
    for environment in ENVIRONMENTS {
        for panel in ["request-rate", "latency", "error-ratio", "active-requests"] {
            let url = format!(
                "{}/api/v1/environments/{environment}/panels/{panel}?range=5m&width=600",
                demo.url(3000)
            );
            let panel = get(&url).await;
            let series = panel["series"].as_array().unwrap();
            let drawn = |one: &Value| one["values"].as_array().unwrap().iter().any(Value::is_number);
            assert!(!series.is_empty() && series.iter().all(drawn), "{url}: {panel:#}");
        }
    }
}

/// The alert that always fires arrives at the far end.
async fn check_alerts(demo: &Demo) {
    let url = format!("{}/notifications", demo.url(8871));
    let arrived = async {
        loop {
            let notifications = get(&url).await;
            let is_watchdog = |one: &Value| one["body"]["commonLabels"]["alertname"] == "Watchdog";
            if let Some(watchdog) = notifications
                .as_array()
                .unwrap()
                .iter()
                .find(|one| is_watchdog(one))
            {
                return watchdog.clone();
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let watchdog = tokio::time::timeout(PATIENCE, arrived)
        .await
        .expect("the watchdog's alert arrives");
    assert_eq!(watchdog["body"]["receiver"], "heartbeat", "{watchdog:#}");
    let logged = std::fs::read_to_string(demo.state().join("logs/notifications.jsonl")).unwrap();
    assert!(logged.lines().any(|line| line.contains("Watchdog")), "{logged}");
}

/// With `SIGNALBOX_BROWSER_TEST` set, a browser looks at the pages and takes pictures of them.
async fn check_in_browser(demo: &Demo) {
    if std::env::var_os("SIGNALBOX_BROWSER_TEST").is_none() {
        return;
    }
    let mut browser = Command::new("node");
    browser.args([
        "crates/dashboard/web/e2e/shots.mjs",
        "--out",
        "target/screenshots",
        "--url",
        &demo.url(3000),
    ]);
    if !is_full() {
        // charts have few values in the first minutes
        browser.arg("--allow-early");
    }
    let status = tokio::time::timeout(PATIENCE, browser.current_dir(root()).status())
        .await
        .expect("the browser ends")
        .expect("node starts");
    assert!(status.success(), "the browser check: {status}");
}

/// Tells prod's collector of so many tickets more, as a delta, and returns how many there are in all.
async fn sold(tickets: u32) -> String {
    let nanoseconds = |seconds: f64| format!("{}000000", (seconds * 1000.0).floor());
    let request = json!({ "resourceMetrics": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "box-office" } }] },
        "scopeMetrics": [{ "metrics": [{ "name": "tickets", "sum": {
            "aggregationTemporality": 1, "isMonotonic": true,
            "dataPoints": [{
                "startTimeUnixNano": nanoseconds(now() - 1.0),
                "timeUnixNano": nanoseconds(now()),
                "asInt": tickets
            }]
        } }] }]
    }] });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = http
        .post(format!("http://{NETWORK}.11:4318/v1/metrics"))
        .json(&request);
    let answer = sent.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let shown = http
        .get(format!("http://{NETWORK}.11:8889/metrics"))
        .send()
        .await
        .unwrap();
    let shown = shown.text().await.unwrap();
    let line = shown
        .lines()
        .find(|line| line.starts_with("tickets_total{"))
        .unwrap();
    line.rsplit(' ').next().unwrap().to_owned()
}

fn is_full() -> bool {
    std::env::var_os("SIGNALBOX_TEST_FULL").is_some()
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}
