//! What is asked of the store, and what is made of its answers.

use serde_json::{Value, json};

use super::harness::{Running, config};
use super::store::{Asked, Over, Reply, Store};
use super::world::{self, NOW};

#[tokio::test]
async fn a_panel_asks_for_aligned_steps() {
    let store = Store::start(world::mixed).await;
    let dashboard = Running::start(config(&store.url)).await;
    let panel = dashboard
        .answer("/api/v1/environments/qa/panels/request-rate?range=6h&width=600")
        .await;
    let over = Over {
        start: 1_795_154_640,
        end: 1_795_176_240,
        step: 120,
    };
    let asked = store
        .asked()
        .into_iter()
        .find(|asked| asked.over.is_some())
        .unwrap();
    assert_eq!(asked.over, Some(over));
    assert_eq!(
        asked.query,
        r#"sum(rate(http_server_request_duration_seconds_count{environment="qa"}[130s]))"#
    );
    assert_eq!(asked.parameters["timeout"], "30000ms");
    assert_eq!(
        (&panel["start"], &panel["end"], &panel["step"], &panel["window"]),
        (&json!(over.start), &json!(over.end), &json!(120), &json!(130))
    );
    assert_eq!(panel["series"][0]["query"], asked.query);
    assert_eq!(panel["series"][0]["values"].as_array().unwrap().len(), 181);
    dashboard.stop().await;
}

#[tokio::test]
async fn the_overview_asks_a_fixed_number_of_questions() {
    let store = Store::start(world::mixed).await;
    let dashboard = Running::start(config(&store.url)).await;
    dashboard.answer("/api/v1/overview?range=24h").await;
    let (ranges, instants): (Vec<_>, Vec<_>) =
        store.asked().into_iter().partition(|asked| asked.over.is_some());
    // nine for the cards, one for the fleet (which the self-test may have asked before)
    assert_eq!((ranges.len(), instants.len()), (1, 10));
    assert!(
        instants
            .iter()
            .all(|asked| asked.parameters["time"] == format!("{NOW:.3}"))
    );
}

/// No traffic, a store that knows nothing: null, and neither 0 % nor NaN.
#[tokio::test]
async fn nothing_is_null() {
    let store = Store::start(|asked| {
        let is_fleet = asked.query.contains("max_over_time");
        if is_fleet {
            world::mixed(asked)
        } else {
            nothing(asked)
        }
    })
    .await;
    let dashboard = Running::start(config(&store.url)).await;
    for panel in ["request-rate", "latency", "error-ratio", "active-requests"] {
        let panel = dashboard
            .answer(&format!("/api/v1/environments/dev/panels/{panel}?range=5m"))
            .await;
        assert_eq!(panel["limit"], json!(null));
        for series in panel["series"].as_array().unwrap() {
            assert_eq!(series["values"], json!(vec![(); 31]), "{panel}");
        }
        // that the data plane was scraped says nothing of requests
        assert_eq!(panel["newestSampleAt"], json!(null));
    }
    let overview = dashboard.answer("/api/v1/overview").await;
    let dev = overview["environments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|card| card["name"] == "dev")
        .unwrap();
    assert_eq!(
        (
            &dev["requestRate"],
            &dev["errorRatio"],
            &dev["latencyP95"],
            &dev["newestSampleAt"],
        ),
        (&json!(null), &json!(null), &json!(null), &json!(null))
    );
    assert_eq!(
        (&dev["state"], text(&dev["reason"])),
        (&json!("stale"), "it has not been scraped for 2 s".to_owned())
    );
}

/// Scraped, and nothing more: rates will not come with the next scrape.
#[tokio::test]
async fn a_data_plane_without_services() {
    let store = Store::start(|asked| {
        let is_of_services = asked.query.contains("http_server_");
        if is_of_services {
            nothing(asked)
        } else {
            world::mixed(asked)
        }
    })
    .await;
    let dashboard = Running::start(config(&store.url)).await;
    let overview = dashboard.answer("/api/v1/overview").await;
    let cards = overview["environments"].as_array().unwrap();
    let prod = cards.iter().find(|card| card["name"] == "prod").unwrap();
    assert_eq!(
        (&prod["state"], &prod["reason"], &prod["newestSampleAt"]),
        (&json!("idle"), &json!("no HTTP metrics yet"), &json!(null))
    );
}

/// One that was there once, one that was never there: neither may be missed because it is missing.
#[tokio::test]
async fn a_missing_environment_is_not_healthy() {
    let store = Store::start(|asked| match world::mixed(asked) {
        Reply::Data(mut data, warnings) => {
            let is_prod = |series: &Value| series["metric"]["environment"] == "prod";
            data["result"].as_array_mut().unwrap().retain(is_prod);
            Reply::Data(data, warnings)
        }
        other => other,
    })
    .await;
    let mut config = config(&store.url);
    config.environments = ["prod", "lab"].map(str::to_owned).to_vec();
    let dashboard = Running::start(config).await;
    let overview = dashboard.answer("/api/v1/overview").await;
    assert_eq!(
        overview["verdict"],
        "1 of 2 environments is healthy. lab: no data plane of it is scraped"
    );
    let lab = &overview["environments"][0];
    assert_eq!(
        (&lab["name"], &lab["state"], &lab["slot"]),
        (&json!("lab"), &json!("stale"), &json!(2))
    );
    let panel = dashboard
        .answer("/api/v1/environments/lab/panels/latency?range=5m")
        .await;
    assert_eq!(panel["series"][1]["values"], json!(vec![(); 31]));
}

#[tokio::test]
async fn a_store_without_data_planes() {
    let store = Store::start(nothing).await;
    let dashboard = Running::start(config(&store.url)).await;
    let overview = dashboard.answer("/api/v1/overview").await;
    assert_eq!(
        overview["verdict"],
        "None of 3 environments is healthy. prod, dev and qa: no data plane of it is scraped"
    );

    let mut config = config(&store.url);
    config.environments.clear();
    let dashboard = Running::start(config).await;
    let overview = dashboard.answer("/api/v1/overview").await;
    assert_eq!(overview["environments"], json!([]));
    assert_eq!(overview["verdict"], "No data plane is scraped yet");
    let (status, code) = dashboard
        .problem("/api/v1/environments/prod/panels/latency")
        .await;
    assert_eq!((status, code.as_str()), (404, "unknown-environment"));
}

#[tokio::test]
async fn what_the_store_warns_of_is_passed_on() {
    let store = Store::start(|asked| match world::mixed(asked) {
        Reply::Data(data, _) => Reply::Data(data, vec!["1 of 2 stores answered"]),
        other => other,
    })
    .await;
    let dashboard = Running::start(config(&store.url)).await;
    let warnings = json!(["1 of 2 stores answered"]);
    assert_eq!(dashboard.answer("/api/v1/overview").await["warnings"], warnings);
    assert_eq!(
        dashboard.answer("/api/v1/environments/qa/panels/latency").await["warnings"],
        warnings
    );
}

#[tokio::test]
async fn wrong_questions_never_reach_the_store() {
    let store = Store::start(world::mixed).await;
    let dashboard = Running::start(config(&store.url)).await;
    let rows = [
        ("/api/v1/overview?range=2h", 400, "invalid-parameter"),
        ("/api/v1/overview?range=1h&range=5m", 400, "invalid-parameter"),
        (
            "/api/v1/environments/qa/panels/latency?range=1%20h",
            400,
            "invalid-parameter",
        ),
        (
            "/api/v1/environments/qa/panels/latency?width=0",
            400,
            "invalid-parameter",
        ),
        (
            "/api/v1/environments/qa/panels/latency?width=10001",
            400,
            "invalid-parameter",
        ),
        (
            "/api/v1/environments/qa/panels/latency?width=wide",
            400,
            "invalid-parameter",
        ),
        ("/api/v1/environments/qa/panels/cpu", 404, "unknown-panel"),
        (
            "/api/v1/environments/nowhere/panels/latency",
            404,
            "unknown-environment",
        ),
        (
            "/api/v1/environments/%22%7D%20or%20vector(1)/panels/latency",
            404,
            "unknown-environment",
        ),
        ("/api/v1/environments/%ff/panels/latency", 404, "not-found"),
        ("/api/v1/query?query=up", 404, "not-found"),
        ("/api/v1/admin/tsdb/delete_series", 404, "not-found"),
        ("/api/v1", 404, "not-found"),
        ("/api/", 404, "not-found"),
        ("/api", 404, "not-found"),
    ];
    for (path, status, code) in rows {
        assert_eq!(dashboard.problem(path).await, (status, code.to_owned()), "{path}");
    }
    let response = dashboard
        .request("POST", "/api/v1/overview")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    assert_eq!(
        response.json::<serde_json::Value>().await.unwrap()["error"]["code"],
        "method-not-allowed"
    );
    // only for the list of environments
    assert_eq!(store.asked().len(), store.times_asked("max_over_time"));
}

#[tokio::test]
async fn the_api_describes_itself() {
    let store = Store::start(world::mixed).await;
    let dashboard = Running::start(config(&store.url)).await;
    let description = dashboard.answer("/api/v1/openapi.json").await;
    assert_eq!(description["openapi"], "3.1.0");
    assert!(description["paths"]["/api/v1/overview"]["get"].is_object());
}

#[tokio::test]
async fn it_measures_itself() {
    let store = Store::start(world::mixed).await;
    let dashboard = Running::start(config(&store.url)).await;
    dashboard.answer("/api/v1/overview").await;
    let metrics = dashboard.get("/metrics").await.text().await.unwrap();
    for part in [
        "signalbox_dashboard_requests_total{route=\"/api/v1/overview\",code=\"200\"} ",
        "signalbox_dashboard_store_queries_total{outcome=\"answered\"} ",
        "signalbox_dashboard_store_query_duration_seconds_bucket",
        "signalbox_dashboard_cache_lookups_total{cache=\"overview\",result=\"miss\"} ",
        "# HELP signalbox_dashboard_store_queries_in_flight ",
    ] {
        assert!(metrics.contains(part), "no {part} in\n{metrics}");
    }
    assert_eq!(dashboard.get("/livez").await.status(), 200);
    assert_eq!(dashboard.get("/readyz").await.status(), 200);
}

fn nothing(asked: &Asked) -> Reply {
    let kind = if asked.over.is_some() { "matrix" } else { "vector" };
    Reply::Data(json!({"resultType": kind, "result": []}), Vec::new())
}

/// With plain spaces.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('\u{202f}', " ")
}
