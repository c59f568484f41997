//! What was found, as a table and as JSON.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use bench_shared::figures::{fraction, machine, mean, ratio};
use bench_shared::table::Table;

use crate::measure::Round;

/// All that was measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Report {
    commit: String,
    machine: String,
    rounds: Vec<Round>,
}

impl Report {
    /// An empty one.
    pub(crate) fn new(commit: String) -> Self {
        Self {
            commit,
            machine: machine(),
            rounds: Vec::new(),
        }
    }

    /// One more round.
    pub(crate) fn add(&mut self, round: Round) {
        self.rounds.push(round);
    }

    /// Writes it as JSON.
    pub(crate) fn save(&self, file: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(file, text).with_context(|| format!("failed to write {}", file.display()))
    }
}

/// The means of each case.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}\n", self.commit, self.machine)?;
        let mut table = Table::new(&[
            "files",
            "MiB",
            "verify, GB/s per core",
            "on all cores",
            "GB/s in all",
            "sha256sum",
            "ratio",
            "openssl",
            "ratio",
        ]);
        for rounds in self.rounds.chunk_by(|a, b| a.case == b.case) {
            let speed = |time: fn(&Round) -> Option<f64>| {
                let known: Vec<f64> = rounds
                    .iter()
                    .filter_map(|round| Some(round.bytes as f64 / 1e9 / time(round)?))
                    .collect();
                mean(&known, |&speed| speed)
            };
            let one = speed(|round| Some(round.one.cpu));
            let all = speed(|round| Some(round.all.cpu));
            let wall = speed(|round| Some(round.all.wall));
            let sha256sum = speed(|round| Some(round.sha256sum.cpu));
            let openssl = speed(|round| round.openssl.map(|spent| spent.cpu));
            let first = &rounds[0];
            table.row([
                format!("{}, {}", first.files, first.case),
                (first.bytes >> 20).to_string(),
                fraction(one),
                fraction(all),
                fraction(wall),
                fraction(sha256sum),
                ratio(one, sha256sum),
                fraction(openssl),
                ratio(one, openssl),
            ]);
        }
        write!(f, "{table}")
    }
}
