//! The object store dies while blocks are cut: they wait, and go there when it is back. Nothing is lost.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::bucket::{Bucket, sources};
use crate::client::{Client, metric};
use crate::faults::{kill, restart};
use crate::harness::{Demo, eventually, eventually_within};
use crate::local_blocks;
use crate::samples::{Api, now, time, without};

const REPLICAS: [(&str, u8); 2] = [("a", 1), ("b", 2)];

/// The sidecars look for blocks every 30 s, and try a store that does not answer for a while.
const UPLOADS: Duration = Duration::from_mins(4);

/// Between scrapes, seconds.
const INTERVAL: f64 = 10.0;

const PLANES: &str = "up{job=~\"dataplane-.*\"REPLICA}";

pub(super) async fn dies(demo: &Demo) {
    let bucket = Bucket::of(demo);
    eventually_within(UPLOADS, "blocks of both are in the bucket", async || {
        let blocks = bucket.blocks().await;
        let replicas: BTreeSet<_> = blocks
            .iter()
            .filter(|block| block.thanos.source == "sidecar")
            .map(|block| block.thanos.labels["replica"].as_str())
            .collect();
        (replicas.len() == 2).then_some(())
    })
    .await;
    let start = now();
    kill(demo, "minio").await;
    cut_without_a_store(demo).await;
    let client = Client::new(demo.url(10908));
    let fresh = client.query("count(up{job=~\"dataplane-.*\"})").await;
    assert_eq!(fresh.values(), [3.0], "{}", fresh.text);
    let cut = local_blocks::of_both(demo);
    let newest = REPLICAS.map(|(replica, _)| local_blocks::of(demo, replica).last().unwrap().max_time);
    restart(demo, "minio").await;
    println!("the object store was down for {} s", now() - start);

    arrive(&bucket, &cut).await;
    // Unix seconds, in blocks of both
    let end = newest.into_iter().min().unwrap() / 1000 - 1;
    samples_are_complete(demo, start - 20, end).await;
    bucket.assert_verified().await;
    assert_eq!(metric(&demo.url(10907), "thanos_compact_halted").await, 0);
}

/// Until both Prometheus have cut two blocks more, and both sidecars have failed to bring one away.
async fn cut_without_a_store(demo: &Demo) {
    let count = || REPLICAS.map(|(replica, _)| local_blocks::of(demo, replica).len());
    let before = count();
    let failures = async || {
        let mut failures = [0; 2];
        for (number, (_, host)) in REPLICAS.iter().enumerate() {
            let sidecar = demo.url_on(*host, 10902);
            failures[number] = metric(&sidecar, "thanos_shipper_dir_sync_failures_total").await;
        }
        failures
    };
    let failed_before = failures().await;
    eventually_within(UPLOADS, "blocks are cut and not brought away", async || {
        let (now, failed) = (count(), failures().await);
        let are_more = [0, 1].map(|one| now[one] >= before[one] + 2 && failed[one] > failed_before[one]);
        (are_more == [true; 2]).then_some(())
    })
    .await;
}

/// Every one of `cut` gets into the bucket, as it is or as a part of a larger one.
pub(crate) async fn arrive(bucket: &Bucket, cut: &BTreeSet<String>) {
    eventually_within(UPLOADS, "every block that was cut is in the bucket", async || {
        let blocks = bucket.blocks().await;
        let arrived = sources(&blocks);
        cut.iter()
            .all(|ulid| arrived.contains(ulid.as_str()))
            .then_some(())
    })
    .await;
    println!("{} blocks were cut, all of them are in the bucket", cut.len());
}

/// Each Prometheus has a sample of every scrape, and the store gateway has the same ones, from the bucket alone.
async fn samples_are_complete(demo: &Demo, start: u64, end: u64) {
    let window = end - start;
    let thanos = Api::new(&demo.url(10908));
    let store = demo.url(10905).replace("http://", "");
    let only_the_store = format!("{{__address__=\"{store}\"}}");
    for (replica, host) in REPLICAS {
        let prometheus = Api::new(&demo.url_on(host, 9090));
        let query = format!("{}[{window}s]", PLANES.replace("REPLICA", ""));
        let own = prometheus.at(end, &query, &[]).await;
        assert_eq!(own.len(), 3, "{own:?}");
        for samples in own.values() {
            let mut times: Vec<_> = samples.iter().map(time).collect();
            times.insert(0, start as f64);
            times.push(end as f64);
            let pauses = times.windows(2).map(|pair| pair[1] - pair[0]);
            let longest = pauses.fold(0.0, f64::max);
            assert!(longest < 1.5 * INTERVAL, "{longest}: {times:?}");
        }
        let query = format!(
            "{}[{window}s]",
            PLANES.replace("REPLICA", &format!(",replica={replica:?}"))
        );
        let further = [("dedup", "false"), ("storeMatch[]", only_the_store.as_str())];
        eventually("the store gateway has the same", async || {
            let answer = thanos.try_at(end, &query, &further).await?;
            let external = ["cluster", "region", "replica"];
            (without(answer, &external) == own).then_some(())
        })
        .await;
    }
}
