//! Profiles of a collector, made with perf.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::subject::Running;

/// A profile of a collector, while this lives.
#[derive(Debug)]
pub(crate) struct Profile(Child);

impl Profile {
    pub(crate) fn begin(file: &Path, running: &Running) -> anyhow::Result<Self> {
        let perf = Command::new("perf")
            .args(["record", "--quiet", "--freq", "1999", "--pid"])
            .arg(running.process().to_string())
            .arg("--output")
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Ok(Self(
            perf.context("cannot start perf, which a profile is made with")?,
        ))
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // perf writes its file when it is interrupted
        let _ = Command::new("kill")
            .args(["-INT", &self.0.id().to_string()])
            .status();
        let _ = self.0.wait();
    }
}
