//! Thanos' parts die, one after the other. Prometheus scrapes, evaluates and answers without any of them.

use std::time::Duration;

use serde_json::Value;

use crate::bucket::Bucket;
use crate::client::{Client, metric};
use crate::faults::{becomes, every_second, kill, restart};
use crate::harness::{Demo, eventually, eventually_within, get};
use crate::lone_sample::LoneSample;
use crate::samples::now;

/// All data planes, as any store of samples can tell.
const PLANES: &str = "count(up{job=~\"dataplane-.*\"} == 1)";

/// What only the ruler says.
const BUDGETS: &str = "environment_service_slo:error_budget_remaining:ratio30d";

/// Its rules are evaluated every two minutes.
const EVALUATIONS: Duration = Duration::from_mins(4);

/// Clients find nobody, and the dashboard says that it cannot ask.
pub(super) async fn query_frontend_dies(demo: &Demo) {
    kill(demo, "thanos-query-frontend").await;
    let client = Client::new(demo.url(10908));
    assert!(client.try_query(PLANES).await.is_none(), "nobody listens");
    assert_eq!(Client::new(demo.url(10903)).query(PLANES).await.values(), [3.0]);
    the_dashboard_cannot_ask(demo).await;
    restart(demo, "thanos-query-frontend").await;
    assert_eq!(client.query(PLANES).await.values(), [3.0]);
    the_dashboard_can_ask(demo).await;
}

/// The frontend says that it has nobody to ask; Prometheus itself goes on.
pub(super) async fn query_dies(demo: &Demo) {
    kill(demo, "thanos-query").await;
    let client = Client::new(demo.url(10908));
    let refused = client.query(PLANES).await;
    assert_eq!(refused.status, 500, "{}", refused.text);
    assert!(refused.text.contains("connection refused"), "{}", refused.text);
    for host in [1, 2] {
        let prometheus = Client::new(demo.url_on(host, 9090));
        assert_eq!(prometheus.query(PLANES).await.values(), [3.0]);
    }
    the_dashboard_cannot_ask(demo).await;
    restart(demo, "thanos-query").await;
    becomes("the frontend answers again", vec![3.0], async || {
        client.query(PLANES).await.values()
    })
    .await;
    the_dashboard_can_ask(demo).await;
}

/// What only the object store has is missing, and each answer says so, for as long as it is.
pub(super) async fn store_dies(demo: &Demo) {
    let old = LoneSample::at(now() - 3 * 3600);
    let folder = demo.state().join("lone-sample");
    old.write(&folder).await;
    let labels = [("cluster", "demo"), ("region", "local"), ("replica", "a")];
    let labels = labels.map(|(label, value)| (label.to_owned(), value.to_owned()));
    Bucket::of(demo)
        .upload(&folder.join("blocks"), &labels.into())
        .await;
    // it looks for blocks when it starts, and then every 15 minutes
    restart(demo, "thanos-store").await;
    let client = Client::new(demo.url(10908));
    let remembered = async || {
        let answer = client.query_at(LoneSample::NAME, old.time).await;
        (answer.values(), answer.warnings().is_empty())
    };
    becomes("it is remembered", (vec![LoneSample::VALUE], true), remembered).await;

    kill(demo, "thanos-store").await;
    // a while longer than Thanos asks it for its health
    every_second(20, async || {
        assert_eq!(remembered().await, (vec![], false), "a warning, and nothing else");
        let fresh = client.query(PLANES).await;
        assert_eq!((fresh.values(), fresh.warnings()), (vec![3.0], vec![]));
    })
    .await;
    restart(demo, "thanos-store").await;
    becomes(
        "it is remembered again",
        (vec![LoneSample::VALUE], true),
        remembered,
    )
    .await;
}

/// Nobody waits for it.
pub(super) async fn compact_dies(demo: &Demo) {
    kill(demo, "thanos-compact").await;
    let client = Client::new(demo.url(10908));
    becomes("it is seen to be down", vec![0.0], async || {
        client.query("up{job=\"thanos-compact\"}").await.values()
    })
    .await;
    assert_eq!(client.query(PLANES).await.values(), [3.0]);
    restart(demo, "thanos-compact").await;
    let url = demo.url(10907);
    eventually("it has looked through the bucket", async || {
        (metric(&url, "thanos_compact_iterations_total").await >= 1).then_some(())
    })
    .await;
    assert_eq!(metric(&url, "thanos_compact_halted").await, 0);
}

/// There are no error budgets, and all alerts.
pub(super) async fn rule_dies(demo: &Demo) {
    let client = Client::new(demo.url(10908));
    eventually_within(EVALUATIONS, "there are error budgets", async || {
        (client.query(BUDGETS).await.values().len() == 3).then_some(())
    })
    .await;
    kill(demo, "thanos-rule").await;
    becomes("there are no error budgets", vec![], async || {
        client.query(BUDGETS).await.values()
    })
    .await;
    let watchdog = "count(ALERTS{alertname=\"Watchdog\",alertstate=\"firing\"})";
    for host in [1, 2] {
        let prometheus = Client::new(demo.url_on(host, 9090));
        assert_eq!(prometheus.query(watchdog).await.values(), [1.0]);
    }
    restart(demo, "thanos-rule").await;
    let since = now();
    becomes("the old ones are there", 3, async || {
        client.query(BUDGETS).await.values().len()
    })
    .await;
    eventually_within(EVALUATIONS, "there are new ones", async || {
        let new = format!("timestamp({BUDGETS}) > {since}");
        (client.query(&new).await.values().len() == 3).then_some(())
    })
    .await;
}

async fn the_dashboard_cannot_ask(demo: &Demo) {
    let overview = async || overview(demo).await["store"]["reachable"].clone();
    becomes(
        "the dashboard says that it cannot ask",
        Value::Bool(false),
        overview,
    )
    .await;
    let overview = self::overview(demo).await;
    for environment in overview["environments"].as_array().unwrap() {
        assert_eq!(environment["state"], "unknown", "{overview:#}");
    }
    let verdict = overview["verdict"].as_str().unwrap();
    assert!(
        verdict.ends_with("The state of 3 environments is unknown"),
        "{verdict}"
    );
}

async fn the_dashboard_can_ask(demo: &Demo) {
    let overview = async || overview(demo).await["store"]["reachable"].clone();
    becomes("the dashboard can ask again", Value::Bool(true), overview).await;
    let overview = self::overview(demo).await;
    for environment in overview["environments"].as_array().unwrap() {
        assert_ne!(environment["state"], "unknown", "{overview:#}");
    }
}

async fn overview(demo: &Demo) -> Value {
    get(&format!("{}/api/v1/overview?range=5m", demo.url(3000))).await
}
