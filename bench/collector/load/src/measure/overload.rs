//! More updates and more series than there is room for: what is still taken, what a refusal costs, how much memory it takes.

use std::time::{Duration, Instant};

use bench_shared::send::Transport;
use bench_shared::usage::Memory;

use super::{Bench, CONNECTIONS, Check, Phase, counters, steady};
use crate::drive::{Bodies, Pace, Sent, now};
use crate::protobuf;
use crate::scrape::{Format, Request, scrape};
use crate::shape::{Herd, Kind};
use crate::subject::{Allowance, BUDGET, Subject};

/// How long new series are sent until all of them must be refused.
const FILLING: Duration = Duration::from_secs(20);

/// Requests that are turned into new series again and again.
const FRESH: usize = 16;

#[derive(Debug, serde::Serialize)]
pub(crate) struct Overload {
    pub(crate) budget_mib: u64,
    pub(crate) create: Phase,
    /// Updates as fast as can be.
    pub(crate) saturating: Phase,
    /// Twice as many as were answered of those.
    pub(crate) twice: Phase,
    /// New series that were taken, until nearly all were refused.
    pub(crate) fresh_accepted: u64,
    pub(crate) new_resources: Flood,
    pub(crate) new_attributes: Flood,
    /// Updates while the flood goes on.
    pub(crate) updates: Sent,
    pub(crate) memory: Memory,
    /// Of the updated series.
    pub(crate) check: Check,
    pub(crate) after_scrape: Memory,
}

/// New series when there is no room for them.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Flood {
    pub(crate) phase: Phase,
    /// CPU time for a point that was not taken; `None` if some were, for they would be counted as well.
    pub(crate) refusal_micros: Option<f64>,
}

impl Bench {
    pub(super) fn overload(&self, name: &str, series: usize, subject: Subject) -> anyhow::Result<Overload> {
        let known = counters(series);
        let start = now();
        let fresh =
            |herd| Bodies::always_new(protobuf::bodies(Kind::Counter, herd, FRESH * 1000, 1000, start));
        let (resources, attributes) = (fresh(Herd::NewResources), fresh(Herd::NewAttributes));
        let running = subject.start(&self.setup, Allowance::Tight, name)?;
        let target = |connections| running.target(Transport::Http, connections);
        let moment = Duration::from_secs(self.times.steady / 2);

        let create = running.phase(&known, target(CONNECTIONS), Pace::Once)?;
        let saturating = running.phase(&known, target(CONNECTIONS), Pace::Saturating(moment))?;
        let answered = saturating.sent.requests as f64 / saturating.sent.seconds;
        let pace = Pace::Rate {
            per_second: 2.0 * answered,
            duration: moment,
        };
        let twice = running.phase(&known, target(4 * CONNECTIONS), pace)?;

        let begin = Instant::now();
        let mut fresh_accepted = 0;
        loop {
            let slice = resources.drive(target(CONNECTIONS), Pace::Saturating(Duration::from_millis(500)))?;
            fresh_accepted += slice.accepted;
            if slice.accepted * 100 < slice.points() || begin.elapsed() > FILLING {
                break;
            }
        }
        let flood = |bodies: &Bodies, what: &str| {
            let profile = self.profile(subject, &format!("{name}-{what}"), &running)?;
            let phase = running.phase(bodies, target(CONNECTIONS), Pace::Saturating(moment))?;
            drop(profile);
            let not_taken = phase.sent.rejected + phase.sent.refused;
            let is_refused = not_taken > 99 * phase.sent.accepted;
            anyhow::Ok(Flood {
                refusal_micros: is_refused.then(|| phase.cpu_seconds * 1e6 / not_taken as f64),
                phase,
            })
        };
        let new_attributes = flood(&attributes, "new-attributes")?;
        let new_resources = flood(&resources, "new-resources")?;

        let updates = std::thread::scope(|scope| {
            let flood = scope.spawn(|| resources.drive(target(CONNECTIONS), Pace::Saturating(moment)));
            let updates = known.drive(target(CONNECTIONS), Pace::Saturating(moment));
            flood.join().expect("driving does not panic")?;
            updates
        })?;
        let memory = running.memory()?;
        let request = Request {
            format: Format::Text,
            gzip: false,
        };
        let seen = scrape(running.data(), request, true)?.and_then(|scraped| scraped.seen);
        let check = match (known.expected(), seen) {
            (Some(expected), Some(seen)) => steady::check(Kind::Counter, Format::Text, &expected, &seen),
            _ => Check::Unknown,
        };
        Ok(Overload {
            budget_mib: BUDGET,
            create,
            saturating,
            twice,
            fresh_accepted,
            new_resources,
            new_attributes,
            updates,
            memory,
            check,
            after_scrape: running.memory()?,
        })
    }
}
