//! Blocks of samples that nobody scraped, as promtool makes them.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::harness::{PATIENCE, root};

/// Makes the blocks in `folder`, under `blocks`, from samples in the text format of OpenMetrics.
pub(crate) async fn write_blocks(open_metrics: &str, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let input = folder.join("samples.om");
    std::fs::write(&input, open_metrics).unwrap();
    let running = Command::new(root().join("target/stack/bin/promtool"))
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&input, &folder.join("blocks")])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, running).await;
    let output = output.expect("it ends").expect("it starts");
    assert!(output.status.success(), "{output:?}");
}
