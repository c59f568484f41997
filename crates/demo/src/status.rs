//! What a running demo looks like from outside: each part, whether it answers, and what it takes.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::part::Probe;
use crate::state_dir::{self, PartRecord};
use crate::usage::Usage;
use crate::{control, readiness, report};

/// A part now.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PartStatus {
    pub(crate) name: String,
    #[serde(rename = "in")]
    pub(crate) place: String,
    /// `ready`, `not ready`, or what became of it.
    pub(crate) state: String,
    pub(crate) pid: Option<u32>,
    #[serde(rename = "memoryBytes")]
    pub(crate) memory: Option<u64>,
    /// Of one core.
    #[serde(rename = "cpuRatio")]
    pub(crate) cpu: Option<f64>,
    pub(crate) address: Option<String>,
}

impl PartStatus {
    pub(crate) fn is_ready(&self) -> bool {
        self.state == READY
    }
}

const READY: &str = "ready";

/// Prints a table, or JSON; CPU is what is used within `over`. The exit code is 0 if every part is ready, else 1.
pub(crate) fn run(state: &Path, over: Duration, json: bool) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let parts = runtime.block_on(gather(state, over))?;
    if json {
        report::print(&format!("{}\n", serde_json::to_string_pretty(&parts)?));
    } else {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        report::print(&report::status(&parts, over, cores));
    }
    let all_ready = parts.iter().all(PartStatus::is_ready);
    Ok(if all_ready {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn gather(state: &Path, over: Duration) -> anyhow::Result<Vec<PartStatus>> {
    let Some(record) = state_dir::record_of_running(state) else {
        anyhow::bail!(control::nobody(state));
    };
    let http = readiness::http_client()?;
    let usage = |part: &PartRecord| part.pid.and_then(|pid| Usage::of(pid).ok());
    let (before, start) = (record.parts.iter().map(usage).collect::<Vec<_>>(), Instant::now());
    tokio::time::sleep(over).await;
    let (after, elapsed) = (
        record.parts.iter().map(usage).collect::<Vec<_>>(),
        start.elapsed(),
    );
    let mut parts = Vec::new();
    for ((part, before), after) in record.parts.into_iter().zip(before).zip(after) {
        let state = match (after, &part.ready) {
            (None, _) if part.pid.is_some() => "gone".to_owned(),
            (None, _) => part.state,
            (Some(_), None) => READY.to_owned(),
            (Some(_), Some(url)) if readiness::is_ready(&Probe::Http(url.clone()), &http).await => {
                READY.to_owned()
            }
            (Some(_), Some(_)) => "not ready".to_owned(),
        };
        parts.push(PartStatus {
            name: part.name,
            place: part.place,
            state,
            pid: part.pid,
            memory: after.map(|usage| usage.memory),
            cpu: before.zip(after).map(|(before, after)| {
                after.cpu.saturating_sub(before.cpu).as_secs_f64() / elapsed.as_secs_f64()
            }),
            address: part.address,
        });
    }
    Ok(parts)
}
