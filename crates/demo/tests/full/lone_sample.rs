//! One sample of a time before the box was there, in a block of its own.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::harness::{PATIENCE, root};

#[derive(Debug, Clone, Copy)]
pub(crate) struct LoneSample {
    /// Unix seconds.
    pub(crate) time: u64,
}

impl LoneSample {
    pub(crate) const NAME: &'static str = "lone_sample";
    pub(crate) const VALUE: f64 = 42.0;

    pub(crate) fn at(time: u64) -> Self {
        Self { time }
    }

    /// Makes the block in `folder`, under `blocks`.
    pub(crate) async fn write(self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        let input = folder.join("sample.om");
        let (name, value) = (Self::NAME, Self::VALUE);
        let text = format!("# TYPE {name} gauge\n{name} {value} {}\n# EOF\n", self.time);
        std::fs::write(&input, text).unwrap();
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
}
