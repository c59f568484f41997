//! Measures one case on one collector.

mod overload;
mod paced;
mod scraped;
mod steady;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use bench_shared::send::Transport;
use bench_shared::usage;

use crate::cases::{Case, Times, What};
use crate::drive::{Bodies, Pace, Sent, Target, now};
use crate::json;
use crate::profile::Profile;
use crate::protobuf;
use crate::shape::{Herd, Kind};
use crate::subject::{Running, Setup, Subject};

pub(crate) use overload::Overload;
pub(crate) use paced::Paced;
pub(crate) use scraped::WhileScraped;
pub(crate) use steady::{Scrapes, Steady};

/// Connections that requests are sent over.
const CONNECTIONS: usize = 4;

/// What all measurements need.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) setup: Setup,
    pub(crate) times: Times,
    /// Where profiles of Signalbox go, if any are made.
    pub(crate) profiles: Option<PathBuf>,
}

/// What came out.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Steady(Steady),
    Paced(Paced),
    Scraped(WhileScraped),
    Overload(Box<Overload>),
    /// The collector does not take such points.
    Skipped(String),
    Failed(String),
}

/// What was sent in a while, and what CPU time the collector needed for it.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Phase {
    pub(crate) sent: Sent,
    pub(crate) cpu_seconds: f64,
    /// Accepted points.
    pub(crate) per_cpu_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Whether a scrape showed what had been accepted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    Exact,
    Wrong(String),
    /// Nobody knows what should be there.
    Unknown,
}

impl Bench {
    pub(crate) fn measure(&self, case: &Case, subject: Subject) -> Outcome {
        let measured = match case.what {
            What::Steady(what) => self.steady(case.name, &what, subject).map(|steady| match steady {
                Ok(steady) => Outcome::Steady(steady),
                Err(Unsupported(reason)) => Outcome::Skipped(reason),
            }),
            What::Paced {
                series,
                points_per_second,
            } => self
                .paced(case.name, series, points_per_second, subject)
                .map(Outcome::Paced),
            What::Scraped { series } => self.scraped(case.name, series, subject).map(Outcome::Scraped),
            What::Overload { series } => self
                .overload(case.name, series, subject)
                .map(|overload| Outcome::Overload(Box::new(overload))),
        };
        measured.unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
    }

    /// Begins a profile, if one is wanted of this collector.
    fn profile(&self, subject: Subject, name: &str, running: &Running) -> anyhow::Result<Option<Profile>> {
        let folder = self.profiles.as_deref().filter(|_| subject == Subject::Signalbox);
        let file = folder.map(|folder| folder.join(format!("{name}.data")));
        file.map(|file| Profile::begin(&file, running)).transpose()
    }

    fn seconds(&self) -> Duration {
        Duration::from_secs(self.times.steady)
    }
}

impl Phase {
    fn new(sent: Sent, cpu_seconds: f64) -> Self {
        Self {
            per_cpu_second: sent.accepted as f64 / cpu_seconds.max(0.01),
            p50_ms: sent.quantile(0.5),
            p99_ms: sent.quantile(0.99),
            cpu_seconds,
            sent,
        }
    }
}

/// Why the collector does not take such points.
#[derive(Debug)]
struct Unsupported(String);

impl Running {
    fn target(&self, transport: Transport, connections: usize) -> Target {
        Target {
            transport,
            address: self.intake(transport),
            connections,
        }
    }

    /// Drives bodies, and waits until the collector is done with them.
    fn phase(&self, bodies: &Bodies, target: Target, pace: Pace) -> anyhow::Result<Phase> {
        let before = usage::settled_cpu(self.process())?;
        let sent = bodies.drive(target, pace)?;
        let cpu_seconds = usage::settled_cpu(self.process())? - before;
        Ok(Phase::new(sent, cpu_seconds))
    }

    /// Makes all series of these bodies.
    fn create(&self, bodies: &Bodies, target: Target) -> anyhow::Result<Phase> {
        let phase = self.phase(bodies, target, Pace::Once)?;
        let Sent { accepted, reason, .. } = &phase.sent;
        if *accepted < phase.sent.points() {
            let reason = reason.as_deref().unwrap_or("no reason given");
            bail!(
                "only {accepted} of {} series were accepted: {reason}",
                phase.sent.points()
            );
        }
        Ok(phase)
    }
}

/// Counters over HTTP in protobuf, which most cases are about.
fn counters(series: usize) -> Bodies {
    Bodies::new(protobuf::bodies(Kind::Counter, Herd::Known, series, 1000, now()))
}

fn bodies(kind: Kind, series: usize, batch: usize, transport: Transport) -> Bodies {
    Bodies::new(match transport {
        Transport::HttpJson => json::bodies(series, now()),
        _ => protobuf::bodies(kind, Herd::Known, series, batch, now()),
    })
}
