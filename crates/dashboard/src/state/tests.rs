use super::*;

/// An environment in the best of health.
fn healthy() -> Facts {
    Facts {
        targets: 1,
        targets_up: 1,
        scrape_age: Some(4.0),
        newest_sample_age: Some(4.0),
        request_rate: Some(50.0),
        error_ratio: Some(0.001_2),
        error_limit: Some(0.05),
        latency_p95: Some(0.086),
        latency_limit: Some(1.0),
        active_requests: Some(3.0),
        firing_alerts: 0,
        firing_alert: None,
    }
}

fn idle() -> Facts {
    Facts {
        request_rate: Some(0.0),
        error_ratio: None,
        latency_p95: None,
        ..healthy()
    }
}

#[track_caller]
fn check(facts: Facts, state: State, reasons: &[&str]) {
    let found = judge(Some(&facts), 10);
    let found_reasons: Vec<_> = found
        .reasons
        .iter()
        .map(|reason| reason.replace('\u{202f}', " "))
        .collect();
    assert_eq!(
        (found.state, found_reasons),
        (state, reasons.iter().map(ToString::to_string).collect()),
        "{facts:?}"
    );
}

#[test]
fn unknown_without_a_store() {
    let found = judge(None, 10);
    assert_eq!((found.state, found.reasons.len()), (State::Unknown, 1));
}

#[test]
fn ok() {
    check(healthy(), State::Ok, &["0.12 % errors, within 5 %"]);
    check(
        Facts {
            error_limit: None,
            ..healthy()
        },
        State::Ok,
        &["0.12 % errors, no objective is set"],
    );
    // exactly what the objective allows is allowed
    check(
        Facts {
            error_ratio: Some(0.05),
            ..healthy()
        },
        State::Ok,
        &["5 % errors, within 5 %"],
    );
    check(
        Facts {
            newest_sample_age: Some(30.0),
            ..healthy()
        },
        State::Ok,
        &["0.12 % errors, within 5 %"],
    );
}

#[test]
fn idle_is_neither_good_nor_bad() {
    check(idle(), State::Idle, &["no requests"]);
    check(
        Facts {
            request_rate: None,
            ..idle()
        },
        State::Idle,
        &["rates come with the next scrape"],
    );
    // whatever a rate may wait for: a service without metrics will not have one with the next scrape
    check(
        Facts {
            newest_sample_age: None,
            request_rate: None,
            ..idle()
        },
        State::Idle,
        &["no HTTP metrics yet"],
    );
}

#[test]
fn degraded_names_every_reason() {
    check(
        Facts {
            error_ratio: Some(0.231),
            error_limit: Some(0.2),
            ..healthy()
        },
        State::Degraded,
        &["23.1 % errors, over 20 %"],
    );
    check(
        Facts {
            error_ratio: Some(0.200_001),
            error_limit: Some(0.2),
            ..healthy()
        },
        State::Degraded,
        &["20 % errors, just over 20 %"],
    );
    check(
        Facts {
            latency_p95: Some(1.9),
            ..healthy()
        },
        State::Degraded,
        &["p95 1.90 s, over 1 s"],
    );
    check(
        Facts {
            latency_p95: Some(1.001),
            ..healthy()
        },
        State::Degraded,
        &["p95 1.00 s, just over 1 s"],
    );
    check(
        Facts {
            targets: 3,
            targets_up: 2,
            ..healthy()
        },
        State::Degraded,
        &["1 of its 3 targets do not answer scrapes"],
    );
    let alert = Some("HighErrorRate".to_owned());
    check(
        Facts {
            firing_alerts: 1,
            firing_alert: alert.clone(),
            ..idle()
        },
        State::Degraded,
        &["HighErrorRate is firing"],
    );
    check(
        Facts {
            error_ratio: Some(0.5),
            latency_p95: Some(64.2),
            firing_alerts: 3,
            firing_alert: alert,
            ..healthy()
        },
        State::Degraded,
        &[
            "50 % errors, over 5 %",
            "p95 1 m 04 s, over 1 s",
            "HighErrorRate and 2 more alerts are firing",
        ],
    );
}

#[test]
fn stale_wins_over_degraded() {
    let errors = Some(0.9);
    check(
        Facts {
            newest_sample_age: Some(30.1),
            error_ratio: errors,
            ..healthy()
        },
        State::Stale,
        &["no sample for 30 s"],
    );
    check(
        Facts {
            scrape_age: Some(31.0),
            newest_sample_age: None,
            ..healthy()
        },
        State::Stale,
        &["no sample for 31 s"],
    );
    check(
        Facts {
            scrape_age: None,
            newest_sample_age: None,
            ..healthy()
        },
        State::Stale,
        &["no samples yet"],
    );
}

#[test]
fn what_is_not_scraped_is_not_healthy() {
    check(
        Facts {
            scrape_age: Some(250.0),
            firing_alerts: 1,
            ..Facts::default()
        },
        State::Stale,
        &["it has not been scraped for 4 m 10 s"],
    );
    check(
        Facts::default(),
        State::Stale,
        &["no data plane of it is scraped"],
    );
}

#[test]
fn down_wins_over_stale() {
    check(
        Facts {
            targets_up: 0,
            scrape_age: Some(250.0),
            ..healthy()
        },
        State::Down,
        &["its target has not answered a scrape for 4 m 10 s"],
    );
    check(
        Facts {
            targets: 2,
            targets_up: 0,
            scrape_age: None,
            ..idle()
        },
        State::Down,
        &["none of its 2 targets answers scrapes"],
    );
    check(
        Facts {
            error_ratio: Some(1.0),
            newest_sample_age: Some(40.0),
            ..healthy()
        },
        State::Down,
        &["no request succeeds"],
    );
}

#[test]
fn what_needs_eyes_first_sorts_first() {
    use State::{Degraded, Down, Idle, Ok, Stale, Unknown};
    let mut states = [Ok, Idle, Unknown, Stale, Degraded, Down];
    states.sort();
    assert_eq!(states, [Down, Degraded, Stale, Unknown, Idle, Ok]);
}
