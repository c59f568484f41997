//! Reads the same files with each.

use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, ensure};
use bench_shared::usage;
use closure::verify::{Options, verify};

use crate::cases::Case;
use crate::files::Files;

/// Files that a program is given at once.
const AT_ONCE: usize = 5000;

/// What one round has found.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Round {
    /// Of the case.
    pub(crate) case: &'static str,
    /// How many there were.
    pub(crate) files: usize,
    /// How much was in them.
    pub(crate) bytes: u64,
    /// How many threads [`all`](Self::all) had.
    pub(crate) cores: usize,
    /// Verified by one thread.
    pub(crate) one: Spent,
    /// Verified by as many threads as there are cores.
    pub(crate) all: Spent,
    /// By sha256sum.
    pub(crate) sha256sum: Spent,
    /// By openssl, if it is there.
    pub(crate) openssl: Option<Spent>,
}

/// What it took, in seconds.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Spent {
    /// Of CPU time, user and system.
    pub(crate) cpu: f64,
    /// Of the clock.
    pub(crate) wall: f64,
}

/// Measures each once.
pub(crate) fn round(case: &Case, files: &Files) -> anyhow::Result<Round> {
    let cores = std::thread::available_parallelism()?;
    Ok(Round {
        case: case.name,
        files: files.paths.len(),
        bytes: files.bytes,
        cores: cores.get(),
        one: verified(files, NonZeroUsize::MIN)?,
        all: verified(files, cores)?,
        sha256sum: summed("sha256sum", &["--binary"], files)?,
        openssl: installed("openssl")
            .then(|| summed("openssl", &["dgst", "-sha256"], files))
            .transpose()?,
    })
}

fn verified(files: &Files, workers: NonZeroUsize) -> anyhow::Result<Spent> {
    let options = Options {
        store: Some(files.store.clone()),
        workers,
        // as the others, who are not asked to step back either
        low_priority: false,
        ..Options::default()
    };
    spent(
        || usage::cpu(std::process::id()),
        || {
            let report = verify(&files.manifest, &options, &AtomicBool::new(false), |_| ())?;
            ensure!(report.sound(), "the store has changed: {:?}", report.findings);
            ensure!(report.read == files.bytes, "not all was read: {}", report.read);
            Ok(())
        },
    )
}

fn summed(program: &str, options: &[&str], files: &Files) -> anyhow::Result<Spent> {
    spent(usage::cpu_of_ended_children, || {
        for some in files.paths.chunks(AT_ONCE) {
            let status = Command::new(program)
                .args(options)
                .args(some)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .status()
                .with_context(|| format!("failed to run {program}"))?;
            ensure!(status.success(), "{program} failed: {status}");
        }
        Ok(())
    })
}

fn spent(
    cpu: impl Fn() -> anyhow::Result<f64>,
    run: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Spent> {
    let (before, begin) = (cpu()?, Instant::now());
    run()?;
    Ok(Spent {
        cpu: cpu()? - before,
        wall: begin.elapsed().as_secs_f64(),
    })
}

fn installed(program: &str) -> bool {
    let version = Command::new(program)
        .arg("version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}
