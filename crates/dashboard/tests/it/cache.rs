//! Who asks the same shares one answer.

use futures_util::future::join_all;

use super::harness::{Running, config};
use super::store::{Reply, Store};
use super::world;

#[tokio::test]
async fn ten_screens_cost_the_store_as_much_as_one() {
    let store = Store::start(world::mixed).await;
    let dashboard = Running::start(config(&store.url)).await;
    let answers = join_all((0..10).map(|_| dashboard.answer("/api/v1/overview"))).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(
        (store.times_asked("alertname"), store.times_asked("max_over_time")),
        (1, 1)
    );

    // widths that lead to the same step share an answer as well
    let widths = [590, 600, 610];
    let path = |width| format!("/api/v1/environments/qa/panels/error-ratio?range=15m&width={width}");
    let paths: Vec<_> = widths.iter().map(path).collect();
    join_all(paths.iter().map(|path| dashboard.answer(path))).await;
    assert_eq!(
        store.times_asked(r#"environment="qa",http_response_status_code=~"5..""#),
        1
    );
    // another step is another question
    dashboard.answer(&path(&60)).await;
    assert_eq!(
        store.times_asked(r#"environment="qa",http_response_status_code=~"5..""#),
        2
    );
}

#[tokio::test]
async fn an_answer_with_warnings_is_not_kept() {
    let store = Store::start(|asked| match world::mixed(asked) {
        Reply::Data(data, _) => Reply::Data(data, vec!["1 of 2 stores answered"]),
        other => other,
    })
    .await;
    let dashboard = Running::start(config(&store.url)).await;
    dashboard.answer("/api/v1/overview").await;
    store.follow(world::mixed);
    let overview = dashboard.answer("/api/v1/overview").await;
    assert_eq!(overview["warnings"].as_array().map(Vec::len), Some(0));
    assert_eq!(store.times_asked("alertname"), 2);
}

#[tokio::test]
async fn an_error_is_not_kept() {
    let store = Store::start(|_| Reply::Text("<html>Welcome".to_owned())).await;
    let dashboard = Running::start(config(&store.url)).await;
    let overview = dashboard.answer("/api/v1/overview").await;
    assert_eq!(overview["store"]["reachable"], false);
    store.follow(world::mixed);
    let overview = dashboard.answer("/api/v1/overview").await;
    assert_eq!(overview["store"]["reachable"], true);
    assert_eq!(overview["environments"].as_array().map(Vec::len), Some(5));
}
