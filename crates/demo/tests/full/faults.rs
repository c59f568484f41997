//! Parts that die as by `kill -9`, and are started again: what breaks is what must, all else goes on, and nothing is lost.

mod alertmanager;
mod collector;
pub(crate) mod object_store;
pub(crate) mod prometheus;
mod pushgateway;
mod thanos;

use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Demo, eventually};

/// Blocks of 20 s, so that some are cut while the object store is away.
const HASTE: [&str; 2] = ["--block-duration", "20s"];

/// The way of an alert and the way of a block have nothing in common, so both are broken at the same time.
#[tokio::test]
async fn an_alertmanager_dies_and_the_object_store_dies() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start("127.80.2", state.path(), &HASTE).await;
    demo.says("metrics of prod, dev and qa visible after").await;
    let addresses = demo.addresses();
    tokio::join!(alertmanager::dies(&demo), object_store::dies(&demo));
    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    demo.assert_nothing_left(&addresses).await;
}

/// All that no alert goes through.
pub(crate) async fn long_memory_dies(demo: &Demo) {
    thanos::query_frontend_dies(demo).await;
    thanos::query_dies(demo).await;
    thanos::store_dies(demo).await;
    // nothing of what was pushed comes from the bucket yet
    tokio::join!(thanos::compact_dies(demo), pushgateway::dies(demo));
    thanos::rule_dies(demo).await;
}

pub(crate) async fn kill(demo: &Demo, part: &str) {
    let said = demo.obeys(&["kill", part]).await;
    assert!(said.starts_with(&format!("{part} is killed; ")), "{said}");
}

pub(crate) async fn restart(demo: &Demo, part: &str) {
    let said = demo.obeys(&["restart", part]).await;
    assert!(said.starts_with(&format!("{part} is ready after ")), "{said}");
}

/// Asks until the answer is `wanted`.
async fn becomes<T: PartialEq>(what: &str, wanted: T, mut ask: impl AsyncFnMut() -> T) {
    eventually(what, async || (ask().await == wanted).then_some(())).await;
}

/// Once a second, so many times.
async fn every_second(times: u64, mut check: impl AsyncFnMut()) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    for _ in 0..times {
        ticks.tick().await;
        check().await;
    }
}
