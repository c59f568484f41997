//! Answers the API's questions: from the cache, or from the store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::try_join;

use crate::api::environments::{Environment, Environments};
use crate::api::overview::Overview;
use crate::api::panel::{Panel, PanelName};
use crate::api::problem::{Code, Problem};
use crate::cache::{Cache, Fresh};
use crate::fleet::{Member, Roster};
use crate::overview::{self, Question, compose, gather};
use crate::panels;
use crate::queries;
use crate::resolution::{Cadence, Resolution, TimeRange, resolve};
use crate::upstream::{Upstream, UpstreamError};

/// Cheap to clone: clones share the caches.
#[derive(Clone)]
pub(crate) struct Answers(Arc<Inner>);

struct Inner {
    upstream: Upstream,
    cadence: Cadence,
    roster: Roster,
    /// The time in Unix seconds.
    clock: fn() -> f64,
    /// By the same clock.
    started: f64,
    fleet: Cache<(), Vec<Member>, UpstreamError>,
    overviews: Cache<TimeRange, Overview, UpstreamError>,
    panels: Cache<PanelKey, Panel, UpstreamError>,
    /// The environments that the store named last.
    known: Mutex<Option<Vec<Environment>>>,
}

type PanelKey = (PanelName, String, Resolution);

/// What viewers may choose as the time between two refreshes, in seconds.
const REFRESHES: [u32; 4] = [0, 10, 30, 60];

/// All panels of 25 environments at 5 widths or ranges; some 10 MiB at most.
const MAX_PANELS: usize = 512;

/// How long an answer is kept while an environment or its first sample is missing, as long as the box is new: it shows
/// each of them as soon as it is there.
const INCOMPLETE: Duration = Duration::from_secs(1);

/// How long after its start a box is new, in seconds. What is missing then will not be there in a moment.
const NEW: f64 = 120.0;

impl Answers {
    pub(crate) fn new(upstream: Upstream, cadence: Cadence, roster: Roster, clock: fn() -> f64) -> Self {
        Self(Arc::new(Inner {
            upstream,
            cadence,
            roster,
            clock,
            started: clock(),
            fleet: Cache::new("fleet", 1),
            overviews: Cache::new("overview", TimeRange::ALL.len()),
            panels: Cache::new("panel", MAX_PANELS),
            known: Mutex::new(None),
        }))
    }

    /// The state of everything. That the store does not answer is an answer too; that we are too busy to ask is none.
    pub(crate) async fn overview(&self, range: TimeRange) -> Result<Arc<Overview>, Problem> {
        let question = Question {
            range,
            cadence: self.0.cadence,
            now: (self.0.clock)(),
        };
        // half a scrape: the age of the newest sample stays well below what counts as stale
        let keep = Duration::from_secs(u64::from(self.0.cadence.scrape)) / 2;
        let this = self.clone();
        let made = self.0.overviews.get(range, async move {
            let (members, findings) = try_join!(this.fleet(), gather(&this.0.upstream, &question))?;
            let overview = compose(&question, &members, &findings);
            let complete = this.0.roster.complete(&members)
                && overview
                    .environments
                    .iter()
                    .all(|card| card.newest_sample_at.is_some());
            let keep = lifetime(keep, complete, question.now - this.0.started);
            Ok(Fresh {
                keep: overview.warnings.is_empty().then_some(keep),
                value: overview,
            })
        });
        match made.await {
            Ok(overview) => Ok(overview),
            Err(busy @ UpstreamError::Busy) => Err(busy.into()),
            Err(error) => Ok(Arc::new(overview::unknown(
                &question,
                &self.known(),
                &error.to_string(),
            ))),
        }
    }

    pub(crate) async fn environments(&self) -> Environments {
        let environments = match self.fleet().await {
            Ok(members) => members.iter().map(|member| member.environment.clone()).collect(),
            Err(_) => self.known(),
        };
        Environments {
            environments,
            ranges: TimeRange::ALL.to_vec(),
            refreshes: REFRESHES.to_vec(),
        }
    }

    pub(crate) async fn panel(
        &self,
        name: PanelName,
        environment: &str,
        range: TimeRange,
        width: u32,
    ) -> Result<Arc<Panel>, Problem> {
        let members = self.fleet().await?;
        let environment = members
            .iter()
            .map(|member| &member.environment.name)
            .find(|name| *name == environment)
            .cloned()
            .ok_or_else(|| unknown_environment(environment, &members))?;
        let now = (self.0.clock)();
        let over = resolve(range, width, self.0.cadence, now);
        let keep = Duration::from_secs(u64::from(self.0.cadence.scrape));
        let this = self.clone();
        let made = self.0.panels.get((name, environment.clone(), over), async move {
            let panel = panels::panel(&this.0.upstream, name, &environment, over, now).await?;
            Ok(Fresh {
                keep: panel.warnings.is_empty().then_some(keep),
                value: panel,
            })
        });
        Ok(made.await?)
    }

    async fn fleet(&self) -> Result<Arc<Vec<Member>>, UpstreamError> {
        let this = self.clone();
        let made = self.0.fleet.get((), async move {
            let now = (this.0.clock)();
            let answer = this.0.upstream.instant(&queries::fleet(), now).await?;
            let members = this.0.roster.members(&answer.result);
            let environments = members.iter().map(|member| member.environment.clone()).collect();
            *this.0.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(environments);
            let keep = Duration::from_secs(u64::from(this.0.cadence.scrape));
            let keep = lifetime(keep, this.0.roster.complete(&members), now - this.0.started);
            Ok(Fresh {
                keep: answer.warnings.is_empty().then_some(keep),
                value: members,
            })
        });
        made.await
    }

    /// The environments that the store named last, or else those that are expected.
    fn known(&self) -> Vec<Environment> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone().unwrap_or_else(|| self.0.roster.expected())
    }
}

/// For how long an answer may serve others, `uptime` seconds after the start.
fn lifetime(usual: Duration, complete: bool, uptime: f64) -> Duration {
    if complete || !(0.0..NEW).contains(&uptime) {
        usual
    } else {
        usual.min(INCOMPLETE)
    }
}

fn unknown_environment(name: &str, members: &[Member]) -> Problem {
    let names: Vec<_> = members
        .iter()
        .map(|member| member.environment.name.as_str())
        .collect();
    let hint = match names.as_slice() {
        [] => "no data plane is scraped yet: name one in the scrape targets of the metrics store".to_owned(),
        names => format!("use one of {}", names.join(", ")),
    };
    Problem::new(
        Code::UnknownEnvironment,
        format!("there is no environment named {name:?}"),
        hint,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_incomplete_is_asked_for_anew_only_while_the_box_is_new() {
        let usual = Duration::from_secs(5);
        let rows = [
            (true, 0.0, usual),
            (false, 0.0, INCOMPLETE),
            (false, 119.9, INCOMPLETE),
            (false, 120.0, usual),
            (false, 86_400.0, usual),
            // a clock that was set back
            (false, -3600.0, usual),
        ];
        for (complete, uptime, expected) in rows {
            assert_eq!(lifetime(usual, complete, uptime), expected, "{complete} {uptime}");
        }
    }
}
