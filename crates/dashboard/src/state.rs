//! Judges the state of an environment from what the store knows about it.

#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;

use crate::format::{age, latency, latency_limit, percent};

/// In the order in which cards are sorted: what needs eyes first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// No target answers scrapes, or no request succeeds.
    Down,
    /// An objective is missed, an alert is firing, or a part of the targets is down.
    Degraded,
    /// No sample came for three scrapes, or no data plane is scraped.
    Stale,
    /// The store of all samples does not answer.
    Unknown,
    /// No requests, no metrics of requests, or not yet the two samples that a rate needs.
    Idle,
    Ok,
}

/// What the store knows about one environment. Numbers are finite; one that is not known is None.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    pub(crate) targets: usize,
    /// How many of the targets answered their last scrape.
    pub(crate) targets_up: usize,
    /// Seconds since a target last answered a scrape.
    pub(crate) scrape_age: Option<f64>,
    /// Seconds since the newest sample of requests.
    pub(crate) newest_sample_age: Option<f64>,
    /// Requests per second.
    pub(crate) request_rate: Option<f64>,
    /// Share of failed requests. None without traffic.
    pub(crate) error_ratio: Option<f64>,
    pub(crate) error_limit: Option<f64>,
    /// Seconds. None without traffic.
    pub(crate) latency_p95: Option<f64>,
    pub(crate) latency_limit: Option<f64>,
    /// Shown beside the rest; nothing is judged by it.
    pub(crate) active_requests: Option<f64>,
    /// How many alerts fire.
    pub(crate) firing_alerts: u32,
    /// The name of one of them.
    pub(crate) firing_alert: Option<String>,
}

/// A state, and why: the weightiest reason first, and at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) state: State,
    pub(crate) reasons: Vec<String>,
}

/// Samples are missing when none came for this many scrapes.
const SCRAPES_TO_STALE: u32 = 3;

/// Judges in the order unknown, down, stale, degraded, idle, ok: a later state is only claimed when the earlier ones
/// are ruled out. `facts` is None when the store does not answer; `scrape_interval` is in seconds.
pub(crate) fn judge(facts: Option<&Facts>, scrape_interval: u32) -> Judgement {
    let Some(facts) = facts else {
        return State::Unknown.because("the metrics store does not answer");
    };
    if let Some(reason) = down(facts) {
        return State::Down.because(reason);
    }
    if let Some(reason) = stale(facts, f64::from(SCRAPES_TO_STALE * scrape_interval)) {
        return State::Stale.because(reason);
    }
    let complaints = complaints(facts);
    if !complaints.is_empty() {
        return Judgement {
            state: State::Degraded,
            reasons: complaints,
        };
    }
    match (facts.error_ratio, facts.error_limit) {
        (None, _) if facts.newest_sample_age.is_none() => State::Idle.because("no HTTP metrics yet"),
        (None, _) if facts.request_rate.is_none() => State::Idle.because("rates come with the next scrape"),
        (None, _) => State::Idle.because("no requests"),
        (Some(errors), Some(limit)) => {
            State::Ok.because(format!("{} errors, within {}", percent(errors), percent(limit)))
        }
        (Some(errors), None) => State::Ok.because(format!("{} errors, no objective is set", percent(errors))),
    }
}

fn down(facts: &Facts) -> Option<String> {
    if facts.targets > 0 && facts.targets_up == 0 {
        return Some(match (facts.targets, facts.scrape_age) {
            (1, None) => "its target does not answer scrapes".to_owned(),
            (1, Some(seconds)) => format!("its target has not answered a scrape for {}", age(seconds)),
            (targets, None) => format!("none of its {targets} targets answers scrapes"),
            (targets, Some(seconds)) => {
                format!(
                    "none of its {targets} targets has answered a scrape for {}",
                    age(seconds)
                )
            }
        });
    }
    facts
        .error_ratio
        .filter(|ratio| *ratio >= 1.0)
        .map(|_| "no request succeeds".to_owned())
}

fn stale(facts: &Facts, stale_after: f64) -> Option<String> {
    match (facts.scrape_age, facts.newest_sample_age) {
        (None, _) if facts.targets == 0 => Some("no data plane of it is scraped".to_owned()),
        (None, _) => Some("no samples yet".to_owned()),
        (Some(seconds), _) if facts.targets == 0 => {
            Some(format!("it has not been scraped for {}", age(seconds)))
        }
        (_, Some(seconds)) | (Some(seconds), None) => {
            (seconds > stale_after).then(|| format!("no sample for {}", age(seconds)))
        }
    }
}

fn complaints(facts: &Facts) -> Vec<String> {
    let errors = over(facts.error_ratio, facts.error_limit, percent, percent)
        .map(|(is, over)| format!("{is} errors, {over}"));
    let slow = over(facts.latency_p95, facts.latency_limit, latency, latency_limit)
        .map(|(is, over)| format!("p95 {is}, {over}"));
    let targets = (facts.targets_up < facts.targets).then(|| {
        format!(
            "{} of its {} targets do not answer scrapes",
            facts.targets - facts.targets_up,
            facts.targets
        )
    });
    let alerts = (facts.firing_alerts > 0).then(|| {
        let name = facts.firing_alert.as_deref().unwrap_or("an alert");
        match facts.firing_alerts {
            1 => format!("{name} is firing"),
            2 => format!("{name} and 1 more alert are firing"),
            firing => format!("{name} and {} more alerts are firing", firing - 1),
        }
    });
    [errors, slow, targets, alerts].into_iter().flatten().collect()
}

/// The value as text and what it exceeds, when it exceeds its limit.
fn over(
    value: Option<f64>,
    limit: Option<f64>,
    text: fn(f64) -> String,
    limit_text: fn(f64) -> String,
) -> Option<(String, String)> {
    let (value, limit) = value.zip(limit).filter(|(value, limit)| value > limit)?;
    // rounded to the same text, "20 %, over 20 %" would read like a mistake
    let over = if text(value) == text(limit) {
        "just over"
    } else {
        "over"
    };
    Some((text(value), format!("{over} {}", limit_text(limit))))
}

impl State {
    fn because(self, reason: impl Into<String>) -> Judgement {
        Judgement {
            state: self,
            reasons: vec![reason.into()],
        }
    }
}
