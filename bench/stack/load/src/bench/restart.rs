//! Prometheus ends and starts again, reads its log, and cuts blocks of all that it has: what otherwise happens every two
//! hours, a few minutes after the start.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use super::Bench;
use crate::disk::{self, Block};
use crate::interval::Interval;
use crate::prometheus::Prometheus;

/// How long blocks may take until they are cut and in the bucket.
const BLOCKS: Duration = Duration::from_mins(6);

/// The share of the time so far that a block is long: Prometheus cuts a block when it has one and a half times as much, and
/// the first is shorter than that, because blocks begin at multiples of their length.
const SHARE: f64 = 0.4;

#[derive(Debug, serde::Serialize)]
pub(crate) struct Restart {
    /// From the signal to the end of the process.
    pub(crate) end_seconds: f64,
    /// From the start of the new one until it answers.
    pub(crate) start_seconds: f64,
    /// From the signal until every data plane was scraped again.
    pub(crate) blind_seconds: f64,
    /// How long blocks were made to be.
    pub(crate) block_seconds: u64,
    /// The largest block.
    pub(crate) block: Block,
    /// CPU seconds from the start until that block was cut, of which those until it answered.
    pub(crate) cpu_seconds: f64,
    pub(crate) start_cpu_seconds: f64,
    /// From when it was there until it was in the bucket.
    pub(crate) upload_seconds: f64,
    /// The most resident memory since the start, in bytes.
    pub(crate) peak_memory: u64,
    /// All blocks in the bucket, in bytes.
    pub(crate) bucket_bytes: u64,
    /// From the first answer on.
    pub(crate) interval: Interval,
}

impl Bench {
    pub(super) fn restart(&mut self) -> anyhow::Result<Restart> {
        let block_seconds = ((self.begin.elapsed().as_secs_f64() * SHARE) as u64 / 60).max(1) * 60;
        self.progress.show("Prometheus ends");
        let begin = Instant::now();
        let part = self.stack.prometheus()?;
        part.stop()?;
        let end_seconds = begin.elapsed().as_secs_f64();

        // hidden options, for tests only: see stack/prometheus for why blocks are of two hours
        let mut launch = part.launch.clone();
        launch.arguments.extend(
            ["min", "max"].map(|which| format!("--storage.tsdb.{which}-block-duration={block_seconds}s")),
        );
        let started = Instant::now();
        *part = launch.start()?;
        part.wait_until_ready()?;
        let process = part.process();
        let start_seconds = started.elapsed().as_secs_f64();
        // the old connections are gone
        let address = self.stack.prometheus_address();
        self.prometheus = Prometheus::new(address, super::TIMEOUT);
        self.shown = Prometheus::new(address, super::SHOWN);
        let start_cpu_seconds = bench_shared::usage::cpu(process)?;
        let mark = self.mark()?;

        let planes = self.stack.site.data_planes().len();
        let query = format!(
            "count(up{{job=~\"dataplane-.*\"}} == 1 and timestamp(up) > {})",
            seconds_now()
        );
        self.until(
            "Prometheus is back",
            |prometheus| {
                Ok(prometheus
                    .instant(&query)?
                    .first()
                    .is_some_and(|count| *count as usize == planes))
            },
            BLOCKS,
        )?;
        let blind_seconds = begin.elapsed().as_secs_f64();
        self.progress
            .say(&format!("Prometheus was away for {blind_seconds:.0} s"));

        let data = self.stack.site.prometheus_folder(1).join("data");
        let long_enough = 0.8 * block_seconds as f64;
        let mut largest = None;
        self.until(
            "blocks are cut",
            |_| {
                let blocks = Block::all(&data)?.into_iter();
                largest = blocks
                    .max_by_key(|block| block.samples)
                    .filter(|block| block.seconds >= long_enough);
                Ok(largest.is_some())
            },
            BLOCKS,
        )?;
        let block: Block = largest.context("a block was cut")?;
        let cut = Instant::now();
        let cpu_seconds = bench_shared::usage::cpu(process)?;
        let uploaded = data.join("thanos.shipper.json");
        self.until(
            "blocks go to the object store",
            |_| Ok(is_uploaded(&std::fs::read(&uploaded)?, &block.id)),
            BLOCKS,
        )?;
        Ok(Restart {
            end_seconds,
            start_seconds,
            blind_seconds,
            block_seconds,
            cpu_seconds,
            start_cpu_seconds,
            upload_seconds: cut.elapsed().as_secs_f64(),
            peak_memory: bench_shared::usage::memory(process)?.peak,
            bucket_bytes: disk::size(&self.stack.site.bucket())?,
            interval: self.since(&mark)?,
            block,
        })
    }
}

fn seconds_now() -> u64 {
    crate::traffic::now() / 1_000_000_000
}

/// Whether the sidecar's list of what it has uploaded names a block.
fn is_uploaded(list: &[u8], block: &str) -> bool {
    // while it is written anew it is not whole
    let list: Value = serde_json::from_slice(list).unwrap_or_default();
    let uploaded = list["uploaded"].as_array();
    uploaded.is_some_and(|uploaded| uploaded.iter().any(|id| id == block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_uploaded_is_listed() {
        let list = br#"{"version":1,"uploaded":["01A","01B"]}"#;
        assert!(is_uploaded(list, "01B"));
        assert!(!is_uploaded(list, "01C"));
        assert!(!is_uploaded(br#"{"version":1,"uplo"#, "01A"));
    }
}
