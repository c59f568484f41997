//! `/status`: everything that is held of the box, for programs.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Shared;
use crate::about::ABOUT;
use crate::board::Summary;
use crate::check::{Category, Severity};
use crate::probe::unix_time;
use crate::verdict::Verdict;

/// The answer. Times are Unix seconds, durations seconds.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    #[serde(rename = "box")]
    pub(super) box_name: String,
    /// The agent's.
    pub(super) version: &'static str,
    /// `ok`, `attention` or `broken`.
    pub(super) state: &'static str,
    pub(super) summary: String,
    /// When the newest round was.
    pub(super) at: f64,
    /// How long ago that is: a reader's clock may be another.
    pub(super) age: f64,
    pub(super) checks: Vec<Line>,
}

#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) id: &'static str,
    pub(super) category: Category,
    pub(super) severity: Severity,
    pub(super) title: &'static str,
    pub(super) verdict: Verdict,
    pub(super) level: u8,
    pub(super) evidence: String,
    pub(super) since: f64,
    pub(super) checked_at: f64,
    pub(super) took: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) runbook: Option<&'static str>,
}

/// `None` until the first round is over.
pub(super) fn of(shared: &Shared) -> Option<Status> {
    let board = shared.board();
    let at = board.read_at()?;
    let summary = Summary::of(board.all().map(|(check, held)| (check, held.reading.verdict)));
    let checks = board
        .all()
        .map(|(check, held)| {
            let verdict = held.reading.verdict;
            let advice = check.advice(verdict, &shared.advice);
            Line {
                id: check.id,
                category: check.category,
                severity: check.severity,
                title: check.title,
                verdict,
                level: check.level(verdict),
                evidence: held.reading.evidence.clone(),
                since: held.since,
                checked_at: held.read_at,
                took: board.took(check.category).map(|took| took.as_secs_f64()),
                runbook: check.runbook.filter(|_| advice.is_some()),
                fix: advice,
            }
        })
        .collect();
    Some(Status {
        box_name: shared.box_name.to_string(),
        version: ABOUT.version,
        state: summary.word(),
        summary: summary.line,
        at,
        age: (unix_time() - at).max(0.0),
        checks,
    })
}

pub(super) fn render(shared: &Shared) -> Response {
    match of(shared) {
        Some(status) => Json(status).into_response(),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the first round of checks is not over yet\n",
        )
            .into_response(),
    }
}
