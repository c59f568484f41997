//! Measures the verification of a store beside `sha256sum`, in one run and over the same files.
//!
//! ```text
//!  cases ─► files ─► a store and its manifest ─► measure ─► report
//!  (how many, how large)                          verify, sha256sum, openssl in turn
//! ```
//!
//! Files are in the page cache, so that what is measured is the CPU and not the disk. What counts is the CPU time, user and
//! system, which does not depend much on what else the machine does.

mod cases;
mod files;
mod measure;
mod report;

use std::io::Write as _;
use std::path::PathBuf;

use clap::Parser;

use crate::cases::CASES;
use crate::files::Files;
use crate::report::Report;

/// Measures the verification of a store beside sha256sum
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder for results and, meanwhile, for files
    #[arg(long)]
    out: PathBuf,
    /// What is measured, as it stands in the results
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Make a tenth of the files
    #[arg(long)]
    quick: bool,
    /// How often each is measured, in turn
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout();
    let mut report = Report::new(arguments.commit);
    for case in CASES {
        let case = if arguments.quick { case.tenth() } else { case };
        writeln!(out, "{}: makes {} files", case.name, case.files)?;
        let files = Files::make(&case, &arguments.out.join("files"))?;
        for round in 1..=arguments.rounds {
            writeln!(out, "{}: round {round} of {}", case.name, arguments.rounds)?;
            report.add(measure::round(&case, &files)?);
        }
    }
    writeln!(out, "\n{report}")?;
    report.save(&arguments.out.join("results.json"))
}
