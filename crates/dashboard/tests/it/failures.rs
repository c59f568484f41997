//! A store that fails in every way it can.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::harness::{Running, config};
use super::store::{Asked, Reply, Store};
use super::world;

const PANEL: &str = "/api/v1/environments/qa/panels/latency";

/// The list of environments is answered, and the rest by `reply`.
fn all_but_the_fleet(reply: Reply) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    move |asked| {
        if asked.query.contains("max_over_time") {
            world::mixed(asked)
        } else {
            reply.clone()
        }
    }
}

#[tokio::test]
async fn each_failure_has_its_name() {
    let refusal = r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples"}"#;
    let too_slow =
        r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#;
    let rows = [
        (
            Reply::Status(StatusCode::UNPROCESSABLE_ENTITY, refusal.to_owned()),
            (502, "store-refused"),
            "the metrics store refused with 422 Unprocessable Entity: query processing would load too many samples",
        ),
        (
            Reply::Status(StatusCode::SERVICE_UNAVAILABLE, "<h1>starting</h1>".to_owned()),
            (502, "store-refused"),
            "the metrics store refused with 503 Service Unavailable: it gave no reason that can be read",
        ),
        (
            Reply::Status(StatusCode::SERVICE_UNAVAILABLE, too_slow.to_owned()),
            (504, "store-timed-out"),
            "the metrics store did not answer within 30s",
        ),
        (
            Reply::Text("<html>Welcome".to_owned()),
            (502, "store-garbled"),
            "the metrics store answered what is no query result: expected value at line 1 column 1",
        ),
        (
            Reply::Data(json!({"resultType": "scalar", "result": [0, "1"]}), Vec::new()),
            (502, "store-garbled"),
            "the metrics store answered what is no query result: unknown variant `scalar`, expected `vector` or `matrix`",
        ),
        (
            Reply::Huge,
            (502, "store-garbled"),
            "the metrics store answered more than 16 MiB",
        ),
    ];
    for (reply, (status, code), message) in rows {
        let store = Store::start(all_but_the_fleet(reply)).await;
        let dashboard = Running::start(config(&store.url)).await;
        let (found, body) = dashboard.json(PANEL).await;
        assert_eq!(
            (found.as_u16(), body["error"]["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        let found = body["error"]["message"].as_str().unwrap();
        assert!(found.starts_with(message), "{found}");

        // and no number of the overview is guessed
        let overview = dashboard.answer("/api/v1/overview").await;
        assert_unknown(&overview, message);
    }
}

#[tokio::test]
async fn a_store_that_hangs_is_given_up() {
    let store = Store::start(all_but_the_fleet(Reply::Never)).await;
    let mut config = config(&store.url);
    config.query_timeout = Duration::from_millis(100);
    let dashboard = Running::start(config).await;
    assert_eq!(
        dashboard.problem(PANEL).await,
        (504, "store-timed-out".to_owned())
    );
    let overview = dashboard.answer("/api/v1/overview").await;
    assert_unknown(&overview, "the metrics store did not answer within 100ms");
}

#[tokio::test]
async fn a_store_that_is_away() {
    let store = Store::start(world::mixed).await;
    let url = store.url.clone();
    drop(store);
    let dashboard = Running::start(config(&url)).await;
    assert_eq!(
        dashboard.problem(PANEL).await,
        (502, "store-unreachable".to_owned())
    );
    let overview = dashboard.answer("/api/v1/overview").await;
    assert_unknown(
        &overview,
        &format!("the metrics store cannot be reached at {url}/: Connection refused"),
    );
    let names: Vec<_> = names(&overview["environments"]);
    assert_eq!(names, ["prod", "dev", "qa"]);
}

/// The environments that were there a moment ago do not vanish with the store.
#[tokio::test]
async fn what_was_known_stays_known() {
    let store = Store::start(world::mixed).await;
    let mut config = config(&store.url);
    config.query_timeout = Duration::from_millis(100);
    let dashboard = Running::start(config).await;
    let all = ["prod", "dev", "qa", "canary", "staging"];
    assert_eq!(
        names(&dashboard.answer("/api/v1/environments").await["environments"]),
        all
    );
    store.follow(|_| Reply::Never);
    let overview = dashboard.answer("/api/v1/overview").await;
    assert_unknown(&overview, "the metrics store did not answer within 100ms");
    assert_eq!(names(&overview["environments"]), all);
    assert_eq!(overview["environments"][4]["dataPlane"], "staging");
}

/// Without their lines the cards are still worth showing.
#[tokio::test]
async fn sparklines_may_be_missing() {
    let store = Store::start(|asked| match asked.over {
        Some(_) => Reply::Text("no".to_owned()),
        None => world::mixed(asked),
    })
    .await;
    let dashboard = Running::start(config(&store.url)).await;
    let overview = dashboard.answer("/api/v1/overview?range=5m").await;
    assert_eq!(overview["environments"].as_array().map(Vec::len), Some(5));
    let warning = overview["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("the lines on the cards are missing: the metrics store answered"),
        "{warning}"
    );
    assert_eq!(
        overview["environments"][0]["sparkline"]["values"],
        json!(vec![(); 31])
    );
}

fn slow(delay: u64) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    move |asked| Reply::Late(Duration::from_millis(delay), Box::new(world::mixed(asked)))
}

/// All questions of one page take turns, however long that takes them together.
#[tokio::test]
async fn one_viewer_is_never_turned_away() {
    let store = Store::start(slow(400)).await;
    let mut config = config(&store.url);
    config.max_concurrent_queries = 4;
    let dashboard = Running::start(config).await;
    let paths = ["request-rate", "error-ratio", "latency", "active-requests"]
        .map(|panel| format!("/api/v1/environments/qa/panels/{panel}"));
    let (overview, panels) = join(
        dashboard.json("/api/v1/overview"),
        join_all(paths.iter().map(|path| dashboard.json(path))),
    )
    .await;
    for (status, body) in panels.into_iter().chain([overview]) {
        assert_eq!(status, 200, "{body}");
    }
}

#[tokio::test]
async fn too_many_questions_are_turned_away() {
    let store = Store::start(slow(400)).await;
    let mut config = config(&store.url);
    config.max_concurrent_queries = 1;
    config.query_timeout = Duration::from_secs(2);
    let dashboard = Running::start(config).await;
    let response = dashboard.get("/api/v1/overview").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], "busy");
}

/// Questions pile up because the store hangs: that is what is wrong, and not their number.
#[tokio::test]
async fn a_store_that_hangs_is_not_called_busy() {
    let store = Store::start(|_| Reply::Never).await;
    let mut config = config(&store.url);
    config.max_concurrent_queries = 1;
    config.query_timeout = Duration::from_millis(100);
    let dashboard = Running::start(config).await;
    let answers = join_all((0..8).map(|_| dashboard.answer("/api/v1/overview"))).await;
    for overview in answers {
        assert_unknown(&overview, "the metrics store did not answer within 100ms");
    }
    assert_eq!(
        dashboard.problem(PANEL).await,
        (504, "store-timed-out".to_owned())
    );
}

#[track_caller]
fn assert_unknown(overview: &Value, error: &str) {
    assert_eq!(overview["store"]["reachable"], false);
    let found = overview["store"]["error"].as_str().unwrap();
    assert!(found.starts_with(error), "{found}");
    let cards = overview["environments"].as_array().unwrap();
    assert!(!cards.is_empty());
    for card in cards {
        assert_eq!(
            (&card["state"], &card["requestRate"]),
            (&json!("unknown"), &json!(null)),
            "{card}"
        );
    }
}

fn names(environments: &Value) -> Vec<&str> {
    environments
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}
