//! One Alertmanager of the pair dies when it has an alert to tell of: the other one tells, and that is all.

use std::time::Duration;

use serde_json::Value;

use crate::faults::{collector, kill, restart};
use crate::harness::{Demo, eventually, eventually_within, get};
use crate::notifications::{about, statuses};

/// What fires when the collector of qa is down for a minute.
const ALERT: &str = "DataPlaneDown";

/// For an alert that is pending for a minute to fire, and for one to be sent again, which Prometheus does every minute.
const MINUTES: Duration = Duration::from_mins(4);

/// An Alertmanager that told too much would have by then: its group waits 10 s, and the second one of the mesh 15 s more.
const ITS_TURN: Duration = Duration::from_secs(30);

pub(super) async fn dies(demo: &Demo) {
    collector::of_qa_dies(demo).await;
    let told = || about(demo, ALERT, "qa");
    eventually_within(MINUTES, "alertmanager-a hears of it", async || {
        (known_to(demo, 1).await == 1).then_some(())
    })
    .await;
    assert_eq!(statuses(&told()), [""; 0], "it would tell in ten seconds");
    kill(demo, "alertmanager-a").await;
    eventually("people are told", async || told().first().map(drop)).await;
    let other = demo.url_on(2, 9093);
    assert_eq!(told()[0].body["externalURL"], other, "by alertmanager-b");

    restart(demo, "alertmanager-a").await;
    eventually_within(MINUTES, "alertmanager-a hears of it again", async || {
        (known_to(demo, 1).await == 1).then_some(())
    })
    .await;
    tokio::time::sleep(ITS_TURN).await;
    assert_eq!(statuses(&told()), ["firing"]);

    collector::of_qa_is_back(demo).await;
    eventually_within(MINUTES, "people are told that it is over", async || {
        (told().len() > 1).then_some(())
    })
    .await;
    tokio::time::sleep(ITS_TURN).await;
    assert_eq!(statuses(&told()), ["firing", "resolved"]);
}

/// How many such alerts the Alertmanager on that host has.
async fn known_to(demo: &Demo, host: u8) -> usize {
    let alerts = get(&format!("{}/api/v2/alerts", demo.url_on(host, 9093))).await;
    let is_it = |alert: &&Value| {
        let labels = &alert["labels"];
        labels["alertname"] == ALERT && labels["environment"] == "qa"
    };
    alerts.as_array().unwrap().iter().filter(is_it).count()
}
