//! All environments at a glance.

mod gather;

pub(crate) use gather::{Findings, gather};

use crate::api::environments::Environment;
use crate::api::overview::{Card, Overview, Sparkline, Store};
use crate::api::panel::PanelName;
use crate::fleet::Member;
use crate::resolution::{Cadence, Resolution, TimeRange, resolve};
use crate::state::{Facts, Judgement, judge};
use crate::verdict::verdict;

/// What was asked, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) range: TimeRange,
    pub(crate) cadence: Cadence,
    /// Unix seconds.
    pub(crate) now: f64,
}

/// Sparklines are about this wide, in CSS pixels.
const SPARKLINE_WIDTH: u32 = 300;

/// The numbers on the cards are averages over at least this many seconds, so that they can be read.
const CALM_WINDOW: u32 = 60;

impl Question {
    pub(crate) fn window(&self) -> u32 {
        self.cadence.window().max(CALM_WINDOW)
    }

    pub(crate) fn sparkline(&self) -> Resolution {
        resolve(self.range, SPARKLINE_WIDTH, self.cadence, self.now)
    }
}

/// The overview of environments that the store told of.
pub(crate) fn compose(question: &Question, members: &[Member], findings: &Findings) -> Overview {
    let judged = members.iter().map(|member| {
        let name = &member.environment.name;
        let newest = findings.newest.get(name).copied();
        let age = |at: Option<f64>| at.map(|at| question.now - at);
        let facts = Facts {
            scrape_age: age(member.scraped_at),
            newest_sample_age: age(newest),
            ..findings.facts(name)
        };
        let judgement = judge(Some(&facts), question.cadence.scrape);
        let values = findings.errors.get(name).cloned();
        (
            card(question, &member.environment, &judgement, newest, facts, values),
            judgement,
        )
    });
    overview(question, judged.collect(), None, findings.warnings.clone())
}

/// The overview when the store does not answer: nothing is known, and nothing is claimed. `error` is to be read after
/// "the metrics store".
pub(crate) fn unknown(question: &Question, environments: &[Environment], error: &str) -> Overview {
    let judged = environments.iter().map(|environment| {
        let judgement = judge(None, question.cadence.scrape);
        (
            card(question, environment, &judgement, None, Facts::default(), None),
            judgement,
        )
    });
    overview(question, judged.collect(), Some(error), Vec::new())
}

fn overview(
    question: &Question,
    mut judged: Vec<(Card, Judgement)>,
    store_error: Option<&str>,
    warnings: Vec<String>,
) -> Overview {
    judged.sort_by_key(|(card, _)| (card.state, card.slot));
    let named: Vec<_> = judged
        .iter()
        .map(|(card, judgement)| (card.name.as_str(), judgement))
        .collect();
    Overview {
        generated_at: question.now,
        range: question.range,
        scrape_interval: question.cadence.scrape,
        window: question.window(),
        store: Store {
            reachable: store_error.is_none(),
            error: store_error.map(|error| format!("the metrics store {error}")),
        },
        verdict: verdict(&named, store_error),
        warnings,
        environments: judged.into_iter().map(|(card, _)| card).collect(),
    }
}

fn card(
    question: &Question,
    environment: &Environment,
    judgement: &Judgement,
    newest_sample_at: Option<f64>,
    facts: Facts,
    values: Option<Vec<Option<f64>>>,
) -> Card {
    let over = question.sparkline();
    Card {
        name: environment.name.clone(),
        data_plane: environment.data_plane.clone(),
        slot: environment.slot,
        state: judgement.state,
        reason: judgement.reasons.join("; "),
        request_rate: facts.request_rate,
        error_ratio: facts.error_ratio,
        error_limit: facts.error_limit,
        latency_p95: facts.latency_p95,
        latency_limit: facts.latency_limit,
        active_requests: facts.active_requests,
        newest_sample_at,
        firing_alerts: facts.firing_alerts,
        sparkline: Sparkline {
            panel: PanelName::ErrorRatio,
            start: over.start,
            step: over.step,
            values: values.unwrap_or_else(|| vec![None; over.points()]),
        },
    }
}
