use super::*;
use crate::facts::peer::{Clock, Status};
use crate::verdict::Verdict;

const NOW: f64 = 10_000.0;

/// The other box is well.
fn facts() -> Facts {
    Facts {
        at: NOW,
        peer: Some(Peer {
            box_name: "b".to_owned(),
            agent_at: "http://b:8870".to_owned(),
            agent: Ok(Agent::Judging(Status {
                state: "attention".to_owned(),
                summary: "40 checks, 1 to look into (disk-space)".to_owned(),
                age: 8.0,
                version: "0.1.0".to_owned(),
            })),
            prometheus: Ok(Watchdog {
                fires: true,
                heard: None,
            }),
            alertmanager: Ok(Watchdog {
                fires: true,
                heard: Some(40.0),
            }),
            clock: Some(Clock {
                ahead: -0.2,
                give: 0.01,
            }),
            machine: None,
            last_seen: None,
            own_version: "0.1.0",
        }),
        ..Facts::default()
    }
}

/// What the check says after a change.
fn read(id: &str, change: impl FnOnce(&mut Peer)) -> Reading {
    let mut facts = facts();
    change(facts.peer.as_mut().unwrap());
    let check = CHECKS.iter().find(|check| check.id == id).unwrap();
    (check.judge)(&facts)
}

fn status(peer: &mut Peer) -> &mut Status {
    match &mut peer.agent {
        Ok(Agent::Judging(status)) => status,
        other => panic!("{other:?}"),
    }
}

/// Nothing of the box answers.
fn away(machine: Machine, why: &'static str) -> impl Fn(&mut Peer) {
    move |peer| {
        peer.agent = Err(why.to_owned());
        peer.prometheus = Err(why.to_owned());
        peer.alertmanager = Err(why.to_owned());
        peer.clock = None;
        peer.machine = Some(machine.clone());
        peer.last_seen = Some(NOW - 600.0);
    }
}

#[test]
fn all_is_well() {
    for (id, evidence) in [
        ("peer-reachable", "box b answers"),
        ("peer-agent", "it looked 8 s ago"),
        // that it needs attention is its own matter
        ("peer-healthy", "40 checks, 1 to look into (disk-space)"),
        ("peer-prometheus", "Watchdog fires"),
        ("peer-alertmanager", "Watchdog fires"),
        ("peer-clock", "they differ by less than 0.3 s"),
        ("peer-version", "both run 0.1.0"),
    ] {
        assert_eq!(read(id, |_| ()), Reading::ok(evidence), "{id}");
    }
}

#[test]
fn none_of_it_says_that_this_box_is_broken() {
    for check in CHECKS {
        assert_eq!(check.severity, Severity::Advisory, "{}", check.id);
    }
}

#[test]
fn a_box_that_is_off_is_told_from_one_that_refuses() {
    let silent = away(
        Machine::Silent("No route to host (os error 113)".to_owned()),
        "did not answer in time",
    );
    assert_eq!(
        read("peer-reachable", &silent),
        Reading::down(
            "box b is off or cannot be reached from here: http://b:8870: No route to host (os error 113); Prometheus last saw \
             something of it 10 min ago"
        )
    );
    let refuses = away(
        Machine::Refuses,
        "cannot be reached: Connection refused (os error 111)",
    );
    assert_eq!(
        read("peer-reachable", &refuses),
        Reading::down(
            "the machine of box b runs, and nothing of the box does: http://b:8870 refuses connections; Prometheus last saw \
             something of it 10 min ago"
        )
    );
    let listens = away(Machine::Listens, "did not answer in time");
    assert_eq!(
        read("peer-reachable", listens).evidence,
        "the machine of box b takes connections, and nothing of the box answers: its agent did not answer in time; Prometheus \
         last saw something of it 10 min ago"
    );
    // one line says it all
    for check in CHECKS.iter().filter(|check| check.id != "peer-reachable") {
        assert_eq!(
            read(check.id, &silent).verdict,
            Verdict::NotApplicable,
            "{}",
            check.id
        );
    }
}

#[test]
fn an_agent_that_is_gone_is_told_from_one_that_hangs() {
    let reading = read("peer-agent", |peer| {
        peer.agent = Err("cannot be reached: Connection refused (os error 111)".to_owned());
    });
    assert_eq!(
        reading,
        Reading::down("the agent of box b cannot be reached: Connection refused (os error 111)")
    );
    assert_eq!(
        read("peer-agent", |peer| status(peer).age = 400.0),
        Reading::stale("the agent of box b last looked 6 min ago")
    );
    assert_eq!(
        read("peer-agent", |peer| peer.agent = Ok(Agent::Starting)).verdict,
        Verdict::Ok
    );
}

#[test]
fn what_is_broken_over_there_is_told() {
    let reading = read("peer-healthy", |peer| {
        status(peer).state = "broken".to_owned();
        status(peer).summary = "40 checks, 1 broken (prometheus-ready)".to_owned();
    });
    assert_eq!(
        reading,
        Reading::degraded("box b: 40 checks, 1 broken (prometheus-ready)")
    );
}

#[test]
fn a_watchdog_that_is_missing_old_or_cannot_be_asked_for() {
    let silent = Ok(Watchdog {
        fires: false,
        heard: None,
    });
    assert_eq!(
        read("peer-prometheus", |peer| peer.prometheus = silent),
        Reading::down("Prometheus of box b has no Watchdog, which always fires")
    );
    assert_eq!(
        read("peer-prometheus", |peer| peer.prometheus =
            Err("answered 503".to_owned())),
        Reading::down("Prometheus of box b answered 503")
    );
    let old = Ok(Watchdog {
        fires: true,
        heard: Some(700.0),
    });
    assert_eq!(
        read("peer-alertmanager", |peer| peer.alertmanager = old),
        Reading::stale("Alertmanager of box b last heard of Watchdog 11 min ago")
    );
    // by its own clock, which was put back a day
    let reading = read("peer-alertmanager", |peer| {
        peer.alertmanager = Ok(Watchdog {
            fires: true,
            heard: Some(-86_400.0),
        });
    });
    assert_eq!(
        reading,
        Reading::unknown(
            "Alertmanager of box b last heard of Watchdog 1 d 0 h after now: its clock was put back"
        )
    );
}

#[test]
fn clocks_may_differ_by_what_the_way_there_takes() {
    let differ = |ahead, give| read("peer-clock", |peer| peer.clock = Some(Clock { ahead, give }));
    assert_eq!(differ(2.4, 0.5).verdict, Verdict::Ok);
    assert_eq!(
        differ(2.6, 0.5),
        Reading::degraded("box b is 2.6 s ahead of this one")
    );
    assert_eq!(
        differ(-3600.0, 0.5),
        Reading::down("box b is 3600.0 s behind this one")
    );
    assert_eq!(
        read("peer-clock", |peer| peer.clock = None).verdict,
        Verdict::Unknown
    );
}

#[test]
fn versions_differ() {
    assert_eq!(
        read("peer-version", |peer| status(peer).version = "0.2.0".to_owned()),
        Reading::degraded("box b runs 0.2.0, this one 0.1.0")
    );
}
