//! Measures the collector side by side with the OpenTelemetry Collector, in one run and with the same requests.
//!
//! ```text
//!  shape ─► protobuf, json ─► body ─► drive ─► send ══► collector ══► scrape ─► check
//!  (what series are) (encoded once)  (patched) (when)  (HTTP, gRPC)   (CPU 0)    (lines, families)
//!
//!  cases ─► measure ─► report          subject starts collectors, usage reads what they use
//! ```
//!
//! Both collectors run on CPU 0, one at a time, and this program on another: what counts is the CPU time of the collector,
//! which does not depend on how fast this program is, nor much on what else the machine does.

mod shape;
mod body;
mod protobuf;
mod json;
mod drive;
mod scrape;
mod subject;
mod profile;
mod cases;
mod measure;
mod report;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Parser;

use crate::cases::{CASES, Case, QUICK, Times};
use crate::measure::{Bench, Outcome};
use crate::report::{Record, Report};
use crate::subject::{Setup, Subject};

/// Measures the collector side by side with the OpenTelemetry Collector
#[derive(Debug, Parser)]
struct Arguments {
    /// The Go collector
    #[arg(long)]
    go: PathBuf,
    /// The collector
    #[arg(long)]
    signalbox: PathBuf,
    /// The folder of the configurations
    #[arg(long)]
    folder: PathBuf,
    /// The folder for results and logs
    #[arg(long)]
    out: PathBuf,
    /// What of Signalbox is measured, as it stands in the results
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Cases to run, by name, separated by commas; all if there are none
    #[arg(long, value_delimiter = ',')]
    cases: Vec<String>,
    /// Measure shortly, and only the most important cases unless some are named
    #[arg(long)]
    quick: bool,
    /// How often each case is measured of both collectors in turn
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// Measure one collector only: go or signalbox
    #[arg(long)]
    only: Option<String>,
    /// Profile Signalbox with perf, into the folder for results
    #[arg(long)]
    profile: bool,
    /// Name the cases, and end
    #[arg(long)]
    list: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout();
    let cases = chosen(&arguments)?;
    if arguments.list {
        for case in cases {
            writeln!(out, "{}", case.name)?;
        }
        return Ok(());
    }
    let subjects = Subject::BOTH.into_iter().filter(|subject| {
        let only = arguments.only.as_deref();
        only.is_none_or(|only| only == subject.name())
    });
    let subjects: Vec<_> = subjects.collect();
    ensure!(!subjects.is_empty(), "--only is go or signalbox");
    std::fs::create_dir_all(&arguments.out)?;
    let bench = Bench {
        setup: Setup {
            go: arguments.go,
            signalbox: arguments.signalbox,
            folder: arguments.folder,
            logs: arguments.out.clone(),
        },
        times: if arguments.quick {
            Times::QUICK
        } else {
            Times::FULL
        },
        profiles: arguments.profile.then(|| arguments.out.clone()),
    };
    let mut report = Report::new(arguments.commit);
    for case in cases {
        for round in 1..=arguments.rounds {
            for &subject in &subjects {
                if let (Some(reason), Subject::Go) = (case.without_go, subject) {
                    writeln!(out, "{} {}: skipped, it {reason}", case.name, subject.name())?;
                    continue;
                }
                let outcome = bench.measure(case, subject);
                if let Outcome::Skipped(reason) | Outcome::Failed(reason) = &outcome {
                    let how = if matches!(outcome, Outcome::Skipped(_)) {
                        "skipped"
                    } else {
                        "FAILED"
                    };
                    writeln!(out, "{} {}: {how}: {reason}", case.name, subject.name())?;
                } else {
                    writeln!(
                        out,
                        "{} {}: {}",
                        case.name,
                        subject.name(),
                        report::line(&outcome)
                    )?;
                }
                report.add(Record {
                    case: case.name,
                    subject,
                    round,
                    outcome,
                });
            }
        }
    }
    let file = arguments.out.join("results.json");
    std::fs::write(&file, report.to_json()?).with_context(|| format!("cannot write {}", file.display()))?;
    write!(out, "\n{report}\nall figures: {}\n", file.display())?;
    ensure!(!report.has_failures(), "some measurements failed");
    Ok(())
}

fn chosen(arguments: &Arguments) -> anyhow::Result<Vec<&'static Case>> {
    let names: Vec<&str> = match (arguments.cases.as_slice(), arguments.quick) {
        ([], false) => return Ok(CASES.iter().collect()),
        ([], true) => QUICK.to_vec(),
        (names, _) => names.iter().map(String::as_str).collect(),
    };
    let case = |name: &str| {
        let case = CASES.iter().find(|case| case.name == name);
        case.with_context(|| format!("there is no case {name:?}; --list names them"))
    };
    names.into_iter().map(case).collect()
}
