//! One Prometheus of the pair dies: who asks for data does not notice.

use std::cell::Cell;

use crate::client::Client;
use crate::faults::{every_second, kill, restart};
use crate::harness::{Demo, eventually};
use crate::samples::{Api, now, time};

/// Between scrapes, seconds.
const INTERVAL: u64 = 10;

/// How long it is down, and how long it is watched afterwards, seconds.
const OUTAGE: u64 = 30;
const AFTERWARDS: u64 = 15;

const PLANES: &str = "up{job=~\"dataplane-.*\"}";

/// `survivor` is the other one.
pub(crate) async fn dies(demo: &Demo, replica: &str, survivor: &str) {
    let client = Client::new(demo.url(10908));
    let part = format!("prometheus-{replica}");
    // a hole in what the other one has of the last minute cannot be filled
    eventually("the other one has a whole minute", async || {
        let times = own_times(demo, survivor, 60).await?;
        (times.len() >= 6).then_some(())
    })
    .await;
    let start = now();
    kill(demo, &part).await;
    let warned = Cell::new(0);
    every_second(OUTAGE, async || {
        let up = nothing_is_missing(&client, start).await;
        warned.set(warned.get() + u64::from(up));
    })
    .await;
    restart(demo, &part).await;
    let end = now();
    every_second(AFTERWARDS, async || {
        nothing_is_missing(&client, start).await;
    })
    .await;
    println!(
        "{part} was down for {} s; {} of {OUTAGE} answers said so",
        end - start,
        warned.get()
    );

    // one of both has a hole in its own samples, and only one
    let hole = longest_pause(demo, replica, start, end).await;
    assert!(hole >= (OUTAGE - INTERVAL) as f64, "{hole}");
    let pause = longest_pause(demo, survivor, start, end).await;
    assert!(pause < 1.5 * INTERVAL as f64, "{pause}");
}

/// Between two samples of that replica alone, from some time before `start` until after `end`, seconds.
async fn longest_pause(demo: &Demo, replica: &str, start: u64, end: u64) -> f64 {
    let window = 3 * INTERVAL;
    // Thanos leaves a sidecar out until it has found its Prometheus again
    let times = eventually("the replica is seen again", async || {
        let times = own_times(demo, replica, now() - start + window).await?;
        times
            .last()
            .is_some_and(|last| *last > end as f64)
            .then_some(times)
    })
    .await;
    let pauses = times.windows(2).map(|pair| pair[1] - pair[0]);
    pauses.fold(0.0, f64::max)
}

/// When that replica alone scraped prod in the last so many seconds; nothing while a store does not answer.
async fn own_times(demo: &Demo, replica: &str, window: u64) -> Option<Vec<f64>> {
    let thanos = Api::new(&demo.url(10908));
    let query = format!("up{{job=\"dataplane-prod\",replica={replica:?}}}[{window}s]");
    let samples = thanos.try_at(now(), &query, &[("dedup", "false")]).await?;
    Some(samples.values().flatten().map(time).collect())
}

/// Asks as the dashboard does. Returns whether the answer came with a warning: the sidecar is there, what it asks is not.
async fn nothing_is_missing(client: &Client, start: u64) -> bool {
    let up = client.query(PLANES).await;
    assert_eq!(up.values(), [1.0, 1.0, 1.0], "{}", up.text);
    // the change from one replica to the other may cost a sample or two, but the newest ones are new
    let fresh = client.query(&format!("count_over_time({PLANES}[1m]) >= 4")).await;
    assert_eq!(fresh.values().len(), 3, "{}", fresh.text);
    let rates = "sum by (environment) (rate(http_server_request_duration_seconds_count[1m])) > 0";
    let rates = client.query(rates).await;
    assert_eq!(rates.values().len(), 3, "{}", rates.text);

    let (start, end) = (start / INTERVAL * INTERVAL, now() / INTERVAL * INTERVAL);
    let steps = ((end - start) / INTERVAL + 1) as usize;
    let since = client.range(PLANES, start, end).await;
    assert_eq!(since.series(), vec![vec![1.0; steps]; 3], "{}", since.text);
    // the same without what an instant looks back for: samples of that very time
    let samples = client
        .range(&format!("count_over_time({PLANES}[30s])"), start, end)
        .await;
    let lengths: Vec<_> = samples.series().iter().map(Vec::len).collect();
    assert_eq!(lengths, [steps; 3], "{}", samples.text);
    !up.warnings().is_empty()
}
