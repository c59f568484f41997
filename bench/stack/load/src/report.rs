//! What came out: tables for people, JSON for programs.

use std::fmt;

use bench_shared::figures::{machine, mebibytes, number, thousands};
use bench_shared::table::Table;

use crate::bench::{Results, Round};
use crate::disk::Block;
use crate::motion::Values;
use crate::queries::Set;
use crate::traffic::INTERVAL;

/// What is wanted of a million series; of others, as much of it.
const SAMPLES_PER_SECOND: f64 = 100_000.0;
const SCRAPE_SECONDS: f64 = 5.0;
const GB_PER_DAY: f64 = 10.0;

/// Samples of a series in a block of two hours.
const SAMPLES_OF_A_BLOCK: f64 = 720.0;

#[derive(Debug)]
pub(crate) struct Report {
    commit: String,
    results: Results,
}

/// Something that is wanted.
#[derive(Debug, Clone, serde::Serialize)]
struct Goal {
    what: String,
    found: String,
    wanted: String,
    is_met: bool,
}

/// What a sample takes in a block of two hours, in bytes.
#[derive(Debug, Clone, serde::Serialize)]
struct Stored {
    values: Values,
    chunks: f64,
    /// If a block was cut, whose index can be looked at.
    index: Option<f64>,
    /// At the rate that is wanted.
    gb_per_day: f64,
}

impl Report {
    pub(crate) fn new(commit: String, results: Results) -> Self {
        Self { commit, results }
    }

    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&serde_json::json!({
            "machine": machine(),
            "commit": self.commit,
            "goals": self.goals(),
            "stored": self.stored(),
            "results": self.results,
        }))
    }

    /// Whether something failed before everything was measured.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.results.failure.is_some()
    }

    fn goals(&self) -> Vec<Goal> {
        let Results {
            series,
            steady,
            rounds,
            ..
        } = &self.results;
        let wanted = *series as f64 / INTERVAL.as_secs_f64();
        let mut goals = vec![
            Goal {
                what: "samples/s".to_owned(),
                found: number(Some(steady.samples_per_second)),
                wanted: number(Some(wanted)),
                // a scrape more or less at the ends of the measurement
                is_met: steady.samples_per_second >= 0.99 * wanted,
            },
            Goal {
                what: "series".to_owned(),
                found: number(Some(steady.series)),
                wanted: series.to_string(),
                is_met: steady.series >= *series as f64,
            },
            Goal {
                what: "scrape p99, nobody asks".to_owned(),
                found: format!(
                    "{} s, {} failed",
                    seconds(steady.scrapes.p99),
                    steady.scrapes.failed
                ),
                wanted: format!("{SCRAPE_SECONDS} s"),
                is_met: steady.scrapes.p99 <= SCRAPE_SECONDS && steady.scrapes.failed == 0,
            },
        ];
        let worst = rounds.iter().map(|round| round.interval.scrapes);
        if !rounds.is_empty() {
            let seconds: f64 = rounds.iter().map(|round| round.interval.seconds).sum();
            let samples = rounds
                .iter()
                .map(|round| round.interval.samples_per_second * round.interval.seconds);
            let rate = samples.sum::<f64>() / seconds;
            goals.push(Goal {
                what: "samples/s, all rounds of questions".to_owned(),
                found: number(Some(rate)),
                wanted: number(Some(wanted)),
                is_met: rate >= 0.99 * wanted,
            });
        }
        if let Some(worst) = worst.max_by(|a, b| a.p99.total_cmp(&b.p99)) {
            let failed: usize = rounds.iter().map(|round| round.interval.scrapes.failed).sum();
            goals.push(Goal {
                what: "scrape p99, worst round of questions".to_owned(),
                found: format!("{} s, {failed} failed in all", seconds(worst.p99)),
                wanted: format!("{SCRAPE_SECONDS} s"),
                is_met: worst.p99 <= SCRAPE_SECONDS && failed == 0,
            });
        }
        goals.extend(rounds.iter().map(of_round));
        if let Some(stored) = self
            .stored()
            .into_iter()
            .find(|stored| stored.values == self.results.values)
        {
            goals.push(Goal {
                what: format!("GB a day at {}k samples/s", SAMPLES_PER_SECOND / 1000.0),
                found: format!("{:.1}", stored.gb_per_day),
                wanted: number(Some(GB_PER_DAY)),
                is_met: stored.gb_per_day <= GB_PER_DAY,
            });
        }
        goals
    }

    fn stored(&self) -> Vec<Stored> {
        let cut = self.results.restart.as_ref().map(|restart| &restart.block);
        let index = cut.map(|block| block.index_bytes as f64 / block.series as f64 / SAMPLES_OF_A_BLOCK);
        let stored = |(values, block): &(Values, Block)| {
            let chunks = block.chunk_bytes as f64 / block.samples as f64;
            let bytes_per_day = (chunks + index.unwrap_or(0.0)) * SAMPLES_PER_SECOND * 86_400.0;
            Stored {
                values: *values,
                chunks,
                index,
                gb_per_day: bytes_per_day / 1e9,
            }
        };
        self.results.two_hours.iter().map(stored).collect()
    }

    fn write_parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steady = &self.results.steady;
        let mut table = Table::new(&[
            "part",
            "cores",
            "MiB",
            "of which not of files",
            "cores, most of any round",
            "MiB, most",
        ]);
        for (name, part) in &steady.parts {
            let rounds = || {
                self.results
                    .rounds
                    .iter()
                    .filter_map(|round| round.interval.parts.get(name))
            };
            table.row([
                name.clone(),
                format!("{:.2}", part.cores),
                mebibytes(part.memory),
                mebibytes(part.anonymous),
                rounds()
                    .map(|part| part.cores)
                    .max_by(f64::total_cmp)
                    .map_or_else(String::new, |cores| format!("{cores:.2}")),
                rounds()
                    .map(|part| part.memory)
                    .max()
                    .map_or_else(String::new, mebibytes),
            ]);
        }
        writeln!(f, "{table}")
    }

    fn write_rounds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(&[
            "queries",
            "of",
            "clients",
            "asked",
            "errors",
            "p50 s",
            "p99 s",
            "longest",
            "goal",
            "",
            "samples/s",
            "scrape p99 s",
            "rules missed",
        ]);
        for round in &self.results.rounds {
            let answers = &round.answers;
            let goal = of_round(round);
            table.row([
                round.set.name().to_owned(),
                round.route.name().to_owned(),
                round.clients.to_string(),
                answers.asked.to_string(),
                answers.errors.to_string(),
                seconds(answers.p50),
                seconds(answers.p99),
                seconds(answers.longest),
                goal.wanted.clone(),
                verdict(&goal),
                thousands(Some(round.interval.samples_per_second)),
                seconds(round.interval.scrapes.p99),
                number(Some(round.interval.missed_evaluations)),
            ]);
        }
        if !table.is_empty() {
            writeln!(f, "{table}")?;
        }
        for round in &self.results.rounds {
            if round.gave_up {
                let (set, route) = (round.set.name(), round.route.name());
                writeln!(
                    f,
                    "{set}, {route}, {} clients: given up, and no more clients tried, because the memory of the machine was used up",
                    round.clients
                )?;
            }
            if let Some(reason) = &round.answers.reason {
                let (set, route) = (round.set.name(), round.route.name());
                writeln!(
                    f,
                    "first error of {set}, {route}, {} clients: {reason}",
                    round.clients
                )?;
            }
        }
        Ok(())
    }

    fn write_disk(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steady = &self.results.steady;
        let samples = steady.samples_per_second * steady.seconds;
        writeln!(
            f,
            "write-ahead log: {:.2} bytes a sample",
            steady.log_bytes as f64 / samples
        )?;
        let mut table = Table::new(&["values", "chunks, bytes a sample", "index", "GB a day"]);
        for stored in self.stored() {
            table.row([
                stored.values.name().to_owned(),
                format!("{:.3}", stored.chunks),
                stored
                    .index
                    .map_or_else(String::new, |index| format!("{index:.3}")),
                format!("{:.1}", stored.gb_per_day),
            ]);
        }
        writeln!(f, "{table}")?;
        let Some(restart) = &self.results.restart else {
            return Ok(());
        };
        let block = &restart.block;
        writeln!(
            f,
            "restart: ended in {:.1} s, answered after {:.1} s and {:.1} CPU s, all data planes scraped after {:.0} s\n\
             block of {:.0} s: {} samples of {} series, {} chunks; {:.2} bytes a sample, of which {:.2} chunks; {:.0} bytes of index a series\n\
             from the start until it was cut {:.1} CPU s; peak {} MiB; in the bucket after {:.0} s, {} MiB there; scrape p99 {} s, {} failed",
            restart.end_seconds,
            restart.start_seconds,
            restart.start_cpu_seconds,
            restart.blind_seconds,
            block.seconds,
            block.samples,
            block.series,
            block.chunks,
            block.bytes_per_sample(),
            block.chunk_bytes as f64 / block.samples as f64,
            block.index_bytes as f64 / block.series as f64,
            restart.cpu_seconds,
            mebibytes(restart.peak_memory),
            restart.upload_seconds,
            mebibytes(restart.bucket_bytes),
            seconds(restart.interval.scrapes.p99),
            restart.interval.scrapes.failed,
        )
    }
}

/// Only a round without errors meets its goal.
fn of_round(round: &Round) -> Goal {
    let answers = &round.answers;
    let what = match round.set {
        Set::Pages => "pages".to_owned(),
        Set::Dashboard | Set::Heavy => format!("{} queries", round.set.name()),
    };
    let goal = round.set.goal();
    Goal {
        what: format!("{what} of {}, {} clients, p99", round.route.name(), round.clients),
        found: format!(
            "{} s, {} errors of {}",
            seconds(answers.p99),
            answers.errors,
            answers.asked
        ),
        wanted: format!("{goal} s"),
        is_met: answers.p99 <= goal && answers.errors == 0 && answers.asked > 0 && !round.gave_up,
    }
}

fn verdict(goal: &Goal) -> String {
    if goal.is_met { "met" } else { "MISSED" }.to_owned()
}

fn seconds(figure: f64) -> String {
    if figure < 1.0 {
        format!("{figure:.3}")
    } else {
        format!("{figure:.1}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Results {
            steady,
            traffic,
            collectors,
            least_available,
            failure,
            ..
        } = &self.results;
        writeln!(
            f,
            "{}\ncommit {}, {collectors} collectors\n",
            machine(),
            self.commit
        )?;
        let mut goals = Table::new(&["goal", "found", "wanted", ""]);
        for goal in self.goals() {
            goals.row([
                goal.what.clone(),
                goal.found.clone(),
                goal.wanted.clone(),
                verdict(&goal),
            ]);
        }
        writeln!(f, "{goals}")?;
        self.write_parts(f)?;
        self.write_rounds(f)?;
        writeln!(
            f,
            "nobody asks, {:.0} s: {} scrapes, p50 {} s, p99 {} s, longest {} s; rules: {} evaluations missed, longest {} s",
            steady.seconds,
            steady.scrapes.count,
            seconds(steady.scrapes.p50),
            seconds(steady.scrapes.p99),
            seconds(steady.scrapes.longest),
            steady.missed_evaluations,
            seconds(steady.longest_evaluation),
        )?;
        writeln!(
            f,
            "generator: {} requests, {} points, {} lost, {} not sent; answered {:.1} ms after they were due, p99 {:.0} ms; {} instances replaced",
            traffic.requests,
            thousands(Some(traffic.points as f64)),
            traffic.lost,
            traffic.skipped,
            traffic.p50_ms,
            traffic.p99_ms,
            traffic.replaced,
        )?;
        writeln!(
            f,
            "memory left on the machine: {} MiB at least\n",
            mebibytes(*least_available)
        )?;
        self.write_disk(f)?;
        if let Some(failure) = failure {
            writeln!(f, "\nnot everything was measured: {failure}")?;
        }
        Ok(())
    }
}
