use std::time::Duration;

use serde_json::{Value, json};
use service::{Life, Settings};
use signalbox_load_gen::{Config, RawConfig, Report, run};

use crate::shop::{PATIENCE, Shop};

fn config(settings: Value) -> Config {
    let settings: RawConfig = serde_json::from_value(settings).unwrap();
    settings.into_config().unwrap()
}

async fn run_to_its_end(settings: Value) -> (Report, anyhow::Result<()>) {
    tokio::time::timeout(PATIENCE, run(config(settings), Life::detached()))
        .await
        .expect("it ends")
}

/// Whether `count` of `total` is the share `share`, within five standard deviations.
fn assert_share(what: &str, count: u64, total: u64, share: f64) {
    let expected = total as f64 * share;
    let bound = 5.0 * (expected * (1.0 - share)).sqrt();
    let error = (count as f64 - expected).abs();
    assert!(
        error <= bound,
        "{what}: {count} of {total}, expected {expected:.0} within {bound:.0}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_start_of_the_schedule_reaches_the_target_in_the_right_shares() {
    let shop = Shop::start().await;
    let (report, outcome) = run_to_its_end(json!({
        "target": format!("qa={}", shop.url),
        "rate": 1000,
        "duration": 3,
        "seed": 42,
    }))
    .await;
    outcome.unwrap();
    let seen = shop.seen();
    assert_eq!(seen.total(), 3000);
    for (endpoint, weight) in [
        ("GET /health", 40.0),
        ("GET /api/products", 30.0),
        ("POST /api/orders", 15.0),
        ("GET /api/reports", 10.0),
        ("POST /api/payments", 5.0),
        ("GET /api/search", 5.0),
    ] {
        let count = seen.requests[endpoint];
        assert_share(endpoint, count, 3000, weight / 105.0);
        let summary = report.targets[0].endpoint(endpoint).unwrap();
        assert_eq!(summary.requests, count, "{endpoint}");
        assert!(summary.p50 <= summary.p95 && summary.p95 <= summary.p99 && summary.p99 <= summary.max);
    }
    assert_eq!(
        seen.bodies,
        seen.requests["POST /api/orders"] + seen.requests["POST /api/payments"]
    );
    assert_share("faults of qa", seen.faults, 3000, 0.1);

    let target = &report.targets[0];
    assert_eq!((target.environment.as_str(), &target.target), ("qa", &shop.url));
    assert_eq!((target.all().requests, target.all().failed), (3000, seen.faults));
    assert_eq!(target.answered_with(500), seen.faults);
    assert_eq!((target.dropped(), target.unfinished()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_seed_sends_the_same_to_each_run() {
    let mut sent = Vec::new();
    for seed in [7, 7, 8] {
        let shop = Shop::start().await;
        let settings = json!({"target": shop.url, "rate": 500, "duration": "400ms", "seed": seed});
        run_to_its_end(settings).await.1.unwrap();
        sent.push(shop.seen().requests);
    }
    assert_eq!(sent[0], sent[1]);
    assert_ne!(sent[0], sent[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_environments_at_once_have_their_own_patterns() {
    let (prod, qa) = (Shop::start().await, Shop::start().await);
    let (report, outcome) = run_to_its_end(json!({
        "target": [format!("prod={}", prod.url), format!("qa={}", qa.url)],
        "patterns": {"prod": {"rate": 400}, "qa": {"rate": 200, "fault_ratio": 0.5}},
        "duration": 1,
        "seed": 1,
    }))
    .await;
    outcome.unwrap();
    assert_eq!((prod.seen().total(), prod.seen().faults), (400, 0));
    assert_eq!(qa.seen().total(), 200);
    assert_share("faults of qa", qa.seen().faults, 200, 0.5);
    let environments: Vec<&str> = report
        .targets
        .iter()
        .map(|target| target.environment.as_str())
        .collect();
    assert_eq!(environments, ["prod", "qa"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_target_shows_in_the_latencies_of_those_that_waited() {
    let shop = Shop::start_closed().await;
    let config = config(json!({
        "target": shop.url,
        "rate": 200,
        "duration": 2,
        "concurrency": 4,
        "timeout": 60,
        "seed": 1,
    }));
    let running = tokio::spawn(run(config, Life::detached()));
    // the places are taken and the rest of the schedule waits until the shop opens, a second after the first request
    shop.wait_for(1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    shop.open();
    let (report, outcome) = tokio::time::timeout(PATIENCE, running)
        .await
        .expect("it ends")
        .unwrap();
    outcome.unwrap();

    assert_eq!(shop.seen().held, 4, "no more than the concurrency");
    assert_eq!(shop.seen().total(), 400, "none is left out");
    let target = &report.targets[0];
    let all = target.all();
    assert_eq!((all.requests, all.failed, target.dropped()), (400, 0, 0));
    // those meant to start during the stall, at 200 per second for a second, waited for what was left of it: if
    // latencies counted from the real start, only the four that were held would show it, 1 % of all
    assert!(target.late() >= 180, "{} late", target.late());
    assert!(all.p95.unwrap() >= Duration::from_millis(800), "{all:?}");
    assert!(all.p99.unwrap() >= Duration::from_millis(900), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_that_find_no_room_in_time_are_dropped_and_counted() {
    let shop = Shop::start_closed().await;
    let (report, outcome) = run_to_its_end(json!({
        "target": shop.url,
        "rate": 100,
        "duration": 2,
        "concurrency": 2,
        "timeout": "300ms",
        "seed": 1,
    }))
    .await;
    outcome.unwrap();
    let target = &report.targets[0];
    let all = target.all();
    assert_eq!(
        (all.requests, all.failed),
        (200, 200),
        "the schedule is accounted for"
    );
    assert_eq!(target.timed_out() + target.dropped(), 200);
    assert!(shop.seen().total() <= target.timed_out(), "{:?}", shop.seen());
    // two at a time, each for at least 300 ms
    assert!(target.dropped() >= 180, "{} dropped", target.dropped());
    assert!(all.p50.unwrap() >= Duration::from_millis(300), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_never_answers_ends_the_run_when_the_wait_is_over() {
    let shop = Shop::start().await;
    // a port that was free a moment ago: connections to it are refused
    let refused = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let (report, outcome) = run_to_its_end(json!({
        "target": [format!("prod={}", shop.url), format!("dev=http://{refused}")],
        "wait": "300ms",
    }))
    .await;
    let error = format!("{:#}", outcome.unwrap_err());
    assert_eq!(
        error,
        format!(
            "failed to send load: http://{refused} did not answer within 300ms: Connection refused (os error 111); \
             start it, or wait longer with --wait"
        )
    );
    let reported: Vec<&str> = report
        .targets
        .iter()
        .map(|target| target.target.as_str())
        .collect();
    assert_eq!(
        reported,
        [shop.url.as_str()],
        "the target that answered is reported"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_a_late_target_and_stops_when_asked() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let settings = json!({"target": format!("http://{address}"), "rate": 200});
    let config = config(settings);
    let life = Life::detached();
    let running = tokio::spawn(run(config, life.clone()));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let (sender, mut arrived) = tokio::sync::mpsc::unbounded_channel();
    let router = axum::Router::new().fallback(async move || sender.send(()).unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    tokio::time::timeout(PATIENCE, arrived.recv())
        .await
        .expect("it is sent requests")
        .unwrap();

    life.stop();
    let (report, outcome) = tokio::time::timeout(PATIENCE, running)
        .await
        .expect("it ends")
        .unwrap();
    outcome.unwrap();
    assert!(report.targets[0].all().requests >= 1);
    assert_eq!(report.targets[0].all().failed, 0);
}
