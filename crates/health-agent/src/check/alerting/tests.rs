use std::collections::BTreeMap;

use super::*;
use crate::facts::alerting::{Alerting, Cluster, Groups, Numbers, Silence, Watchdog};
use crate::verdict::Verdict;

const NOW: Timestamp = 1_795_711_000.0;

pub(in crate::check) fn healthy() -> Alerting {
    Alerting {
        alertmanager: Some(Alertmanager {
            ready: Ok(()),
            cluster: Ok(Cluster {
                status: "ready".to_owned(),
                members: vec!["a".to_owned(), "b".to_owned()],
            }),
            expected_members: 2,
            numbers: Ok(Numbers {
                started_at: NOW - 7200.0,
                reload_successful: true,
                config_hash: 15_658_501_938_126.0,
                notifications: Notifications::default(),
            }),
            peer_config_hash: Some(Ok(15_658_501_938_126.0)),
            recent: Some(Ok(Notifications {
                attempted: BTreeMap::from([("webhook".to_owned(), 3.0)]),
                failed: BTreeMap::new(),
            })),
            watchdog: Ok(Some(Watchdog {
                updated_at: NOW - 40.0,
                state: "active".to_owned(),
            })),
            silences: Ok(vec![Silence {
                matchers: "environment=\"qa\"".to_owned(),
                created_by: "ann".to_owned(),
                starts_at: NOW - 3600.0,
                ends_at: NOW + 3600.0,
            }]),
        }),
        pushgateway: Some(Pushgateway {
            ready: Ok(()),
            groups: Ok(Groups {
                count: 1,
                ..Groups::default()
            }),
        }),
        dashboard: Some(Ok(())),
    }
}

/// With one thing changed, one check says so.
fn with(id: &str, change: impl FnOnce(&mut Alerting)) -> (Verdict, String) {
    let mut it = healthy();
    change(&mut it);
    let facts = Facts {
        at: NOW,
        alerting: Some(it),
        ..Facts::default()
    };
    let check = CHECKS.iter().find(|check| check.id == id).unwrap();
    let Reading { verdict, evidence } = (check.judge)(&facts);
    (verdict, evidence)
}

fn with_alertmanager(id: &str, change: impl FnOnce(&mut Alertmanager)) -> (Verdict, String) {
    with(id, |it| change(it.alertmanager.as_mut().unwrap()))
}

fn says(verdict: Verdict, evidence: &str) -> (Verdict, String) {
    (verdict, evidence.to_owned())
}

fn groups_of(it: &mut Alerting) -> &mut Groups {
    it.pushgateway.as_mut().unwrap().groups.as_mut().unwrap()
}

#[test]
fn a_healthy_one_is_ok() {
    for check in CHECKS {
        let (verdict, evidence) = with(check.id, |_| ());
        assert_eq!(verdict, Verdict::Ok, "{}: {evidence}", check.id);
    }
}

#[test]
fn one_that_has_just_started_is_ok() {
    for check in CHECKS {
        let (verdict, evidence) = with(check.id, |it| {
            let alertmanager = it.alertmanager.as_mut().unwrap();
            // Prometheus tells again after a minute, and the evaluation that is due then
            alertmanager.numbers.as_mut().unwrap().started_at = NOW - 90.0;
            alertmanager.recent = Some(Ok(Notifications::default()));
            alertmanager.watchdog = Ok(None);
        });
        assert_eq!(verdict, Verdict::Ok, "{}: {evidence}", check.id);
    }
}

#[test]
fn what_is_not_ready_says_why() {
    let why = || Err("answered 503 Service Unavailable".to_owned());
    assert_eq!(
        with_alertmanager("alertmanager-ready", |it| it.ready = why()),
        says(Verdict::Down, "/-/ready answered 503 Service Unavailable")
    );
    assert_eq!(
        with("pushgateway-ready", |it| it.pushgateway.as_mut().unwrap().ready =
            why()),
        says(Verdict::Down, "/-/ready answered 503 Service Unavailable")
    );
    assert_eq!(
        with("dashboard-ready", |it| it.dashboard = Some(why())),
        says(Verdict::Down, "/readyz answered 503 Service Unavailable")
    );
}

#[test]
fn a_refused_configuration_is_seen() {
    assert_eq!(
        with_alertmanager("alertmanager-config", |it| {
            it.numbers.as_mut().unwrap().reload_successful = false;
        }),
        says(
            Verdict::Down,
            "the last one was refused; the one before is still in force"
        )
    );
}

#[test]
fn a_member_that_is_missing_is_told() {
    assert_eq!(
        with_alertmanager("alertmanager-cluster", |it| {
            it.cluster.as_mut().unwrap().members.pop();
        }),
        says(Verdict::Degraded, "ready, 1 of 2 members: a")
    );
    assert_eq!(
        with_alertmanager("alertmanager-cluster", |it| it.expected_members = 1).0,
        Verdict::NotApplicable
    );
}

#[test]
fn another_configuration_in_the_pair_is_told() {
    assert_eq!(
        with_alertmanager("alertmanager-pair", |it| it.peer_config_hash = Some(Ok(7.0))),
        says(
            Verdict::Degraded,
            "this one has the hash 15658501938126, the peer's 7"
        )
    );
    assert_eq!(
        with_alertmanager("alertmanager-pair", |it| {
            it.peer_config_hash = Some(Err("cannot be reached".to_owned()));
        }),
        says(Verdict::Unknown, "the peer's cannot be reached")
    );
    assert_eq!(
        with_alertmanager("alertmanager-pair", |it| it.peer_config_hash = None).0,
        Verdict::NotApplicable
    );
}

#[test]
fn notifications_that_fail_are_told_with_the_reason() {
    let failed = |reason: &str| BTreeMap::from([(("webhook".to_owned(), reason.to_owned()), 2.0)]);
    let recently = |reason| {
        with_alertmanager("alertmanager-notifications", |it| {
            it.recent.as_mut().unwrap().as_mut().unwrap().failed = failed(reason);
        })
    };
    assert_eq!(
        recently("serverError"),
        says(
            Verdict::Degraded,
            "failed in a quarter of an hour: 2 of 3 by webhook (serverError)"
        )
    );
    assert_eq!(recently("contextCanceled").0, Verdict::Ok);
    // when Prometheus cannot be asked, Alertmanager's own totals speak
    assert_eq!(
        with_alertmanager("alertmanager-notifications", |it| {
            it.recent = Some(Err("cannot be reached".to_owned()));
            it.numbers.as_mut().unwrap().notifications.failed = failed("other");
        }),
        says(
            Verdict::Degraded,
            "failed since its start: 2 of 2 by webhook (other)"
        )
    );
}

#[test]
fn a_watchdog_that_does_not_come_is_told() {
    assert_eq!(
        with_alertmanager("alertmanager-watchdog", |it| it.watchdog = Ok(None)),
        says(Verdict::Down, "the Watchdog, which always fires, is not there")
    );
    let watchdog = |ago: f64, state: &'static str| {
        with_alertmanager("alertmanager-watchdog", |it| {
            it.watchdog = Ok(Some(Watchdog {
                updated_at: NOW - ago,
                state: state.to_owned(),
            }));
        })
    };
    assert_eq!(
        watchdog(200.0, "active"),
        says(Verdict::Stale, "the Watchdog was heard of 3 min ago")
    );
    assert_eq!(
        watchdog(20.0, "suppressed"),
        says(
            Verdict::Degraded,
            "the Watchdog was heard of 20 s ago, and is silenced: nobody hears the heartbeat"
        )
    );
}

#[test]
fn a_silence_for_weeks_is_told() {
    assert_eq!(
        with_alertmanager("alertmanager-silences", |it| {
            it.silences.as_mut().unwrap()[0].ends_at = NOW + 30.0 * 86_400.0;
        }),
        says(
            Verdict::Degraded,
            "longer than a week: {environment=\"qa\"} by ann for 30 d 0 h more"
        )
    );
}

#[test]
fn a_push_that_was_refused_is_told() {
    assert_eq!(
        with("pushgateway-groups", |it| {
            groups_of(it).refused.push("job=\"backup\"".to_owned());
        }),
        says(Verdict::Degraded, "the last push was refused: {job=\"backup\"}")
    );
    assert_eq!(
        with("pushgateway-groups", |it| groups_of(it).nameless = 1),
        says(
            Verdict::Degraded,
            "1 group with a metric of the name labels, which hides whose it is"
        )
    );
}
