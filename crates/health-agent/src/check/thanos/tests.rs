use std::time::Duration;

use super::*;
use crate::check;
use crate::facts::prometheus::FailingRule;
use crate::facts::thanos::{Failure, RoundTrip, Ruler, Sidecar, Trial};
use crate::verdict::Verdict;

const NOW: Timestamp = 1_795_711_000.0;

fn labels(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn store(kind: &str, name: &str, replica: Option<&str>) -> Store {
    Store {
        kind: kind.to_owned(),
        name: name.to_owned(),
        last_error: None,
        label_sets: replica
            .map(|replica| labels(&[("cluster", "demo"), ("replica", replica)]))
            .into_iter()
            .collect(),
        oldest: Some(NOW - 200_000.0),
        newest: None,
    }
}

pub(in crate::check) fn healthy() -> Thanos {
    let sample = "a:9090".to_owned();
    Thanos {
        parts: ["thanos-sidecar", "thanos-query"]
            .map(|name| (name, Ok(())))
            .into(),
        box_name: "a".to_owned(),
        hosts: ["a".to_owned()].into(),
        stores: Some(Ok(vec![
            store("sidecar", "a:10901", Some("a")),
            store("sidecar", "b:10901", Some("b")),
            Store {
                newest: Some(NOW - 7200.0),
                ..store("store", "a:10905", Some("a"))
            },
        ])),
        expected_stores: [("sidecar", 2), ("store", 1)].into(),
        sidecar: Some(Ok(Sidecar {
            started_at: NOW - 200_000.0,
            prometheus_up: true,
            uploaded_at: Some(NOW - 3600.0),
            syncs: 400.0,
            sync_failures: 3.0,
            recent_sync_failures: Some(0.0),
        })),
        prometheus_started_at: Some(NOW - 200_000.0),
        compactor: Some(Ok(Compactor {
            started_at: NOW - 200_000.0,
            iterations: 600.0,
            recent_iterations: Some(36.0),
            blocks: [("loaded".to_owned(), 12.0), ("no-meta-json".to_owned(), 1.0)].into(),
            lasting_partial_blocks: Some(0.0),
            ..Compactor::default()
        })),
        ruler: Some(Ok(Ruler {
            started_at: NOW - 200_000.0,
            failing_rules: Ok(vec![]),
            evaluations: 500.0,
            evaluation_failures: 5.0,
            alerts_dropped: 3.0,
            recent_alerts_dropped: Some(0.0),
            evaluated_at: Some(NOW - 100.0),
            interval: 120.0,
        })),
        round_trip: Some(RoundTrip {
            at: NOW - 30.0,
            local: Ok([(sample.clone(), 0.005)].into()),
            replica: Ok([(sample.clone(), 0.005)].into()),
            deduplicated: Ok([(sample, 1)].into()),
        }),
        object_store: Some(ObjectStore {
            address: "127.0.0.1:9000".to_owned(),
            is_local: true,
            clock_ahead: Ok(Some(0.3)),
            trial: Some(Ok(Trial {
                age: Duration::from_mins(1),
                put: Duration::from_millis(21),
                get: Duration::from_millis(2),
                list: Duration::from_millis(10),
                delete: Duration::from_millis(11),
            })),
        }),
    }
}

fn reading(id: &str, thanos: Thanos) -> Reading {
    let facts = Facts {
        at: NOW,
        thanos: Some(thanos),
        ..Facts::default()
    };
    check::reading(id, &facts)
}

/// With one thing changed, one check says so.
fn with(id: &str, change: impl FnOnce(&mut Thanos)) -> Reading {
    let mut it = healthy();
    change(&mut it);
    reading(id, it)
}

fn stores_of(it: &mut Thanos) -> &mut Vec<Store> {
    it.stores.as_mut().unwrap().as_mut().unwrap()
}

fn sidecar_of(it: &mut Thanos) -> &mut Sidecar {
    it.sidecar.as_mut().unwrap().as_mut().unwrap()
}

fn compactor_of(it: &mut Thanos) -> &mut Compactor {
    it.compactor.as_mut().unwrap().as_mut().unwrap()
}

fn ruler_of(it: &mut Thanos) -> &mut Ruler {
    it.ruler.as_mut().unwrap().as_mut().unwrap()
}

fn object_store_of(it: &mut Thanos) -> &mut ObjectStore {
    it.object_store.as_mut().unwrap()
}

#[test]
fn a_healthy_one_is_ok() {
    for check in CHECKS {
        let Reading { verdict, evidence } = reading(check.id, healthy());
        assert_eq!(verdict, Verdict::Ok, "{}: {evidence}", check.id);
    }
}

#[test]
fn one_that_has_just_started_is_ok() {
    for check in CHECKS {
        let mut it = healthy();
        for store in stores_of(&mut it) {
            store.oldest = (store.kind == "sidecar").then_some(NOW - 10.0);
            store.newest = None;
        }
        // an empty bucket says nothing of whose it is
        stores_of(&mut it)[2].label_sets.clear();
        // with a minute from one scrape to the next
        it.prometheus_started_at = Some(NOW - 80.0);
        *sidecar_of(&mut it) = Sidecar {
            started_at: NOW - 10.0,
            prometheus_up: true,
            ..Sidecar::default()
        };
        *compactor_of(&mut it) = Compactor {
            started_at: NOW - 10.0,
            ..Compactor::default()
        };
        let ruler = ruler_of(&mut it);
        (ruler.started_at, ruler.evaluated_at) = (NOW - 10.0, None);
        let trip = it.round_trip.as_mut().unwrap();
        trip.local = Ok(BTreeMap::new());
        let Reading { verdict, evidence } = reading(check.id, it);
        assert_eq!(verdict, Verdict::Ok, "{}: {evidence}", check.id);
    }
}

#[test]
fn a_box_without_query_and_bucket_is_judged_by_what_it_has() {
    let it = || Thanos {
        stores: None,
        compactor: None,
        ruler: None,
        round_trip: None,
        object_store: None,
        ..healthy()
    };
    let applies: Vec<_> = CHECKS
        .iter()
        .filter(|check| reading(check.id, it()).verdict != Verdict::NotApplicable)
        .map(|check| check.id)
        .collect();
    assert_eq!(applies, ["thanos-ready", "thanos-upload"]);
}

#[test]
fn a_part_that_is_not_ready_is_named() {
    assert_eq!(
        with("thanos-ready", |it| {
            it.parts
                .insert("thanos-query", Err("did not answer in time".to_owned()));
        }),
        Reading::down("thanos-query did not answer in time")
    );
}

#[test]
fn a_store_that_the_query_cannot_ask_is_named() {
    let failing = |index: usize| {
        with("thanos-stores", |it| {
            stores_of(it)[index].last_error = Some("connection refused".to_owned());
        })
    };
    assert_eq!(failing(0), Reading::down("sidecar a:10901: connection refused"));
    assert_eq!(
        failing(1),
        Reading::degraded("sidecar b:10901: connection refused")
    );
    let without = |index: usize| {
        with("thanos-stores", |it| {
            stores_of(it).remove(index);
        })
    };
    assert_eq!(
        without(0),
        Reading::down("1 of 2 sidecars seen, this box's is not")
    );
    assert_eq!(without(1), Reading::degraded("1 of 2 sidecars seen"));
    assert_eq!(without(2), Reading::down("0 of 1 store seen, this box's is not"));
    assert_eq!(
        with("thanos-stores", |it| it.stores =
            Some(Err("cannot be reached".to_owned()))),
        Reading::unknown("api/v1/stores of the query cannot be reached")
    );
}

#[test]
fn what_of_the_other_box_is_away_is_its_own() {
    // once it has been away for a while, the query no longer knows what it stores; an empty bucket says nothing either
    let reading = with("thanos-stores", |it| {
        let stores = stores_of(it);
        stores.push(store("store", "b:10905", None));
        stores[1].label_sets.clear();
        for away in [1, 3] {
            stores[away].last_error = Some("deadline exceeded".to_owned());
        }
    });
    assert_eq!(
        reading,
        Reading::degraded("sidecar b:10901: deadline exceeded; store b:10905: deadline exceeded")
    );
    let reading = with("thanos-stores", |it| {
        let stores = stores_of(it);
        stores[0].label_sets.clear();
        stores[0].last_error = Some("deadline exceeded".to_owned());
    });
    assert_eq!(reading, Reading::down("sidecar a:10901: deadline exceeded"));
}

#[test]
fn a_bucket_that_is_shared_may_hold_blocks_of_others_alone() {
    let shared = |change: fn(&mut Vec<Store>)| {
        with("thanos-stores", |it| {
            let stores = stores_of(it);
            stores[2] = store("store", "a:10905", Some("b"));
            stores.push(store("store", "b:10905", Some("b")));
            change(stores);
        })
    };
    assert_eq!(shared(|_| ()).verdict, Verdict::Ok);
    assert_eq!(
        shared(|stores| stores[2].last_error = Some("refused".to_owned())),
        Reading::down("store a:10905: refused")
    );
    assert_eq!(
        shared(|stores| {
            stores.remove(2);
        }),
        Reading::down("1 of 1 store seen, this box's is not")
    );
    // what compaction made of both has the name of neither
    assert_eq!(
        with("thanos-stores", |it| {
            stores_of(it)[2].label_sets = vec![labels(&[("cluster", "demo")])];
        })
        .verdict,
        Verdict::Ok
    );
}

#[test]
fn boxes_that_share_a_machine_are_told_apart_by_what_they_store() {
    let failing = |index: usize| {
        with("thanos-stores", |it| {
            it.hosts = ["a", "b"].map(str::to_owned).into();
            let stores = stores_of(it);
            stores.push(store("store", "b:10905", Some("b")));
            stores[index].last_error = Some("refused".to_owned());
        })
    };
    assert_eq!(failing(2), Reading::down("store a:10905: refused"));
    assert_eq!(failing(3), Reading::degraded("store b:10905: refused"));
}

#[test]
fn what_needs_a_bucket_that_is_elsewhere_is_not_this_boxs_to_bring_back() {
    let gateway = |id: &str, is_local: bool, change: fn(&mut ObjectStore)| {
        with(id, |it| {
            it.parts
                .insert("thanos-store", Err("answered 503 Service Unavailable".to_owned()));
            stores_of(it)[2].last_error = Some("refused".to_owned());
            let store = object_store_of(it);
            store.is_local = is_local;
            change(store);
        })
    };
    let away = |store: &mut ObjectStore| store.clock_ahead = Err("cannot be reached".to_owned());
    let failing = |store: &mut ObjectStore| {
        store.trial = Some(Err(Failure::Failed("PUT was answered 503".to_owned())));
    };
    for id in ["thanos-ready", "thanos-stores"] {
        assert_eq!(gateway(id, false, away).verdict, Verdict::Degraded, "{id}");
        assert_eq!(gateway(id, false, failing).verdict, Verdict::Degraded, "{id}");
        assert_eq!(
            gateway(id, false, |_| ()).verdict,
            Verdict::Down,
            "{id}: the bucket is well"
        );
        assert_eq!(gateway(id, true, away).verdict, Verdict::Down, "{id}: it is here");
    }
    assert_eq!(
        gateway("thanos-ready", false, away).evidence,
        "thanos-store answered 503 Service Unavailable, while 127.0.0.1:9000 does not answer"
    );
}

#[test]
fn what_was_not_tried_is_no_verdict_on_the_store() {
    for is_local in [true, false] {
        let reading = with("object-store-canary", |it| {
            let store = object_store_of(it);
            store.is_local = is_local;
            store.trial = Some(Err(Failure::NotTried(
                "cannot read /run/keys: Permission denied".to_owned(),
            )));
        });
        assert_eq!(
            reading,
            Reading::degraded("127.0.0.1:9000: was not tried: cannot read /run/keys: Permission denied")
        );
    }
    assert_eq!(
        with("object-store-canary", |it| {
            object_store_of(it).trial = Some(Err(Failure::Hidden));
        }),
        Reading::not_applicable("the keys of the bucket are hidden from this user: run the doctor as root")
    );
}

#[test]
fn the_same_labels_twice_are_told() {
    assert_eq!(
        with("thanos-labels", |it| {
            let own = stores_of(it)[0].label_sets.clone();
            stores_of(it)[1].label_sets = own;
        }),
        Reading::down("the same labels: cluster=demo, replica=a at a:10901 and b:10901")
    );
    // and an address that is listed twice is one store
    let Reading { verdict, .. } = with("thanos-labels", |it| {
        let again = stores_of(it)[0].clone();
        stores_of(it).push(again);
    });
    assert_eq!(verdict, Verdict::Ok);
}

#[test]
fn a_hole_is_told_for_a_day() {
    let began = |ago: f64| {
        with("thanos-history", |it| {
            for store in stores_of(it) {
                store.oldest = Some(NOW - ago);
                store.newest = store.newest.map(|_| NOW - ago - 7200.0);
            }
        })
    };
    assert_eq!(
        began(3600.0),
        Reading::degraded("the bucket ends 3 h 0 min ago, Prometheus begins 2 h 0 min later")
    );
    assert_eq!(began(90_000.0).verdict, Verdict::Ok);
}

#[test]
fn samples_that_are_lost_or_changed_on_the_way_are_told() {
    let trip =
        |change: fn(&mut RoundTrip)| with("thanos-round-trip", |it| change(it.round_trip.as_mut().unwrap()));
    assert_eq!(
        trip(|trip| trip.replica = Ok([("a:9090".to_owned(), 0.006)].into())),
        Reading::down("of this replica's samples of 30 s ago, a:9090 is 0.006, not 0.005")
    );
    assert_eq!(
        trip(|trip| trip.replica = Ok(BTreeMap::new())),
        Reading::down("of this replica's samples of 30 s ago, a:9090 is missing")
    );
    assert_eq!(
        trip(|trip| trip.deduplicated = Ok([("a:9090".to_owned(), 2)].into())),
        Reading::down("as one of all replicas, a:9090 is there 2 times")
    );
    assert_eq!(
        trip(|trip| trip.deduplicated = Err("answered 500".to_owned())),
        Reading::down("the query-frontend answered 500")
    );
    assert_eq!(
        trip(|trip| trip.local = Err("cannot be reached".to_owned())),
        Reading::unknown("Prometheus cannot be reached")
    );
    assert_eq!(
        trip(|trip| trip.local = Ok(BTreeMap::new())),
        Reading::unknown("Prometheus has nothing of itself at 30 s ago")
    );
}

#[test]
fn uploads_that_fail_or_do_not_come_are_told() {
    let sidecar = |change: fn(&mut Sidecar)| with("thanos-upload", |it| change(sidecar_of(it)));
    assert_eq!(
        sidecar(|it| it.prometheus_up = false),
        Reading::down("the sidecar does not reach Prometheus")
    );
    assert_eq!(
        sidecar(|it| it.recent_sync_failures = Some(30.0)),
        Reading::degraded("30 attempts failed in a quarter of an hour")
    );
    assert_eq!(
        sidecar(|it| it.recent_sync_failures = None),
        Reading::degraded("3 attempts failed of 400 since its start")
    );
    assert_eq!(
        sidecar(|it| it.uploaded_at = Some(NOW - 14_400.0)),
        Reading::stale("the last block was brought 4 h 0 min ago")
    );
    assert_eq!(
        sidecar(|it| it.uploaded_at = None),
        Reading::stale("no block was brought in 2 d 7 h")
    );
    assert_eq!(
        sidecar(|it| it.uploaded_at = Some(NOW + 7200.0)),
        Reading::unknown("the last block was brought 2 h 0 min after now: the clock was put back")
    );
    // with Prometheus, its time began anew
    assert_eq!(
        with("thanos-upload", |it| {
            sidecar_of(it).uploaded_at = Some(NOW - 14_400.0);
            it.prometheus_started_at = Some(NOW - 3600.0);
        })
        .verdict,
        Verdict::Ok
    );
}

#[test]
fn a_compactor_that_halted_is_told() {
    assert_eq!(
        with("thanos-compactor", |it| compactor_of(it).halted = true),
        Reading::down("halted, 600 rounds after its start 2 d 7 h ago")
    );
    assert_eq!(
        with("thanos-compactor", |it| {
            compactor_of(it).recent_iterations = Some(0.0);
        }),
        Reading::stale("600 rounds in 2 d 7 h, none in three hours")
    );
}

#[test]
fn blocks_that_are_not_whole_are_counted() {
    let state = |state: &'static str| {
        with("thanos-blocks", |it| {
            compactor_of(it).blocks.insert(state.to_owned(), 2.0);
        })
    };
    assert_eq!(
        state("corrupted-meta-json"),
        Reading::degraded("2 with broken metadata")
    );
    assert_eq!(state("failed"), Reading::degraded("2 that cannot be read"));
    // what the compactor shall leave alone is whole
    assert_eq!(
        state("marked-for-no-compact"),
        Reading::ok("12 whole (2 of them marked not to be compacted), 0 to be deleted")
    );
    // on its way
    assert_eq!(state("no-meta-json").verdict, Verdict::Ok);
    assert_eq!(
        with("thanos-blocks", |it| {
            compactor_of(it).lasting_partial_blocks = Some(1.0);
        }),
        Reading::degraded("1 without metadata for three hours")
    );
}

#[test]
fn rules_of_the_ruler_that_fail_are_named() {
    let ruler = |change: fn(&mut Ruler)| with("thanos-rules", |it| change(ruler_of(it)));
    assert_eq!(
        ruler(|it| it.failing_rules = Ok(vec![FailingRule {
            group: "error-budgets".to_owned(),
            rule: "budget".to_owned(),
            last_error: "no store".to_owned(),
        }])),
        Reading::degraded(
            "failing: error-budgets/budget (no store); 5 of 500 evaluations failed since its start"
        )
    );
    assert_eq!(
        ruler(|it| it.evaluated_at = Some(NOW - 600.0)),
        Reading::stale("not evaluated for 10 min, every 2 min are due")
    );
    assert_eq!(
        ruler(|it| it.evaluated_at = Some(NOW + 7200.0)),
        Reading::stale("last evaluated 2 h 0 min after now: the clock was put back, every 2 min are due")
    );
    assert_eq!(
        ruler(|it| it.recent_alerts_dropped = Some(4.0)),
        Reading::degraded("4 alerts reached no Alertmanager in a quarter of an hour")
    );
    assert_eq!(
        ruler(|it| it.recent_alerts_dropped = None),
        Reading::degraded("3 alerts reached no Alertmanager since its start")
    );
}

#[test]
fn an_object_store_elsewhere_is_not_this_boxs_to_bring_back() {
    let dead = |is_local| {
        with("object-store-reachable", |it| {
            let store = object_store_of(it);
            store.is_local = is_local;
            store.clock_ahead = Err("cannot be reached".to_owned());
        })
    };
    assert_eq!(dead(true), Reading::down("127.0.0.1:9000 cannot be reached"));
    assert_eq!(
        dead(false),
        Reading::degraded("127.0.0.1:9000 cannot be reached (it is not on this machine)")
    );
}

#[test]
fn an_object_store_with_another_time_is_told() {
    let ahead = |seconds: Option<f64>| {
        with("object-store-clock", |it| {
            object_store_of(it).clock_ahead = Ok(seconds);
        })
    };
    assert_eq!(ahead(Some(400.0)), Reading::degraded("6 min ahead of ours"));
    assert_eq!(ahead(Some(-3600.0)), Reading::degraded("1 h 0 min behind ours"));
    assert_eq!(ahead(Some(-10.0)), Reading::ok("10 s behind ours"));
    assert_eq!(ahead(None).verdict, Verdict::NotApplicable);
}

#[test]
fn a_small_object_that_does_not_come_back_is_told() {
    assert_eq!(
        with("object-store-canary", |it| {
            let why = "PUT was answered 403 Forbidden AccessDenied".to_owned();
            object_store_of(it).trial = Some(Err(Failure::Failed(why)));
        }),
        Reading::down("127.0.0.1:9000: PUT was answered 403 Forbidden AccessDenied")
    );
    assert_eq!(
        reading("object-store-canary", healthy()),
        Reading::ok("PUT 21 ms, GET 2 ms, LIST 10 ms, DELETE 11 ms, 1 min ago")
    );
    assert_eq!(
        with("object-store-canary", |it| object_store_of(it).trial = None).verdict,
        Verdict::NotApplicable
    );
}
