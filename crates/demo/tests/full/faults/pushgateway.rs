//! One Pushgateway of the pair dies: what batch jobs pushed is seen as before, once, and the dead one has it again.

use std::cell::Cell;
use std::fs;

use crate::client::{Client, metric};
use crate::faults::{every_second, kill, restart};
use crate::harness::{Demo, eventually};

/// As queries see it, together.
const ROWS: &str = "sum(rows_total{job=\"backup\"})";

/// When its scrape fails, the dead one's copies end with a marker. Thanos holds on to them for two more scrapes before it
/// changes to the other's copies, so an instant may be without them for that long; a minute is not.
const ROWS_OF_A_MINUTE: &str = "sum(last_over_time(rows_total{job=\"backup\"}[1m]))";

/// Longer than until the failed scrape, the change, and the other's next scrape, seconds.
const OUTAGE: u64 = 45;

pub(super) async fn dies(demo: &Demo) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for host in [1, 2] {
        let group = format!("{}/metrics/job/backup", demo.url_on(host, 9091));
        let pushed = http.put(group).body("rows_total 1200\n").send().await.unwrap();
        assert!(pushed.status().is_success(), "{pushed:?}");
    }
    let client = Client::new(demo.url(10908));
    let seen = async || (client.query(ROWS).await.values() == [1200.0]).then_some(());
    eventually("what was pushed is seen", seen).await;
    let kept = demo.state().join("data/pushgateway-a/metrics");
    let holds = |bytes: &[u8]| bytes.windows(6).any(|word| word == b"backup");
    let written = async || fs::read(&kept).ok().filter(|bytes| holds(bytes));
    eventually("it is written down", written).await;

    kill(demo, "pushgateway-a").await;
    let without = Cell::new(0);
    every_second(OUTAGE, async || {
        let rows = client.query(ROWS_OF_A_MINUTE).await;
        assert_eq!(rows.values(), [1200.0], "{}", rows.text);
        let now = client.query(ROWS).await.values();
        assert!(now.is_empty() || now == [1200.0], "{now:?}");
        without.set(without.get() + u64::from(now.is_empty()));
    })
    .await;
    println!(
        "pushgateway-a was down; for {} s no instant had what was pushed",
        without.get()
    );
    assert_eq!(client.query(ROWS).await.values(), [1200.0]);
    let up = "up{job=\"pushgateway\"} == 0";
    assert_eq!(client.query(up).await.values(), [0.0]);

    restart(demo, "pushgateway-a").await;
    assert_eq!(metric(&demo.url(9091), "rows_total").await, 1200);
    let all_up = async || client.query(up).await.values().is_empty().then_some(());
    eventually("it is scraped again", all_up).await;
    assert_eq!(client.query(ROWS_OF_A_MINUTE).await.values(), [1200.0]);
}
