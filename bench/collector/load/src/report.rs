//! What came out: tables for people, JSON for programs.

use std::fmt;
use std::time::Instant;

use bench_shared::figures::{fraction, machine, mean, mebibytes, number, percent, ratio, thousands};
use bench_shared::table::Table;

use crate::cases::{CASES, Case, What};
use crate::measure::{Check, Outcome, Overload, Paced, Scrapes, Steady, WhileScraped};
use crate::subject::Subject;

/// One measurement.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Record {
    pub(crate) case: &'static str,
    pub(crate) subject: Subject,
    pub(crate) round: u32,
    pub(crate) outcome: Outcome,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Report {
    /// Of Signalbox.
    commit: String,
    begin: Instant,
    records: Vec<Record>,
}

impl Report {
    pub(crate) fn new(commit: String) -> Self {
        Self {
            commit,
            begin: Instant::now(),
            records: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Whether a measurement failed, or a scrape showed something else than was accepted.
    pub(crate) fn has_failures(&self) -> bool {
        self.records.iter().any(|record| match &record.outcome {
            Outcome::Failed(_) => true,
            Outcome::Steady(steady) => is_wrong(steady),
            Outcome::Overload(overload) => matches!(overload.check, Check::Wrong(_)),
            _ => false,
        })
    }

    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&serde_json::json!({
            "machine": machine(),
            "commit": self.commit,
            "seconds": self.begin.elapsed().as_secs(),
            "measurements": self.records,
        }))
    }

    /// What was measured in the rounds of a case.
    fn of<'a, T: 'a>(
        &'a self,
        case: &'a Case,
        subject: Subject,
        which: impl Fn(&'a Outcome) -> Option<&'a T> + 'a,
    ) -> Vec<&'a T> {
        let records = self.records.iter();
        let records = records.filter(|record| record.case == case.name && record.subject == subject);
        records.filter_map(|record| which(&record.outcome)).collect()
    }

    fn steady<'a>(&'a self, case: &'a Case, subject: Subject) -> Vec<&'a Steady> {
        self.of(case, subject, |outcome| match outcome {
            Outcome::Steady(steady) => Some(steady),
            _ => None,
        })
    }

    fn ingest(&self) -> Table {
        let mut table = Table::new(&[
            "updates",
            "go dp/CPU-s",
            "signalbox",
            "ratio",
            "goal",
            "ns/dp",
            "create ratio",
            "B/series go",
            "signalbox",
            "p50/p99 ms go",
            "signalbox",
            "checks",
        ]);
        for case in CASES {
            let What::Steady(what) = case.what else { continue };
            let (go, ours) = (
                self.steady(case, Subject::Go),
                self.steady(case, Subject::Signalbox),
            );
            if go.is_empty() && ours.is_empty() {
                continue;
            }
            let rate = |all: &[&Steady]| mean(all, |one| one.updates.per_cpu_second);
            let create = |all: &[&Steady]| mean(all, |one| one.create.per_cpu_second);
            let bytes = |all: &[&Steady]| number(mean(all, |one| one.bytes_per_series));
            let latency = |all: &[&Steady]| {
                let (p50, p99) = (
                    mean(all, |one| one.updates.p50_ms),
                    mean(all, |one| one.updates.p99_ms),
                );
                p50.zip(p99)
                    .map_or_else(String::new, |(p50, p99)| format!("{p50:.2}/{p99:.1}"))
            };
            let is_exact = !go.iter().chain(&ours).any(|steady| is_wrong(steady));
            table.row([
                case.name.to_owned(),
                thousands(rate(&go)),
                thousands(rate(&ours)),
                ratio(rate(&ours), rate(&go)),
                format!("{}x", what.goal),
                number(rate(&ours).map(|rate| 1e9 / rate)),
                ratio(create(&ours), create(&go)),
                bytes(&go),
                bytes(&ours),
                latency(&go),
                latency(&ours),
                if is_exact { "exact" } else { "WRONG" }.to_owned(),
            ]);
        }
        table
    }

    fn scrapes(&self) -> Table {
        let mut table = Table::new(&[
            "scrapes",
            "format",
            "MB go",
            "signalbox",
            "CPU s go",
            "signalbox",
            "ratio",
            "wall s go",
            "signalbox",
        ]);
        for case in CASES {
            let What::Steady(what) = case.what else { continue };
            let (go, ours) = (
                self.steady(case, Subject::Go),
                self.steady(case, Subject::Signalbox),
            );
            for request in what.scrapes {
                let of = |all: &[&Steady], figure: fn(&crate::measure::Scrapes) -> Option<f64>| {
                    let figures = all.iter().filter_map(|steady| {
                        let scrapes = steady
                            .scrapes
                            .iter()
                            .find(|scrapes| scrapes.request == *request)?;
                        figure(scrapes)
                    });
                    let figures: Vec<f64> = figures.collect();
                    mean(&figures, |figure| *figure)
                };
                let bytes = |scrapes: &Scrapes| {
                    scrapes
                        .measured
                        .as_ref()
                        .map(|measured| measured.bytes as f64 / 1e6)
                };
                let cpu = |scrapes: &Scrapes| scrapes.measured.as_ref().map(|measured| measured.cpu_seconds);
                let wall =
                    |scrapes: &Scrapes| scrapes.measured.as_ref().map(|measured| measured.wall_seconds);
                if of(&go, cpu).or(of(&ours, cpu)).is_none() {
                    continue;
                }
                table.row([
                    case.name.to_owned(),
                    format!(
                        "{}{}",
                        request.format.name(),
                        if request.gzip { " gzip" } else { "" }
                    ),
                    fraction(of(&go, bytes)),
                    fraction(of(&ours, bytes)),
                    fraction(of(&go, cpu)),
                    fraction(of(&ours, cpu)),
                    ratio(of(&go, cpu), of(&ours, cpu)),
                    fraction(of(&go, wall)),
                    fraction(of(&ours, wall)),
                ]);
            }
        }
        table
    }

    fn paced(&self) -> Table {
        let mut table = Table::new(&["at a rate", "dp/s", "p50 ms", "p99 ms", "CPU"]);
        for record in &self.records {
            let Outcome::Paced(Paced { phase, cpu, .. }) = &record.outcome else {
                continue;
            };
            table.row([
                format!("{} {}", record.case, record.subject.name()),
                thousands(Some(phase.sent.rate())),
                format!("{:.2}", phase.p50_ms),
                format!("{:.1}", phase.p99_ms),
                percent(*cpu),
            ]);
        }
        table
    }

    fn scraped(&self) -> Table {
        let mut table = Table::new(&[
            "while scraped",
            "dp/s without",
            "with",
            "loss",
            "p99 ms",
            "scrapes s",
            "MiB",
        ]);
        for record in &self.records {
            let Outcome::Scraped(WhileScraped {
                without,
                with,
                loss,
                scrape_seconds,
                memory,
            }) = &record.outcome
            else {
                continue;
            };
            let scrapes: Vec<_> = scrape_seconds
                .iter()
                .map(|seconds| format!("{seconds:.2}"))
                .collect();
            table.row([
                format!("{} {}", record.case, record.subject.name()),
                thousands(Some(without.sent.rate())),
                thousands(Some(with.sent.rate())),
                percent(*loss),
                format!("{:.1}", with.p99_ms),
                scrapes.join(" "),
                mebibytes(memory.peak),
            ]);
        }
        table
    }

    fn overload(&self) -> Table {
        let mut table = Table::new(&[
            "overload",
            "budget MiB",
            "made",
            "updates at 2x",
            "of them taken",
            "new ones taken",
            "updates taken then",
            "µs/refusal resources",
            "attributes",
            "peak MiB",
            "after a scrape",
            "checks",
        ]);
        for record in &self.records {
            let Outcome::Overload(overload) = &record.outcome else {
                continue;
            };
            let Overload {
                create,
                twice,
                updates,
                ..
            } = &**overload;
            table.row([
                format!("{} {}", record.case, record.subject.name()),
                overload.budget_mib.to_string(),
                thousands(Some(create.sent.accepted as f64)),
                thousands(Some(twice.sent.points() as f64)),
                percent(twice.sent.accepted as f64 / twice.sent.points().max(1) as f64),
                thousands(Some(overload.fresh_accepted as f64)),
                percent(updates.accepted as f64 / updates.points().max(1) as f64),
                fraction(overload.new_resources.refusal_micros),
                fraction(overload.new_attributes.refusal_micros),
                mebibytes(overload.memory.peak),
                mebibytes(overload.after_scrape.peak),
                match overload.check {
                    Check::Exact => "exact",
                    Check::Wrong(_) => "WRONG",
                    Check::Unknown => "unknown",
                }
                .to_owned(),
            ]);
        }
        table
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = [
            self.ingest(),
            self.scrapes(),
            self.paced(),
            self.scraped(),
            self.overload(),
        ];
        for table in tables.iter().filter(|table| !table.is_empty()) {
            writeln!(f, "{table}")?;
        }
        let minutes = self.begin.elapsed().as_secs_f64() / 60.0;
        writeln!(
            f,
            "{}; commit {}; measured in {minutes:.1} minutes",
            machine(),
            self.commit
        )
    }
}

/// One line about a measurement, as soon as it is there.
pub(crate) fn line(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Steady(steady) => {
            let scrapes = steady.scrapes.iter().filter_map(|scrapes| {
                let measured = scrapes.measured.as_ref()?;
                let gzip = if scrapes.request.gzip { " gzip" } else { "" };
                let wrong = match &measured.check {
                    Check::Wrong(how) => format!(" WRONG: {how}"),
                    _ => String::new(),
                };
                let format = scrapes.request.format.name();
                Some(format!("; {format}{gzip} {:.3} s{wrong}", measured.cpu_seconds))
            });
            format!(
                "{} dp/CPU-s, {:.0} B/series{}",
                thousands(Some(steady.updates.per_cpu_second)),
                steady.bytes_per_series,
                scrapes.collect::<String>()
            )
        }
        Outcome::Paced(paced) => format!("p99 {:.1} ms", paced.phase.p99_ms),
        Outcome::Scraped(scraped) => format!("{} lost", percent(scraped.loss)),
        Outcome::Overload(overload) => format!("peak {} MiB", mebibytes(overload.memory.peak)),
        Outcome::Skipped(reason) | Outcome::Failed(reason) => reason.clone(),
    }
}

fn is_wrong(steady: &Steady) -> bool {
    let mut measured = steady
        .scrapes
        .iter()
        .filter_map(|scrapes| scrapes.measured.as_ref());
    measured.any(|measured| matches!(measured.check, Check::Wrong(_)))
}
