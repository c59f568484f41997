//! What is in the object store, as Thanos' own tools see it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use crate::harness::{Demo, PATIENCE, root};
use crate::samples::Labels;

#[derive(Debug)]
pub(crate) struct Bucket {
    /// What Thanos' parts are told of it.
    configuration: PathBuf,
    credentials: Option<PathBuf>,
}

/// One block, as its `meta.json` describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Block {
    pub(crate) ulid: String,
    /// Unix milliseconds, this one not included in the block.
    pub(crate) max_time: i64,
    pub(crate) min_time: i64,
    pub(crate) compaction: Compaction,
    pub(crate) thanos: Thanos,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Compaction {
    pub(crate) level: u32,
    /// The blocks of level 1 that it was made from.
    pub(crate) sources: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Thanos {
    pub(crate) labels: Labels,
    pub(crate) downsample: Downsample,
    /// Which part made it.
    pub(crate) source: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Downsample {
    /// Milliseconds from sample to sample, 0 where it has them all.
    pub(crate) resolution: i64,
}

impl Bucket {
    /// The one in the box, which its parts use.
    pub(crate) fn of(demo: &Demo) -> Self {
        Self {
            configuration: demo.state().join("config/thanos/objstore.yml"),
            credentials: Some(demo.state().join("secrets/s3-credentials")),
        }
    }

    /// The one that the file describes, keys included.
    pub(crate) fn described_by(configuration: &Path) -> Self {
        Self {
            configuration: configuration.to_owned(),
            credentials: None,
        }
    }

    /// All blocks, less those that are marked for deletion.
    pub(crate) async fn blocks(&self) -> Vec<Block> {
        let said = self
            .tool(&["tools", "bucket", "ls", "--output=json", "--exclude-delete"])
            .await;
        let blocks = serde_json::Deserializer::from_str(&said.out).into_iter();
        let mut blocks: Vec<Block> = blocks.map(|block| block.unwrap()).collect();
        blocks.sort_by_key(|block| block.min_time);
        blocks
    }

    /// Puts the blocks of a folder into it, with labels as a sidecar gives them.
    pub(crate) async fn upload(&self, folder: &Path, labels: &Labels) {
        let path = format!("--path={}", folder.display());
        let labels = labels
            .iter()
            .map(|(label, value)| format!("--label={label}={value:?}"));
        let arguments: Vec<_> = ["tools", "bucket", "upload-blocks"]
            .map(ToOwned::to_owned)
            .into_iter()
            .chain([path])
            .chain(labels)
            .collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        self.tool(&arguments).await;
    }

    /// Nothing is wrong with any block.
    pub(crate) async fn assert_verified(&self) {
        let issues = ["overlapped_blocks", "index_known_issues", "duplicated_compaction"];
        let arguments: Vec<_> = ["tools", "bucket", "verify"]
            .into_iter()
            .chain(issues.iter().flat_map(|issue| ["--issues", issue]))
            .collect();
        let said = self.tool(&arguments).await;
        for issue in issues {
            let looked = format!("verifier={issue} ");
            assert!(said.log.contains(&looked), "{issue}: {}", said.log);
        }
        assert!(said.log.contains("verify task completed"), "{}", said.log);
        // an issue is a line of another level
        let issues: Vec<_> = said
            .log
            .lines()
            .filter(|line| !line.contains(" level=info "))
            .collect();
        assert_eq!(issues, [""; 0]);
    }

    /// One pass of the compactor with other arguments than the box's own; that one must not run.
    pub(crate) async fn compact_once(&self, arguments: &[&str]) {
        self.tool(&[&["compact"], arguments].concat()).await;
    }

    /// Runs Thanos with access to the bucket; it must succeed.
    async fn tool(&self, arguments: &[&str]) -> Said {
        let running = Command::new(root().join("target/stack/bin/thanos"))
            .args(arguments)
            .arg(format!("--objstore.config-file={}", self.configuration.display()))
            .envs(
                self.credentials
                    .iter()
                    .map(|file| ("AWS_SHARED_CREDENTIALS_FILE", file)),
            )
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, running).await;
        let output = output.expect("it ends").expect("it starts");
        let [out, log] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{arguments:?}: {log}");
        Said { out, log }
    }
}

struct Said {
    out: String,
    log: String,
}

impl Block {
    pub(crate) fn is_raw(&self) -> bool {
        self.thanos.downsample.resolution == 0
    }
}

/// The blocks that those were made from, themselves where they are of level 1.
pub(crate) fn sources<'a>(blocks: impl IntoIterator<Item = &'a Block>) -> BTreeSet<&'a str> {
    let sources = blocks.into_iter().flat_map(|block| &block.compaction.sources);
    sources.map(String::as_str).collect()
}
