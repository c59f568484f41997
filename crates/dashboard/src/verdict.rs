//! The state of everything in one sentence.

use crate::state::{Judgement, State};

/// `environments` in the order in which they are to be named; `store_error` when the store does not answer, to be
/// read after "the metrics store".
pub(crate) fn verdict(environments: &[(&str, &Judgement)], store_error: Option<&str>) -> String {
    let count = environments.len();
    if let Some(error) = store_error {
        let environments = match count {
            0 => "everything".to_owned(),
            1 => "1 environment".to_owned(),
            _ => format!("{count} environments"),
        };
        return format!("The metrics store {error}. The state of {environments} is unknown");
    }
    let in_state = |state| {
        environments
            .iter()
            .filter(|(_, judgement)| judgement.state == state)
            .count()
    };
    let healthy = in_state(State::Ok);
    let opening = match (healthy, count) {
        (_, 0) => return "No data plane is scraped yet".to_owned(),
        (_, count) if in_state(State::Idle) == count => "Nothing to judge by".to_owned(),
        (1, 1) => "The only environment is healthy".to_owned(),
        (0, 1) => "The only environment is not healthy".to_owned(),
        (2, 2) => "Both environments are healthy".to_owned(),
        (healthy, count) if healthy == count => format!("All {count} environments are healthy"),
        (0, count) => format!("None of {count} environments is healthy"),
        (1, count) => format!("1 of {count} environments is healthy"),
        (healthy, count) => format!("{healthy} of {count} environments are healthy"),
    };
    std::iter::once(opening)
        .chain(complaints(environments))
        .collect::<Vec<_>>()
        .join(". ")
}

/// What is to be said of the environments that are not healthy. Neighbours with the same complaint share it.
fn complaints(environments: &[(&str, &Judgement)]) -> Vec<String> {
    let reason = |judgement: &Judgement| judgement.reasons.first().cloned().unwrap_or_default();
    let complaining: Vec<_> = environments
        .iter()
        .filter(|(_, judgement)| judgement.state != State::Ok)
        .map(|(name, judgement)| (*name, reason(judgement)))
        .collect();
    complaining
        .chunk_by(|(_, one), (_, other)| one == other)
        .map(|same| {
            let names: Vec<_> = same.iter().map(|(name, _)| *name).collect();
            format!("{}: {}", listed(&names), same[0].1)
        })
        .collect()
}

/// `prod, dev and qa`
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(environments: &[(&str, State, &str)], store_error: Option<&str>, expected: &str) {
        let judged: Vec<_> = environments
            .iter()
            .map(|(name, state, reason)| {
                (
                    *name,
                    Judgement {
                        state: *state,
                        reasons: vec![(*reason).to_owned()],
                    },
                )
            })
            .collect();
        let judged: Vec<_> = judged
            .iter()
            .map(|(name, judgement)| (*name, judgement))
            .collect();
        assert_eq!(verdict(&judged, store_error), expected);
    }

    #[test]
    fn sentences() {
        let (prod, dev) = (("prod", State::Ok, "fine"), ("dev", State::Ok, "fine"));
        let qa = ("qa", State::Degraded, "23 % errors, over 20 %");
        let still = ("dev", State::Idle, "no requests");
        check(&[], None, "No data plane is scraped yet");
        check(&[prod], None, "The only environment is healthy");
        check(&[prod, dev], None, "Both environments are healthy");
        check(
            &[prod, dev, ("qa", State::Ok, "")],
            None,
            "All 3 environments are healthy",
        );
        check(
            &[qa, prod, dev],
            None,
            "2 of 3 environments are healthy. qa: 23 % errors, over 20 %",
        );
        check(
            &[qa, still, prod],
            None,
            "1 of 3 environments is healthy. qa: 23 % errors, over 20 %. dev: no requests",
        );
        check(
            &[qa],
            None,
            "The only environment is not healthy. qa: 23 % errors, over 20 %",
        );
        check(
            &[qa, still],
            None,
            "None of 2 environments is healthy. qa: 23 % errors, over 20 %. dev: no requests",
        );
        let quiet = ("prod", State::Idle, "no requests");
        check(
            &[quiet, still],
            None,
            "Nothing to judge by. prod and dev: no requests",
        );
        check(
            &[
                quiet,
                still,
                ("qa", State::Idle, "rates come with the next scrape"),
            ],
            None,
            "Nothing to judge by. prod and dev: no requests. qa: rates come with the next scrape",
        );
        let unknown = ("prod", State::Unknown, "");
        check(
            &[unknown, unknown],
            Some("did not answer within 2s"),
            "The metrics store did not answer within 2s. The state of 2 environments is unknown",
        );
    }
}
