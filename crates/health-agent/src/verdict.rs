//! What a check can find.

use std::fmt;

use serde::Serialize;

/// What is to be thought of a thing. From good to bad, as they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The box has no such thing.
    NotApplicable,
    /// It is as it should be.
    Ok,
    /// It works, and nobody uses it.
    NoTraffic,
    /// It works, and something about it needs attention.
    Degraded,
    /// Nothing can be said: it could not be asked for reasons that are not its own.
    Unknown,
    /// What it says is old.
    Stale,
    /// It does not work.
    Down,
}

impl Verdict {
    /// Whether nobody has to do anything.
    pub fn is_good(self) -> bool {
        self <= Self::NoTraffic
    }

    /// The word in metrics, JSON and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotApplicable => "not_applicable",
            Self::Ok => "ok",
            Self::NoTraffic => "no_traffic",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.word().replace('_', " "))
    }
}

/// One look at one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// What to think of it.
    pub verdict: Verdict,
    /// What was seen, with names and numbers: a sentence without a full stop.
    pub evidence: String,
}

impl Reading {
    /// Any verdict with what was seen.
    pub fn new(verdict: Verdict, evidence: impl Into<String>) -> Self {
        Self {
            verdict,
            evidence: evidence.into(),
        }
    }

    /// As it should be.
    pub fn ok(evidence: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, evidence)
    }

    /// Works, and nobody uses it.
    pub fn no_traffic(evidence: impl Into<String>) -> Self {
        Self::new(Verdict::NoTraffic, evidence)
    }

    /// Works, and needs attention.
    pub fn degraded(evidence: impl Into<String>) -> Self {
        Self::new(Verdict::Degraded, evidence)
    }

    /// Could not be asked, for reasons that are not its own.
    pub fn unknown(evidence: impl Into<String>) -> Self {
        Self::new(Verdict::Unknown, evidence)
    }

    /// Says what is old.
    pub fn stale(evidence: impl Into<String>) -> Self {
        Self::new(Verdict::Stale, evidence)
    }

    /// Does not work.
    pub fn down(evidence: impl Into<String>) -> Self {
        Self::new(Verdict::Down, evidence)
    }

    /// The box has no such thing.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::new(Verdict::NotApplicable, reason)
    }

    /// The worst of several readings, with the evidence of all that are as bad; `ok` is what to say when none is bad.
    pub fn worst(readings: impl IntoIterator<Item = Self>, ok: impl Into<String>) -> Self {
        let bad: Vec<_> = readings
            .into_iter()
            .filter(|reading| !reading.verdict.is_good())
            .collect();
        let Some(verdict) = bad.iter().map(|reading| reading.verdict).max() else {
            return Self::ok(ok);
        };
        let evidence: Vec<_> = bad.into_iter().map(|reading| reading.evidence).collect();
        Self::new(verdict, evidence.join("; "))
    }
}
