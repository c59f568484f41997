//! What samples take on disk: of the log, of blocks that were cut, and of a block of two hours as the store keeps it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::instance::Instance;
use crate::motion::Values;
use crate::traffic::INTERVAL;

/// Seconds of a block.
const BLOCK: u64 = 7200;

/// Where a block of the second kind begins, in seconds after 1970: a multiple of its length.
const BEGIN: u64 = 200_000 * BLOCK;

/// A block of Prometheus.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Block {
    pub(crate) id: String,
    pub(crate) samples: u64,
    pub(crate) series: u64,
    pub(crate) chunks: u64,
    /// From its first to its last sample, in seconds.
    pub(crate) seconds: f64,
    pub(crate) chunk_bytes: u64,
    pub(crate) index_bytes: u64,
}

impl Block {
    /// All blocks in a folder.
    pub(crate) fn all(folder: &Path) -> anyhow::Result<Vec<Self>> {
        let mut blocks = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            // a block that is being written has another name
            if path.join("meta.json").exists() && path.extension().is_none() {
                blocks.push(Self::read(&path)?);
            }
        }
        Ok(blocks)
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let meta: Value = serde_json::from_slice(&std::fs::read(path.join("meta.json"))?)?;
        let number = |value: &Value| value.as_u64().context("a block says how large it is");
        Ok(Self {
            id: meta["ulid"].as_str().unwrap_or_default().to_owned(),
            samples: number(&meta["stats"]["numSamples"])?,
            series: number(&meta["stats"]["numSeries"])?,
            chunks: number(&meta["stats"]["numChunks"])?,
            seconds: (number(&meta["maxTime"])? - number(&meta["minTime"])?) as f64 / 1000.0,
            chunk_bytes: size(&path.join("chunks"))?,
            index_bytes: size(&path.join("index"))?,
        })
    }

    pub(crate) fn bytes_per_sample(&self) -> f64 {
        (self.chunk_bytes + self.index_bytes) as f64 / self.samples as f64
    }
}

/// Bytes of a file, or of all files in a folder.
pub(crate) fn size(path: &Path) -> anyhow::Result<u64> {
    let meta = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !meta.is_dir() {
        return Ok(meta.len());
    }
    let mut bytes = 0;
    for entry in std::fs::read_dir(path)? {
        // what is removed meanwhile has no size
        bytes += size(&entry?.path()).unwrap_or(0);
    }
    Ok(bytes)
}

/// Lets some instances live for two hours, as fast as it goes, and has promtool make a block of what a scrape every ten
/// seconds would have seen. Its chunks are those that Prometheus writes; its labels are not, so the index says nothing.
pub(crate) fn two_hours(
    promtool: &Path,
    folder: &Path,
    values: Values,
    instances: usize,
) -> anyhow::Result<Block> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join("samples.txt");
    write_samples(&file, values, instances)?;
    let blocks = folder.join("blocks");
    let status = Command::new(promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
        .args([&file, &blocks])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot start promtool")?;
    ensure!(status.success(), "promtool makes no block: {status}");
    let mut made = Block::all(&blocks)?;
    ensure!(
        made.len() == 1,
        "promtool made {} blocks of two hours",
        made.len()
    );
    std::fs::remove_dir_all(folder)?;
    Ok(made.remove(0))
}

fn write_samples(file: &Path, values: Values, instances: usize) -> anyhow::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(file)?);
    let mut instances: Vec<_> = (0..instances)
        .map(|number| Instance::new(number, values, 0))
        .collect();
    let mut lines = String::new();
    for second in (0..BLOCK).step_by(INTERVAL.as_secs() as usize) {
        for (number, instance) in instances.iter_mut().enumerate() {
            instance.advance(0);
            lines.clear();
            for (series, value) in instance.exposed().enumerate() {
                writeln!(
                    lines,
                    "s{{i=\"{number}\",s=\"{series}\"}} {value} {}",
                    BEGIN + second
                )?;
            }
            file.write_all(lines.as_bytes())?;
        }
    }
    file.write_all(b"# EOF\n")?;
    file.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::EXPOSED;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("stack-load-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn a_block_is_read() {
        let folder = folder("block");
        let block = folder.join("01ABC");
        std::fs::create_dir_all(block.join("chunks")).expect("a folder");
        let meta = r#"{"ulid":"01ABC","minTime":1000,"maxTime":61000,"stats":{"numSamples":60,"numSeries":10,"numChunks":10}}"#;
        for (file, bytes) in [
            ("meta.json", meta.as_bytes()),
            ("index", &[0; 20]),
            ("chunks/000001", &[0; 100]),
        ] {
            std::fs::write(block.join(file), bytes).expect("a file");
        }
        // one that is being written
        std::fs::create_dir_all(folder.join("01DEF.tmp-for-creation")).expect("a folder");
        std::fs::write(folder.join("01DEF.tmp-for-creation/meta.json"), "{}").expect("a file");
        let blocks = Block::all(&folder).expect("blocks");
        std::fs::remove_dir_all(&folder).expect("a folder");
        assert_eq!(blocks.len(), 1);
        let block = &blocks[0];
        assert_eq!(
            (block.id.as_str(), block.chunk_bytes, block.index_bytes),
            ("01ABC", 100, 20)
        );
        let figures = [block.seconds, block.bytes_per_sample()].map(|figure| figure as u64);
        assert_eq!(figures, [60, 2]);
    }

    #[test]
    fn two_hours_are_a_sample_of_each_series_every_ten_seconds() {
        let folder = folder("samples");
        let file = folder.join("samples.txt");
        write_samples(&file, Values::Typical, 1).expect("samples");
        let text = std::fs::read_to_string(&file).expect("a file");
        std::fs::remove_dir_all(&folder).expect("a folder");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 720 * EXPOSED + 1);
        assert!(lines[0].ends_with(" 1440000000"), "{}", lines[0]);
        assert!(
            lines[719 * EXPOSED].ends_with(" 1440007190"),
            "{}",
            lines[719 * EXPOSED]
        );
        assert_eq!(lines[720 * EXPOSED], "# EOF");
    }
}
