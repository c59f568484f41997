//! `signalbox-health doctor`: one look at everything, with what was seen and what to do.

mod report;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::time::Instant;

use crate::advice::Advice;
use crate::board::Summary;
use crate::check::{self, Category, Check};
use crate::config::Config;
use crate::facts::Facts;
use crate::probe::{self, Client};
use crate::verdict::{Reading, Verdict};

/// What to look at, and how to tell.
#[derive(Debug, Clone, Default, Args)]
pub struct Options {
    /// Look again until all is well, for at most so long, as in 120s
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub wait: Option<Duration>,

    /// Only these; the option may be given several times
    #[arg(long, value_name = "CATEGORY")]
    pub category: Vec<Category>,

    /// Only what can be checked before anything of the box runs
    #[arg(long)]
    pub pre: bool,

    /// JSON in place of a table
    #[arg(long)]
    pub json: bool,

    /// Show what is well in full, and what does not apply
    #[arg(long, short)]
    pub verbose: bool,
}

/// What one check says now.
pub(crate) struct Finding {
    pub(crate) check: &'static Check,
    pub(crate) reading: Reading,
}

/// From one look to the next, with `--wait`.
const PAUSE: Duration = Duration::from_secs(2);

/// Prints what it finds. The exit code is the worst level: 0, 1 or 2.
pub async fn run(config: &Config, options: &Options) -> anyhow::Result<ExitCode> {
    let client = Client::new(config.timeout)
        .context("failed to make an HTTP client")?
        .of("doctor");
    let advice = Advice::of(config);
    let until = options.wait.map(|wait| Instant::now() + wait);
    let mut said = String::new();
    let findings = loop {
        let facts = probe::round(&client, config).await;
        let findings = judge(&facts, options);
        let level = summary(&findings).level;
        match until {
            Some(until) if level > 0 && Instant::now() + PAUSE < until => {
                let line = summary(&findings).line;
                if !options.json && line != said {
                    progress(&line);
                    said = line;
                }
                tokio::time::sleep(PAUSE).await;
            }
            _ => break findings,
        }
    };
    let mut summary = summary(&findings);
    if config.names_nothing() && !options.pre {
        summary.level = summary.level.max(1);
        summary.line += "; only this machine was looked at, for no part of a box is named in any settings: give them by --config FILE";
    }
    let text = if options.json {
        report::json(&findings, &summary, &advice)
    } else {
        report::table(&findings, &summary, &advice, options.verbose)
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("failed to print")?;
    Ok(ExitCode::from(summary.level))
}

/// The checks that were asked for.
pub(crate) fn judge(facts: &Facts, options: &Options) -> Vec<Finding> {
    check::all()
        .filter(|check| options.category.is_empty() || options.category.contains(&check.category))
        .filter(|check| !options.pre || check.before_start)
        .map(|check| Finding {
            check,
            reading: (check.judge)(facts),
        })
        .collect()
}

pub(crate) fn summary(findings: &[Finding]) -> Summary {
    Summary::of(
        findings
            .iter()
            .filter(|finding| finding.reading.verdict != Verdict::NotApplicable)
            .map(|finding| (finding.check, finding.reading.verdict)),
    )
}

/// People who wait see on what.
fn progress(line: &str) {
    // nobody is left to tell when standard error is closed
    let _ = writeln!(std::io::stderr(), "waiting: {line}");
}
