//! Disks are full for a while, under Prometheus and under the object store: what they have is not harmed, and with room they
//! go on where they left off.

use std::fs::{self, File};
use std::time::Duration;

use rustix::process::Signal;

use crate::bucket::Bucket;
use crate::client::{Client, metric};
use crate::faults::object_store::arrive;
use crate::harness::{Demo, eventually, eventually_within};
use crate::local_blocks;
use crate::samples::{Api, Samples, now, time};
use crate::small_disk::SmallDisk;

const PLANES: &str = "up{job=~\"dataplane-.*\"}";

/// Blocks are cut every 20 s and brought away every 30 s.
const BLOCKS: Duration = Duration::from_mins(4);

#[tokio::test]
async fn full_disks_harm_nothing() {
    let state = tempfile::tempdir().unwrap();
    // by this file a demo knows a state directory
    File::create(state.path().join("signalbox-demo.lock")).unwrap();
    // Prometheus reserves 512 MB for each block that it cuts
    let under_b = SmallDisk::mount(&state.path().join("data/prometheus-b"), 700);
    let under_minio = SmallDisk::mount(&state.path().join("data/minio"), 256);
    let options = ["--block-duration", "20s", "--on-exit", "restart"];
    let mut demo = Demo::start("127.80.3", state.path(), &options).await;
    demo.says("metrics of prod, dev and qa visible after").await;
    let addresses = demo.addresses();
    eventually_within(BLOCKS, "both have cut blocks", async || {
        let counts = ["a", "b"].map(|replica| local_blocks::of(&demo, replica).len());
        (counts.into_iter().min() >= Some(2)).then_some(())
    })
    .await;
    arrive(&Bucket::of(&demo), &local_blocks::of_both(&demo)).await;

    let start = now();
    briefly(&demo, &under_b).await;
    at_length(&demo, &under_b, &under_minio).await;
    together_nothing_is_missing(&demo, start).await;

    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    demo.assert_nothing_left(&addresses).await;
}

/// Prometheus loses the scrapes of that time and goes on by itself. But the record that had no room is torn, and when it
/// reads its log again, at the next start, it cuts off all that comes after that one. So it is restarted at once.
async fn briefly(demo: &Demo, under_b: &SmallDisk) {
    let url = demo.url_on(2, 9090);
    let b = Api::new(&url);
    let failed = async || metric(&url, "prometheus_tsdb_wal_writes_failed_total").await;
    let before = Kept::by(&b).await;
    under_b.fill();
    let full_since = now();
    eventually("it cannot write", async || (failed().await > 10).then_some(())).await;
    // every target's scrape is lost
    tokio::time::sleep(Duration::from_secs(15)).await;
    under_b.make_room();
    let room_since = now();
    scraped_since(&b, room_since).await;
    println!(
        "prometheus-b had no room for {} s and went on by itself",
        room_since - full_since
    );
    demo.obeys(&["restart", "prometheus-b"]).await;
    only_the_log_was_torn(demo);
    before.is_kept_by(&b).await;

    // from here on it may die as at any time
    scraped_since(&b, now()).await;
    let before = Kept::by(&b).await;
    demo.obeys(&["kill", "prometheus-b"]).await;
    demo.obeys(&["restart", "prometheus-b"]).await;
    assert_eq!(complaints(demo), [""; 0]);
    before.is_kept_by(&b).await;
}

/// Prometheus gives up; queries go on with the other one. The object store refuses, and the sidecars try again.
async fn at_length(demo: &Demo, under_b: &SmallDisk, under_minio: &SmallDisk) {
    let b = Api::new(&demo.url_on(2, 9090));
    let url = demo.url_on(2, 9090);
    // what it may not write out, it dies of: a chunk that is complete and only in memory
    eventually("b has complete chunks in memory", async || {
        let head = async |name: &str| metric(&url, name).await;
        let start = head("prometheus_tsdb_head_min_time_seconds").await;
        let end = head("prometheus_tsdb_head_max_time_seconds").await;
        (21..28).contains(&end.saturating_sub(start)).then_some(())
    })
    .await;
    let before = Kept::by(&b).await;
    let sidecar = demo.url(10902);
    let failures = async || metric(&sidecar, "thanos_shipper_dir_sync_failures_total").await;
    let failed_before = failures().await;
    under_b.fill();
    under_minio.fill();
    let full_since = now();
    let client = Client::new(demo.url(10908));
    eventually("prometheus-b gives up", async || {
        let up = client.query(PLANES).await;
        assert_eq!(up.values(), [1.0, 1.0, 1.0], "{}", up.text);
        state_of(demo, "prometheus-b").starts_with("ended").then_some(())
    })
    .await;
    println!("prometheus-b gave up after {} s without room", now() - full_since);
    let log = fs::read_to_string(demo.state().join("logs/prometheus-b.log")).unwrap();
    assert!(
        log.contains("panic: ") && log.contains("no space left on device"),
        "{log}"
    );
    // starting it again helps only when there is room
    let log_of = |name: &str| fs::read_to_string(demo.state().join("logs").join(name)).unwrap_or_default();
    eventually("its next start ends as well", async || {
        let logs = [log_of("prometheus-b.log.1"), log_of("prometheus-b.log")];
        let had_no_room = logs.iter().all(|log| log.contains("no space left on device"));
        (had_no_room && state_of(demo, "prometheus-b").starts_with("ended")).then_some(())
    })
    .await;
    eventually("the object store refuses blocks", async || {
        (failures().await > failed_before).then_some(())
    })
    .await;
    assert!(
        state_of(demo, "minio").starts_with("ready"),
        "{}",
        state_of(demo, "minio")
    );
    let fresh = client.query(&format!("count_over_time({PLANES}[1m]) >= 4")).await;
    assert_eq!(fresh.values().len(), 3, "{}", fresh.text);

    under_b.make_room();
    under_minio.make_room();
    eventually("prometheus-b comes back by itself", async || {
        state_of(demo, "prometheus-b").starts_with("ready").then_some(())
    })
    .await;
    println!("the disks were full for {} s", now() - full_since);
    only_the_log_was_torn(demo);
    before.is_kept_by(&b).await;
    let old = local_blocks::of_both(demo);
    eventually_within(BLOCKS, "both cut new blocks", async || {
        let new = |replica| {
            let blocks = local_blocks::of(demo, replica);
            blocks.iter().filter(|block| !old.contains(&block.ulid)).count()
        };
        (new("a").min(new("b")) >= 2).then_some(())
    })
    .await;
    let bucket = Bucket::of(demo);
    arrive(&bucket, &local_blocks::of_both(demo)).await;
    bucket.assert_verified().await;
    assert_eq!(
        metric(&url, "prometheus_tsdb_checkpoint_creations_failed_total").await,
        0
    );
    assert_eq!(metric(&demo.url(10907), "thanos_compact_halted").await, 0);
}

/// Both replicas together have samples of each data plane of every time since `start`.
async fn together_nothing_is_missing(demo: &Demo, start: u64) {
    let (start, end) = (start / 10 * 10, now() / 10 * 10);
    let client = Client::new(demo.url(10908));
    let samples = client
        .range(&format!("count_over_time({PLANES}[30s])"), start, end)
        .await;
    let lengths: Vec<_> = samples.series().iter().map(Vec::len).collect();
    let steps = ((end - start) / 10 + 1) as usize;
    assert_eq!(lengths, [steps; 3], "{}", samples.text);
}

/// What a Prometheus holds of the last minutes.
struct Kept {
    until: u64,
    samples: Samples,
}

impl Kept {
    const QUERY: &'static str = "up[10m]";

    async fn by(prometheus: &Api) -> Self {
        let until = now();
        let samples = prometheus.at(until, Self::QUERY, &[]).await;
        assert!(samples.len() > 20, "{samples:?}");
        Self { until, samples }
    }

    async fn is_kept_by(&self, prometheus: &Api) {
        let samples = prometheus.at(self.until, Self::QUERY, &[]).await;
        assert_eq!(samples, self.samples);
    }
}

/// Until a Prometheus has samples of the data planes that are newer than that.
async fn scraped_since(prometheus: &Api, start: u64) {
    eventually("it scrapes", async || {
        let samples = prometheus.at(now(), &format!("{PLANES}[1m]"), &[]).await;
        let times = samples.values().flatten().map(time);
        times
            .max_by(f64::total_cmp)
            .filter(|newest| *newest > start as f64)
    })
    .await;
}

/// Prometheus b found its log of the newest samples to end in the middle, and no block broken.
fn only_the_log_was_torn(demo: &Demo) {
    for complaint in complaints(demo) {
        assert!(
            complaint.contains(" msg=\"Encountered WAL read error, attempting repair\" ")
                || complaint.contains(" source=wlog.go:"),
            "{complaint}"
        );
    }
}

/// What Prometheus b found broken when it started last.
fn complaints(demo: &Demo) -> Vec<String> {
    let log = fs::read_to_string(demo.state().join("logs/prometheus-b.log")).unwrap();
    let lines = log.lines().filter(|line| line.contains("orrupt"));
    lines.map(ToOwned::to_owned).collect()
}

/// What became of a part, in words.
fn state_of(demo: &Demo, part: &str) -> String {
    let record = demo.record();
    let mut parts = record["parts"].as_array().unwrap().iter();
    let part = parts.find(|one| one["name"] == part).unwrap();
    part["state"].as_str().unwrap().to_owned()
}
