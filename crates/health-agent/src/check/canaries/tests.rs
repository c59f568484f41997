use super::*;
use crate::check;
use crate::facts::canaries::{DataPlane, Sent};

const NOW: Timestamp = 10_000.0;

/// Two data planes, all of it well.
fn facts() -> Facts {
    let sent = |at| Sent {
        taken_at: Some(at),
        refusal: None,
    };
    let plane = |name: &str, at| DataPlane {
        environment: name.to_owned(),
        id: format!("dp-{name}-01"),
        collector: format!("http://{name}:4318"),
        sent: sent(at),
    };
    let newest = |name: &str, sent_at| Newest {
        environment: name.to_owned(),
        data_plane_id: format!("dp-{name}-01"),
        sent_at,
    };
    Facts {
        at: NOW,
        canaries: Some(Canaries {
            max_age: 120.0,
            sender: Ok(Sender {
                started_at: 1000.0,
                collectors: vec![sent(NOW - 3.0), sent(NOW - 4.0)],
                alert: Some(Alert {
                    taken_at: Some(NOW - 20.0),
                    returned_at: Some(NOW - 20.0),
                    ..Alert::default()
                }),
            }),
            data_planes: vec![plane("prod", NOW - 3.0), plane("dev", NOW - 4.0)],
            prometheus: Some(Ok(vec![newest("dev", NOW - 14.0), newest("prod", NOW - 13.0)])),
            thanos: Some(Ok(vec![newest("dev", NOW - 24.0), newest("prod", NOW - 23.0)])),
            alerts: true,
        }),
        ..Facts::default()
    }
}

/// What the check says after a change.
fn read(id: &str, change: impl FnOnce(&mut Canaries)) -> Reading {
    let mut facts = facts();
    change(facts.canaries.as_mut().unwrap());
    check::reading(id, &facts)
}

fn sender(canaries: &mut Canaries) -> &mut Sender {
    canaries.sender.as_mut().unwrap()
}

fn test_alert(canaries: &mut Canaries) -> &mut Alert {
    sender(canaries).alert.as_mut().unwrap()
}

fn no_agent(canaries: &mut Canaries) {
    canaries.sender = Err("cannot be reached: Connection refused (os error 111)".to_owned());
}

#[test]
fn all_is_well() {
    for (id, evidence) in [
        ("canary-agent", "sending for 2 h 30 min"),
        ("canary-collector", "taken by 2 data planes"),
        ("canary-prometheus", "there of 2 data planes"),
        ("canary-thanos", "there of 2 data planes"),
        ("canary-alert", "the one of 20 s ago came back"),
    ] {
        assert_eq!(read(id, |_| ()), Reading::ok(evidence), "{id}");
    }
}

#[test]
fn right_after_the_start_nothing_is_missed() {
    for id in [
        "canary-collector",
        "canary-prometheus",
        "canary-thanos",
        "canary-alert",
    ] {
        let reading = read(id, |canaries| {
            sender(canaries).started_at = NOW - 60.0;
            *test_alert(canaries) = Alert::default();
            canaries.prometheus = Some(Ok(vec![]));
            canaries.thanos = Some(Ok(vec![]));
            if id == "canary-collector" {
                canaries.data_planes[0].sent = Sent::default();
            }
        });
        assert_eq!(reading.verdict, Verdict::NoTraffic, "{id}: {}", reading.evidence);
    }
}

#[test]
fn an_agent_that_does_not_run_is_named() {
    assert_eq!(
        read("canary-agent", no_agent),
        Reading::down("the agent cannot be reached: Connection refused (os error 111)")
    );
    // what it alone can see is not judged
    assert_eq!(read("canary-alert", no_agent).verdict, Verdict::NotApplicable);
    // and what is old is so for lack of it
    let reading = read("canary-prometheus", |canaries| {
        no_agent(canaries);
        canaries.data_planes[0].sent.taken_at = Some(NOW);
        let newest = canaries.prometheus.as_mut().unwrap().as_mut().unwrap();
        newest[1].sent_at = NOW - 1200.0;
    });
    assert_eq!(
        reading,
        Reading::degraded(
            "dp-prod-01: the newest at Prometheus was sent 20 min ago, and no agent is sending"
        )
    );
}

#[test]
fn a_collector_that_refuses_is_named_once_the_last_one_is_old() {
    let refused = |age: f64| {
        move |canaries: &mut Canaries| {
            canaries.data_planes[1].sent = Sent {
                taken_at: Some(NOW - age),
                refusal: Some("answered 401 Unauthorized: a token is needed".to_owned()),
            };
        }
    };
    assert_eq!(read("canary-collector", refused(30.0)).verdict, Verdict::Ok);
    assert_eq!(
        read("canary-collector", refused(180.0)),
        Reading::down(
            "dp-dev-01: the collector at http://dev:4318 answered 401 Unauthorized: a token is needed; it took the last \
             one 3 min ago"
        )
    );
    // what follows is not to blame
    let reading = read("canary-prometheus", |canaries| {
        refused(180.0)(canaries);
        canaries.prometheus.as_mut().unwrap().as_mut().unwrap()[0].sent_at = NOW - 190.0;
    });
    assert_eq!(reading, Reading::ok("there of 1 data plane"));
}

#[test]
fn a_collector_that_never_took_one_is_down() {
    let reading = read("canary-collector", |canaries| {
        canaries.data_planes[0].sent = Sent {
            taken_at: None,
            refusal: Some("did not answer in time".to_owned()),
        };
    });
    assert_eq!(
        reading,
        Reading::down("dp-prod-01: the collector at http://prod:4318 did not answer in time")
    );
}

#[test]
fn what_was_taken_and_does_not_arrive_is_stale() {
    let reading = read("canary-prometheus", |canaries| {
        canaries.prometheus.as_mut().unwrap().as_mut().unwrap()[1].sent_at = NOW - 300.0;
    });
    assert_eq!(
        reading,
        Reading::stale("dp-prod-01: the newest at Prometheus was sent 5 min ago")
    );
    let reading = read("canary-thanos", |canaries| canaries.thanos = Some(Ok(vec![])));
    assert_eq!(
        reading,
        Reading::stale(
            "dp-prod-01: Thanos has had none for an hour; dp-dev-01: Thanos has had none for an hour"
        )
    );
}

#[test]
fn what_another_machine_keeps_to_itself_is_not_this_boxs_fault() {
    fn lose(newest: &mut Option<Answer<Vec<Newest>>>) {
        newest.as_mut().unwrap().as_mut().unwrap().pop();
    }
    let elsewhere = |id: &str, change: fn(&mut Canaries)| {
        let mut facts = facts();
        let mut collector = check::data_planes::tests::collector("prod");
        collector.is_local = false;
        facts.data_planes = Some(crate::facts::data_planes::DataPlanes {
            collectors: vec![collector],
        });
        change(facts.canaries.as_mut().unwrap());
        check::reading(id, &facts)
    };
    let nowhere = |canaries: &mut Canaries| {
        lose(&mut canaries.prometheus);
        lose(&mut canaries.thanos);
    };
    assert_eq!(
        elsewhere("canary-prometheus", nowhere),
        Reading::degraded("dp-prod-01: Prometheus has had none for an hour")
    );
    assert_eq!(elsewhere("canary-thanos", nowhere).verdict, Verdict::Degraded);
    // what came as far as to this box is lost on this box
    assert_eq!(
        elsewhere("canary-thanos", |canaries| lose(&mut canaries.thanos)),
        Reading::stale("dp-prod-01: Thanos has had none for an hour")
    );
}

#[test]
fn a_stage_that_cannot_be_asked_is_down_and_one_that_is_not_there_does_not_apply() {
    let reading = read("canary-thanos", |canaries| {
        canaries.thanos = Some(Err("the query-frontend did not answer in time".to_owned()));
    });
    assert_eq!(
        reading,
        Reading::down("the query-frontend did not answer in time")
    );
    assert_eq!(
        read("canary-thanos", |canaries| canaries.thanos = None).verdict,
        Verdict::NotApplicable
    );
    assert_eq!(
        read("canary-alert", |canaries| canaries.alerts = false).verdict,
        Verdict::NotApplicable
    );
}

#[test]
fn an_alert_that_is_silenced_does_not_come_back_and_nothing_is_broken() {
    let reading = read("canary-alert", |canaries| {
        let alert = test_alert(canaries);
        alert.returned_at = Some(NOW - 300.0);
        alert.held_back = Some("the silence 5f1e".to_owned());
    });
    assert_eq!(
        reading,
        Reading::degraded(
            "Alertmanager holds it back because of the silence 5f1e: none came back since the one of 5 min ago"
        )
    );
    // one that came back a moment ago proves the way
    let reading = read("canary-alert", |canaries| {
        test_alert(canaries).held_back = Some("the silence 5f1e".to_owned());
    });
    assert_eq!(reading.verdict, Verdict::Ok);
}

#[test]
fn what_was_sent_tomorrow_proves_nothing() {
    let reading = read("canary-prometheus", |canaries| {
        canaries.prometheus.as_mut().unwrap().as_mut().unwrap()[1].sent_at = NOW + 86_400.0;
    });
    assert_eq!(
        reading,
        Reading::unknown(
            "dp-prod-01: the newest at Prometheus was sent 1 d 0 h after now: the clock was put back"
        )
    );
}

#[test]
fn an_alert_that_does_not_come_back_is_stale_and_one_that_is_refused_down() {
    let reading = read("canary-alert", |canaries| {
        test_alert(canaries).returned_at = Some(NOW - 300.0);
    });
    assert_eq!(
        reading,
        Reading::stale(
            "Alertmanager took one 20 s ago, and it did not come back; none did since the one of 5 min ago"
        )
    );
    let reading = read("canary-alert", |canaries| {
        *test_alert(canaries) = Alert {
            refusal: Some("cannot be reached: Connection refused".to_owned()),
            ..Alert::default()
        };
    });
    assert_eq!(
        reading,
        Reading::down(
            "Alertmanager cannot be reached: Connection refused; none came back since the agent's start"
        )
    );
}
