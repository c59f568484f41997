//! Updates at a rate that both collectors can take: how long they wait for their answers.

use bench_shared::send::Transport;

use super::{Bench, Phase, counters};
use crate::drive::Pace;
use crate::subject::{Allowance, Subject};

/// As many as it takes for no request to wait for another's answer, unless all are slow.
const CONNECTIONS: usize = 10;

#[derive(Debug, serde::Serialize)]
pub(crate) struct Paced {
    pub(crate) points_per_second: f64,
    pub(crate) phase: Phase,
    /// Share of a core.
    pub(crate) cpu: f64,
}

impl Bench {
    pub(super) fn paced(
        &self,
        name: &str,
        series: usize,
        points_per_second: f64,
        subject: Subject,
    ) -> anyhow::Result<Paced> {
        let bodies = counters(series);
        let running = subject.start(&self.setup, Allowance::Ample, name)?;
        let target = running.target(Transport::Http, CONNECTIONS);
        running.create(&bodies, target)?;
        let pace = Pace::Rate {
            per_second: points_per_second / 1000.0,
            duration: self.seconds(),
        };
        let phase = running.phase(&bodies, target, pace)?;
        Ok(Paced {
            points_per_second,
            cpu: phase.cpu_seconds / phase.sent.seconds,
            phase,
        })
    }
}
