//! The collector of one data plane dies: nothing more is known of that one, and all is known of the others.

use std::collections::BTreeMap;

use crate::client::Client;
use crate::faults::{becomes, kill, restart};
use crate::harness::{Demo, get};

const OTHERS: &str = "up{job=~\"dataplane-(prod|dev)\"}";
const QA: &str = "up{job=\"dataplane-qa\"}";
const QA_ITSELF: &str = "up{job=\"otel-collectors\",environment=\"qa\"}";

pub(super) async fn of_qa_dies(demo: &Demo) {
    kill(demo, "collector-qa").await;
    let client = Client::new(demo.url(10908));
    for target in [QA, QA_ITSELF] {
        becomes("qa is seen to be down", vec![0.0], async || {
            client.query(target).await.values()
        })
        .await;
    }
    assert_eq!(client.query(OTHERS).await.values(), [1.0, 1.0]);
    let rates = "sum by (environment) (rate(http_server_request_duration_seconds_count{environment!=\"qa\"}[30s])) > 0";
    becomes("the others go on", 2, async || {
        client.query(rates).await.values().len()
    })
    .await;
    let states = [("prod", "ok"), ("dev", "ok"), ("qa", "down")].map(own).into();
    becomes("the dashboard says so", states, async || states_of(demo).await).await;
}

pub(super) async fn of_qa_is_back(demo: &Demo) {
    restart(demo, "collector-qa").await;
    let client = Client::new(demo.url(10908));
    for target in [QA, QA_ITSELF] {
        becomes("qa is scraped again", vec![1.0], async || {
            client.query(target).await.values()
        })
        .await;
    }
    let rate = "sum(rate(http_server_request_duration_seconds_count{environment=\"qa\"}[30s])) > 0";
    becomes("its services are heard", 1, async || {
        client.query(rate).await.values().len()
    })
    .await;
}

fn own((environment, state): (&str, &str)) -> (String, String) {
    (environment.to_owned(), state.to_owned())
}

/// As the dashboard shows them, by environment.
async fn states_of(demo: &Demo) -> BTreeMap<String, String> {
    let overview = get(&format!("{}/api/v1/overview?range=5m", demo.url(3000))).await;
    let environments = overview["environments"].as_array().unwrap().iter();
    environments
        .map(|one| own((one["name"].as_str().unwrap(), one["state"].as_str().unwrap())))
        .collect()
}
