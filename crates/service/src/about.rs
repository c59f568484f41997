use std::path::PathBuf;

/// What a daemon says of itself in `--help`, in its logs and in its metrics.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The program's name, such as `signalbox-collector`.
    pub name: &'static str,
    /// The version that `--version` and `signalbox_build_info` show.
    pub version: &'static str,
    /// One line: what it does.
    pub summary: &'static str,
    /// What the reader of `--help` needs beside the options: examples, defaults, files.
    pub help: &'static str,
    /// The prefix of its environment variables, such as `SIGNALBOX_COLLECTOR__`.
    pub env_prefix: &'static str,
}

impl About {
    /// Where its settings are on a machine that it is installed on: `/etc/signalbox/collector.toml`.
    pub fn usual_file(&self) -> Option<PathBuf> {
        let name = self.name.strip_prefix("signalbox-")?;
        Some(PathBuf::from(format!("/etc/signalbox/{name}.toml")))
    }
}
