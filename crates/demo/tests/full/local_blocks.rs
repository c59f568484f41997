//! The blocks that a Prometheus has cut, in its own folder.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;

use crate::harness::Demo;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LocalBlock {
    pub(crate) ulid: String,
    /// Unix milliseconds, not included.
    pub(crate) max_time: u64,
}

/// Those that are complete, the oldest first.
pub(crate) fn of(demo: &Demo, replica: &str) -> Vec<LocalBlock> {
    let data = demo.state().join(format!("data/prometheus-{replica}"));
    let names = fs::read_dir(data).unwrap().map(|entry| entry.unwrap());
    // one that is being written has a longer name
    let folders = names.filter(|entry| entry.file_name().len() == 26);
    let metas = folders.filter_map(|entry| fs::read(entry.path().join("meta.json")).ok());
    let mut blocks: Vec<LocalBlock> = metas.map(|text| serde_json::from_slice(&text).unwrap()).collect();
    blocks.sort_by_key(|block| block.max_time);
    blocks
}

/// The names of those of both.
pub(crate) fn of_both(demo: &Demo) -> BTreeSet<String> {
    let both = ["a", "b"].into_iter().flat_map(|replica| of(demo, replica));
    both.map(|block| block.ulid).collect()
}
