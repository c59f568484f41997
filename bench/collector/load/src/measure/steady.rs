//! Series are made, updated as fast as can be, checked and scraped.

use std::time::{Duration, Instant};

use bench_shared::usage::{self, Memory};

use super::{Bench, CONNECTIONS, Check, Phase, Unsupported, bodies};
use crate::body::Totals;
use crate::cases;
use crate::drive::Pace;
use crate::profile::Profile;
use crate::scrape::{Format, Request, Seen, scrape};
use crate::shape::Kind;
use crate::subject::{Allowance, Running, Subject};

/// Scrapes of one format at most.
const MAX_SCRAPES: usize = 30;

#[derive(Debug, serde::Serialize)]
pub(crate) struct Steady {
    pub(crate) create: Phase,
    pub(crate) updates: Phase,
    pub(crate) idle: Memory,
    /// After the updates, before any scrape.
    pub(crate) updated: Memory,
    pub(crate) scraped: Memory,
    /// Resident, without what the collector had when it was idle.
    pub(crate) bytes_per_series: f64,
    pub(crate) scrapes: Vec<Scrapes>,
}

/// Scrapes of one format.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Scrapes {
    pub(crate) request: Request,
    /// `None` if the format is not offered.
    pub(crate) measured: Option<Measured>,
}

#[derive(Debug, serde::Serialize)]
pub(crate) struct Measured {
    pub(crate) check: Check,
    pub(crate) bytes: u64,
    pub(crate) scrapes: usize,
    /// Of one scrape.
    pub(crate) cpu_seconds: f64,
    /// The median of all, and the longest.
    pub(crate) wall_seconds: f64,
    pub(crate) longest_seconds: f64,
}

impl Bench {
    pub(super) fn steady(
        &self,
        name: &str,
        case: &cases::Steady,
        subject: Subject,
    ) -> anyhow::Result<Result<Steady, Unsupported>> {
        let bodies = bodies(case.kind, case.series, case.batch, case.transport);
        let running = subject.start(&self.setup, Allowance::Ample, name)?;
        let target = running.target(case.transport, CONNECTIONS);
        let create = running.phase(&bodies, target, Pace::Once)?;
        if create.sent.accepted == 0 {
            let reason = create
                .sent
                .reason
                .unwrap_or_else(|| "it accepts nothing".to_owned());
            return Ok(Err(Unsupported(reason)));
        }
        let updates = {
            let _profile = self.profile(subject, &format!("{name}-steady"), &running)?;
            running.phase(&bodies, target, Pace::Saturating(self.seconds()))?
        };
        let updated = running.memory()?;
        let expected = bodies.expected();
        let scrapes = case.scrapes.iter().map(|request| {
            let what = format!(
                "{name}-{}{}",
                request.format.name(),
                if request.gzip { "-gzip" } else { "" }
            );
            let profile = || self.profile(subject, &what, &running);
            let measured = self.scrapes(&running, *request, case.kind, expected, profile)?;
            anyhow::Ok(Scrapes {
                request: *request,
                measured,
            })
        });
        let scrapes = scrapes.collect::<Result<_, _>>()?;
        let grown = updated.now.saturating_sub(running.idle.now);
        Ok(Ok(Steady {
            create,
            updates,
            idle: running.idle,
            updated,
            scraped: running.memory()?,
            bytes_per_series: grown as f64 / case.series as f64,
            scrapes,
        }))
    }

    /// The first scrape is looked at, those that follow are only read.
    fn scrapes(
        &self,
        running: &Running,
        request: Request,
        kind: Kind,
        expected: Option<Totals>,
        profile: impl Fn() -> anyhow::Result<Option<Profile>>,
    ) -> anyhow::Result<Option<Measured>> {
        let begin = Instant::now();
        let budget = Duration::from_secs(self.times.scrapes);
        let before = usage::settled_cpu(running.process())?;
        let Some(first) = scrape(running.data(), request, true)? else {
            return Ok(None);
        };
        let mut cpu_seconds = usage::settled_cpu(running.process())? - before;
        let mut walls = vec![first.wall];
        if begin.elapsed() < budget {
            let _profile = profile()?;
            let before = usage::cpu(running.process())?;
            walls.clear();
            while walls.is_empty() || (begin.elapsed() < budget && walls.len() < MAX_SCRAPES) {
                walls.extend(scrape(running.data(), request, false)?.map(|scraped| scraped.wall));
            }
            cpu_seconds = (usage::settled_cpu(running.process())? - before) / walls.len() as f64;
        }
        walls.sort_unstable();
        let seen = first.seen.unwrap_or_default();
        Ok(Some(Measured {
            check: expected.map_or(Check::Unknown, |expected| {
                check(kind, request.format, &expected, &seen)
            }),
            bytes: first.bytes,
            scrapes: walls.len(),
            cpu_seconds,
            wall_seconds: walls[walls.len() / 2].as_secs_f64(),
            longest_seconds: walls[walls.len() - 1].as_secs_f64(),
        }))
    }
}

/// Whether what was seen is what was accepted.
pub(super) fn check(kind: Kind, format: Format, expected: &Totals, seen: &Seen) -> Check {
    let mut found = seen.totals;
    // which buckets an exponential histogram is shown with is the collector's choice, if it is not shown as it is
    if kind == Kind::Exponential {
        found.buckets = expected.buckets;
    }
    let native_adds_up =
        kind != Kind::Exponential || format != Format::Protobuf || seen.native == expected.count;
    if found == *expected && native_adds_up && seen.is_whole {
        Check::Exact
    } else {
        Check::Wrong(format!("{seen:?} instead of {expected:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_exact() {
        let expected = Totals {
            series: 2,
            count: 9,
            sum: 1.5,
            ..Totals::default()
        };
        let seen = Seen {
            totals: expected,
            native: 9,
            is_whole: true,
        };
        let check = |kind, format, seen| check(kind, format, &expected, &seen) == Check::Exact;
        assert!(check(Kind::Histogram, Format::Text, seen));
        assert!(check(Kind::Exponential, Format::Protobuf, seen));
        let incomplete = Seen {
            is_whole: false,
            ..seen
        };
        assert!(!check(Kind::Histogram, Format::Text, incomplete));
        let other = Seen { native: 8, ..seen };
        assert!(!check(Kind::Exponential, Format::Protobuf, other));
        assert!(check(Kind::Exponential, Format::Text, other));
        let mut other = seen;
        other.totals.buckets = 1;
        assert!(!check(Kind::Histogram, Format::Text, other));
    }
}
