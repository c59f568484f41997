//! `signalbox-health verify`: is what runs what was built?
//!
//! Every store path of the running system is read again and compared with its signed manifest; so are the system itself, the kernel
//! and the units, which have to come from these store paths. It runs once a day at the lowest priority, and a run that was cut short
//! is gone on with by the next.

pub(crate) mod exposition;
pub(crate) mod record;
mod report;
mod running;

use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use closure::verify::{Problem, Progress, Report};
use closure::{Manifest, PublicKey};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::probe::bus::{Bus, Object};
use crate::probe::unix_time;
use record::{Finding, Kind, Outcome, Record};

/// With what to compare, and how.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The manifest, or a folder with one for each system, named <store path>.manifest [default: as in the settings]
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,

    /// Whose manifests are believed: name:base64, or a file with it; the option may be given several times [default: as in the settings]
    #[arg(long, value_name = "KEY")]
    pub public_key: Vec<String>,

    /// The store to read, when it is not the one of this machine: /mnt/nix/store of a disk that stands in another one
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,

    /// How many threads read [default: one for each core]
    #[arg(long, value_name = "NUMBER")]
    pub threads: Option<NonZeroUsize>,

    /// Where the result is kept, and how far a run came [default: as in the settings; with --manifest, --public-key or --store, nowhere]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,

    /// Name what is in the store and not in the manifest, too
    #[arg(long, short)]
    pub verbose: bool,

    /// JSON in place of sentences
    #[arg(long)]
    pub json: bool,
}

/// Ends with 0 when all is as it was built, with 2 when something is not, with 1 when it could not be compared, and with 75 when it was
/// cut short.
pub async fn run(config: &Config, options: &Options) -> anyhow::Result<ExitCode> {
    // no comparison that failed, which would be kept: there is none to make
    given(config, options)?;
    let state = state(config, options);
    if let Some(state) = state {
        // without it nothing is kept, which is said then; comparing goes on
        let _ = std::fs::create_dir_all(state);
    }
    let began = Instant::now();
    let mut record = Record::default();
    match compare(config, options, state).await {
        Ok(compared) => record = compared,
        Err(error) => record.error = Some(format!("{error:#}")),
    }
    record.at = unix_time();
    record.failed_at = record.error.is_some().then_some(record.at);
    record.took_seconds = began.elapsed().as_secs_f64();
    log(&record);
    if let Some(state) = state
        && let Err(error) = record.keep(state)
    {
        // who looks by hand sees the result all the same
        tracing::warn!(error = %error, "cannot keep the result in {}", state.display());
    }
    let text = if options.json {
        report::json(&record)
    } else {
        report::text(&record, options.verbose)
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("failed to print")?;
    Ok(ExitCode::from(match record.outcome {
        Outcome::Sound => 0,
        Outcome::Changed => 2,
        Outcome::Failed => 1,
        Outcome::CutShort => CUT_SHORT,
    }))
}

/// Somebody has stopped it, and nothing was found so far (`EX_TEMPFAIL`): the unit counts it as a success.
const CUT_SHORT: u8 = 75;

/// Where the result is kept. `None`: what is looked at is not this box by its settings, so that the result is none of this box, and how far
/// the run came is nothing that the box's own run could rely on.
fn state<'a>(config: &'a Config, options: &'a Options) -> Option<&'a Path> {
    let by_the_settings =
        options.manifest.is_none() && options.public_key.is_empty() && options.store.is_none();
    let own = by_the_settings.then_some(config.verify.state_dir.as_path());
    options.state.as_deref().or(own)
}

async fn compare(config: &Config, options: &Options, state: Option<&Path>) -> anyhow::Result<Record> {
    let manifest = manifest(config, options)?;
    let mut record = Record {
        manifest: manifest.name().to_owned(),
        signed_by: names(&manifest),
        ..Record::default()
    };
    // what another machine's disk holds does not run here
    let mut findings = match options.store {
        None => {
            let systemd = running::Systemd {
                unit_path: unit_path(config.timeout).await,
            };
            // settings are of the machine on which they are
            let is_this = options.manifest.is_none();
            running::compare(&manifest, Path::new("/"), &release(), &systemd, is_this)
        }
        Some(_) => vec![],
    };
    let store = options
        .store
        .clone()
        .unwrap_or_else(|| PathBuf::from(manifest.store()));
    let report = read_store(manifest, options, state).await?;
    findings.extend(report.findings.iter().map(|finding| in_store(&store, finding)));
    if let Some(why) = &report.not_saved {
        tracing::warn!(why, "the next run begins anew");
    }
    let unlisted = report.unlisted.iter();
    record.unlisted(unlisted.map(|name| store.join(name).display().to_string()));
    record.paths = report.paths;
    record.of_paths = report.of_paths;
    record.bytes_read = report.read;
    record.outcome = if !findings.is_empty() {
        Outcome::Changed
    } else if report.complete() {
        Outcome::Sound
    } else {
        Outcome::CutShort
    };
    record.found(findings);
    Ok(record)
}

/// Where the manifest is said to be.
fn given<'a>(config: &'a Config, options: &'a Options) -> anyhow::Result<&'a Path> {
    let path = options.manifest.as_deref().or(config.verify.manifest.as_deref());
    path.context(
        "there is nothing to compare with: let signalbox-health manifest make a manifest where the system is built, and give it by \
         --manifest or verify.manifest",
    )
}

fn manifest(config: &Config, options: &Options) -> anyhow::Result<Manifest> {
    let path = given(config, options)?;
    let keys = if options.public_key.is_empty() {
        config.verify.public_keys.clone()
    } else {
        options
            .public_key
            .iter()
            .map(|key| public_key(key))
            .collect::<anyhow::Result<_>>()?
    };
    let path = if path.is_dir() {
        of_this_system(path)?
    } else {
        path.to_owned()
    };
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    Manifest::trusted(&text, &keys).with_context(|| format!("failed to believe {}", path.display()))
}

/// The manifest of the system that runs.
fn of_this_system(folder: &Path) -> anyhow::Result<PathBuf> {
    let system = Path::new("/run/current-system")
        .canonicalize()
        .context("failed to follow /run/current-system")?;
    let name = system
        .file_name()
        .context("/run/current-system leads to no system")?;
    Ok(folder.join(format!("{}.manifest", name.to_string_lossy())))
}

/// Text, or a file with it.
fn public_key(text: &str) -> anyhow::Result<PublicKey> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let read = std::fs::read_to_string(text)
        .with_context(|| format!("{text} is neither a public key nor a file"))?;
    read.parse().with_context(|| format!("failed to use {text}"))
}

fn names(manifest: &Manifest) -> Vec<String> {
    let signatures = manifest.signatures().iter();
    signatures.map(|signature| signature.name().to_owned()).collect()
}

fn release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// Where systemd looks for units, in its own words.
async fn unit_path(timeout: Duration) -> Vec<PathBuf> {
    let asked = async {
        let manager = Object {
            service: "org.freedesktop.systemd1",
            path: "/org/freedesktop/systemd1",
            interface: "org.freedesktop.systemd1.Manager",
        };
        let bus = Bus::system(timeout).await?;
        bus.get::<Vec<String>>(manager, "UnitPath").await
    };
    match asked.await {
        Ok(folders) => folders.into_iter().map(PathBuf::from).collect(),
        Err(error) => {
            tracing::warn!(
                error,
                "only where systemd usually looks for units is looked for others"
            );
            vec![]
        }
    }
}

async fn read_store(manifest: Manifest, options: &Options, state: Option<&Path>) -> anyhow::Result<Report> {
    let mut how = closure::verify::Options {
        store: options.store.clone(),
        checkpoint: state.map(|state| state.join("verify.checkpoint")),
        ..closure::verify::Options::default()
    };
    if let Some(threads) = options.threads {
        how.workers = threads;
    }
    let cancelled = Arc::new(AtomicBool::new(false));
    let heed = cancelled.clone();
    let mut terminate = signal(SignalKind::terminate()).context("failed to heed signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to heed signals")?;
    let heeding = tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        heed.store(true, Ordering::Relaxed);
    });
    let began = Instant::now();
    let reading = tokio::task::spawn_blocking(move || {
        closure::verify::verify(&manifest, &how, &cancelled, |so_far| tell(so_far, began))
    });
    let report = reading.await.context("failed to compare")?;
    heeding.abort();
    if std::io::stderr().is_terminal() {
        let _ = writeln!(std::io::stderr());
    }
    Ok(report?)
}

/// How far it is: to who watches, and to `systemctl status`.
fn tell(so_far: Progress, began: Instant) {
    let line = report::progress(so_far, began.elapsed());
    let _ = sd_notify::notify(&[NotifyState::Status(&line)]);
    if std::io::stderr().is_terminal() {
        // nobody is left to tell when standard error is closed
        let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
    }
}

fn in_store(store: &Path, finding: &closure::verify::Finding) -> Finding {
    let subject = store.join(finding.path.as_str()).display().to_string();
    let (what, fix) = match &finding.problem {
        Problem::Missing => (
            "is missing".to_owned(),
            format!("nix-store --repair-path {subject}"),
        ),
        Problem::Changed {
            expected,
            found,
            files,
        } => {
            let mut what = format!("has changed: it is {found}, and was {expected}");
            for file in files {
                what.push('\n');
                what += &file.to_string();
            }
            (what, format!("nix-store --repair-path {subject}"))
        }
        Problem::Trouble(trouble) => (
            format!("cannot be compared: {trouble}"),
            format!(
                "Look for errors of the disk (journalctl -k -p err), then nix-store --repair-path {subject}"
            ),
        ),
    };
    Finding {
        kind: Kind::StorePath,
        subject,
        what,
        fix,
    }
}

fn log(record: &Record) {
    for finding in &record.findings {
        tracing::error!(
            verify.subject = finding.subject,
            verify.what = finding.what,
            fix = finding.fix,
            "not as it was built"
        );
    }
    match record.outcome {
        Outcome::Sound => tracing::info!(paths = record.paths, "all is as it was built"),
        Outcome::Changed => tracing::error!(
            findings = record.findings_total,
            "something is not as it was built"
        ),
        Outcome::CutShort => tracing::info!(paths = record.paths, "cut short"),
        Outcome::Failed => tracing::error!(error = record.error, "could not compare"),
    }
}
