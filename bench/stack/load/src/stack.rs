//! The parts that run, and what they use.

use std::collections::BTreeMap;

use anyhow::Context;
use bench_shared::usage::{self, Memory};

use crate::process::Part;
use crate::topology::{Site, port};

/// With less memory than this on the whole machine nothing is measured, before the kernel ends something.
pub(crate) const MIN_AVAILABLE: u64 = 5 << 29;

/// Everything that runs. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) site: Site,
    pub(crate) parts: Vec<Part>,
}

/// What a kind of part uses: all collectors are one, and this program is one too.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub(crate) struct Used {
    pub(crate) cpu_seconds: f64,
    pub(crate) memory: u64,
    /// Of that, what is not of files: the kernel cannot take it back.
    pub(crate) anonymous: u64,
}

pub(crate) type Usage = BTreeMap<String, Used>;

impl Stack {
    /// Starts everything but the dashboard, and waits until it is ready.
    pub(crate) fn start(site: Site) -> anyhow::Result<Self> {
        let launches = site.launches();
        for launch in &launches {
            launch.check_ports()?;
        }
        site.write()?;
        let mut stack = Self {
            site,
            parts: Vec::new(),
        };
        for launch in launches {
            let mut part = launch.start()?;
            part.wait_until_ready()?;
            stack.parts.push(part);
        }
        Ok(stack)
    }

    /// An error if a part has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        self.parts.iter_mut().try_for_each(Part::check)
    }

    /// Restarts what answers queries besides Prometheus: it gives memory back late.
    pub(crate) fn restart_thanos(&mut self) -> anyhow::Result<()> {
        for part in self
            .parts
            .iter_mut()
            .filter(|part| part.name().starts_with("thanos-"))
        {
            part.stop()?;
            *part = part.launch.clone().start()?;
        }
        self.parts.iter_mut().try_for_each(Part::wait_until_ready)
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let mut all = Usage::new();
        let processes = self
            .parts
            .iter()
            .map(|part| (counted_as(part.name()), part.process()));
        for (kind, process) in processes.chain([("generator", std::process::id())]) {
            let Memory { now, anonymous, .. } = usage::memory(process)?;
            let used = all.entry(kind.to_owned()).or_default();
            used.cpu_seconds += usage::cpu(process)?;
            used.memory += now;
            used.anonymous += anonymous;
        }
        Ok(all)
    }

    pub(crate) fn prometheus(&mut self) -> anyhow::Result<&mut Part> {
        let part = self.parts.iter_mut().find(|part| part.name() == "prometheus-a");
        part.context("there is a Prometheus")
    }

    /// Where the first Prometheus listens.
    pub(crate) fn prometheus_address(&self) -> std::net::SocketAddr {
        self.site.at(1, port::PROMETHEUS)
    }
}

/// What a part is counted as.
fn counted_as(name: &str) -> &str {
    if name.starts_with("collector-") {
        "collectors"
    } else {
        name
    }
}

/// Memory of the machine that could be had, in bytes.
pub(crate) fn available() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.context("/proc/meminfo has MemAvailable")? * 1024)
}
