use super::*;
use crate::facts::units::{Service, Unit, Units};

const fn check(category: Category, severity: Severity) -> Check {
    Check {
        id: "a",
        category,
        severity,
        title: "",
        fix: "",
        runbook: None,
        before_start: false,
        judge: |_| Reading::ok(""),
    }
}

static OURS: Check = check(Category::Prometheus, Severity::Required);

#[test]
fn what_is_down_or_stale_is_held_against_it_and_what_is_not_known_is_waited_for() {
    for (verdict, standing) in [
        (Verdict::NotApplicable, None),
        (Verdict::Ok, None),
        (Verdict::NoTraffic, None),
        (Verdict::Degraded, None),
        (Verdict::Unknown, Some(Standing::Waited)),
        (Verdict::Stale, Some(Standing::Against)),
        (Verdict::Down, Some(Standing::Against)),
    ] {
        let reading = Reading::new(verdict, "seen");
        assert_eq!(
            holds_against(&OURS, &reading),
            standing == Some(Standing::Against),
            "{verdict:?}"
        );
        let obstacle = obstacle(&OURS, reading, false);
        assert_eq!(obstacle.map(|it| it.standing), standing, "{verdict:?}");
    }
}

#[test]
fn what_no_generation_causes_is_neither_held_against_it_nor_waited_for() {
    static NOT_OURS: [Check; 4] = [
        check(Category::Host, Severity::Required),
        check(Category::Security, Severity::Required),
        check(Category::Peer, Severity::Required),
        check(Category::DataPlanes, Severity::Required),
    ];
    static ADVICE: Check = check(Category::Prometheus, Severity::Advisory);
    for check in NOT_OURS.iter().chain([&ADVICE]) {
        for reading in [
            Reading::down("dead"),
            Reading::stale("old"),
            Reading::unknown("?"),
        ] {
            assert!(!holds_against(check, &reading), "{check:?}");
            assert!(obstacle(check, reading, true).is_none(), "{check:?}");
        }
    }
}

#[test]
fn a_data_planes_part_in_a_canary_is_waited_for_and_no_more() {
    for id in BY_DATA_PLANES {
        let check = crate::check::all().find(|check| check.id == id).unwrap();
        assert_eq!(check.severity, Severity::Required);
        let obstacle = obstacle(check, Reading::stale("lost"), false).unwrap();
        assert_eq!(obstacle.standing, Standing::Waited, "{id}");
    }
}

#[test]
fn canaries_of_a_young_agent_are_waited_for() {
    let check = crate::check::all()
        .find(|check| check.id == "canary-prometheus")
        .unwrap();
    let standing = |reading, is_young| obstacle(check, reading, is_young).map(|it| it.standing);
    let none = || Reading::no_traffic("none");
    assert_eq!(standing(none(), true), Some(Standing::Waited));
    assert_eq!(standing(none(), false), None, "no collector takes any");
    assert_eq!(standing(Reading::ok(""), true), None);
    // what is not used, and sends no canary
    assert!(obstacle(&OURS, none(), true).is_none());
}

#[test]
fn what_was_red_before_does_not_count() {
    let mut failed = unit(0);
    failed.load = "loaded".to_owned();
    failed.active = "failed".to_owned();
    let facts = with_units(vec![failed]);
    let ids = |red_before: &[&str]| -> Vec<_> {
        let red_before = red_before.iter().map(|&id| id.to_owned()).collect();
        obstacles(&facts, &red_before)
            .into_iter()
            .map(|obstacle| (obstacle.check.id, obstacle.standing))
            .collect()
    };
    assert_eq!(ids(&[]), [("units-active", Standing::Against)]);
    assert_eq!(ids(&["units-active"]), []);
}

#[test]
fn a_prometheus_that_reads_its_wal_says_so() {
    let says = |why: &str| is_starting(Some(&Err(why.to_owned())), None);
    assert!(says("answered 503 Service Unavailable: Service Unavailable"));
    assert!(!says("refused the connection"));
    assert!(!is_starting(Some(&Ok(())), None));
    assert!(!is_prometheus_starting(&Facts::default()));
    for (sub, starting) in [("start", true), ("auto-restart", false)] {
        let mut unit = unit(0);
        unit.name = "prometheus.service".to_owned();
        unit.active = "activating".to_owned();
        unit.sub = sub.to_owned();
        assert_eq!(is_prometheus_starting(&with_units(vec![unit])), starting, "{sub}");
    }
}

#[test]
fn a_service_that_dies_again_and_again_is_seen_in_between() {
    let mut restarts = Restarts::default();
    let mut round = |restarted| {
        let obstacle = restarts.round(&with_units(vec![unit(restarted)]));
        obstacle.map(|it| (it.standing, it.evidence))
    };
    // what was before the gate came
    assert_eq!(round(7), None);
    assert_eq!(round(7), None);
    assert_eq!(
        round(8),
        Some((
            Standing::Waited,
            "a.service was restarted 1 times while the gate waited".to_owned()
        ))
    );
    assert_eq!(round(8), None);
    // started by hand
    assert_eq!(round(0), None);
    assert_eq!(round(1).map(|it| it.0), Some(Standing::Against));
}

fn unit(restarts: u64) -> Unit {
    Unit {
        name: "a.service".to_owned(),
        required: true,
        service: Some(Service {
            restarts,
            ..Service::default()
        }),
        ..Unit::default()
    }
}

fn with_units(units: Vec<Unit>) -> Facts {
    Facts {
        units: Some(Units {
            systemd: Some(Ok(Systemd {
                units,
                ..Systemd::default()
            })),
            ..Units::default()
        }),
        ..Facts::default()
    }
}
