//! The verdicts as metrics.

use metrics::{Unit, describe_gauge, gauge};

use crate::board::{Board, Change};
use crate::check::Check;
use crate::verdict::Verdict;

const CHECK: &str = "signalbox_check";
const LAST_READ: &str = "signalbox_check_timestamp_seconds";
const DURATION: &str = "signalbox_check_duration_seconds";
const SINCE: &str = "signalbox_check_since_timestamp_seconds";

pub(super) fn describe() {
    describe_gauge!(
        CHECK,
        "What is to be thought of a thing that must hold: 0 well, 1 needs attention, 2 broken"
    );
    describe_gauge!(
        LAST_READ,
        Unit::Seconds,
        "When the check was last made, in Unix time"
    );
    describe_gauge!(SINCE, Unit::Seconds, "Since when its verdict holds, in Unix time");
    describe_gauge!(
        DURATION,
        Unit::Seconds,
        "How long it took to find the check's facts"
    );
}

/// A check that does not apply any more, as those of a peer that is away, is no alarm.
pub(super) fn record(board: &Board, changes: &[Change]) {
    for change in changes {
        if change.transition.from.is_some() && change.transition.to == Verdict::NotApplicable {
            gauge!(CHECK, &labels(change.check)).set(0.0);
        }
    }
    for (check, held) in board.all() {
        gauge!(CHECK, &labels(check)).set(f64::from(check.level(held.reading.verdict)));
        gauge!(LAST_READ, "id" => check.id).set(held.read_at);
        gauge!(SINCE, "id" => check.id).set(held.since);
        if let Some(took) = board.took(check.category) {
            gauge!(DURATION, "id" => check.id).set(took.as_secs_f64());
        }
    }
}

fn labels(check: &Check) -> [(&'static str, &'static str); 3] {
    [
        ("id", check.id),
        ("category", check.category.word()),
        ("severity", check.severity.word()),
    ]
}
