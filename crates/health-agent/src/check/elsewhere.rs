//! Whatever happens on other machines, this box does its work: nothing there makes a required check red.

use std::time::Duration;

use proptest::option;
use proptest::prelude::*;

use super::{Severity, alerting, all, data_planes, host, prometheus, security, thanos, units};
use crate::facts::canaries::{Alert, Canaries, DataPlane, Newest, Sender, Sent};
use crate::facts::data_planes::{Collector, DataPlanes, Numbers, Seen};
use crate::facts::peer::{Clock, Machine, Peer, Watchdog};
use crate::facts::prometheus::Target;
use crate::facts::thanos::{Failure, ObjectStore, Store, Trial};
use crate::facts::{Answer, Facts};

const NOW: f64 = data_planes::tests::NOW;

/// A day, seconds.
const DAY: f64 = 86_400.0;

/// A collector of a customer, and how far the canary came that it was sent.
#[derive(Debug, Clone)]
struct Plane {
    collector: Collector,
    sent: Sent,
    newest: Option<f64>,
}

proptest! {
    #[test]
    fn what_is_elsewhere_makes_nothing_red(
        planes in prop::collection::vec(plane(), 1..4),
        store in object_store(),
        peer in option::of(peer()),
        stores_of_peer in prop::collection::vec(store_of_peer(), 0..4),
        alerts_lost in 0.0..10.0,
    ) {
        let facts = facts(planes, store, peer, stores_of_peer, alerts_lost);
        for check in all().filter(|check| check.severity == Severity::Required) {
            let reading = (check.judge)(&facts);
            prop_assert!(check.level(reading.verdict) < 2, "{}: {reading:?}", check.id);
        }
    }
}

/// Of a healthy box.
fn facts(
    planes: Vec<Plane>,
    store: ObjectStore,
    peer: Option<Peer>,
    stores_of_peer: Vec<Store>,
    alerts_lost: f64,
) -> Facts {
    let mut prometheus = prometheus::tests::healthy();
    if let Ok(targets) = &mut prometheus.targets {
        targets.extend(planes.iter().map(target));
    }
    if let Ok(growth) = &mut prometheus.growth {
        growth.alerts_lost.insert("http://b:9093".to_owned(), alerts_lost);
    }
    let mut thanos = thanos::tests::healthy();
    if store.clock_ahead.is_err() {
        // as both are until they have read the bucket
        for part in ["thanos-store", "thanos-compact"] {
            thanos.parts.insert(part, Err("answered 503".to_owned()));
        }
        thanos.compactor = Some(Err("cannot be reached".to_owned()));
        if let Some(Ok(stores)) = &mut thanos.stores {
            stores[2].last_error = Some("refused".to_owned());
        }
    }
    thanos.object_store = Some(store);
    if let Some(Ok(stores)) = &mut thanos.stores {
        stores.remove(1);
        stores.extend(stores_of_peer);
    }
    let mut alerting = alerting::tests::healthy();
    if let Some(alertmanager) = &mut alerting.alertmanager
        && peer.is_some()
    {
        alertmanager.peer_config_hash = Some(Err("cannot be reached".to_owned()));
        if let Ok(cluster) = &mut alertmanager.cluster {
            cluster.members.pop();
        }
    }
    let canaries = canaries(&planes);
    Facts {
        at: NOW,
        units: units::tests::healthy().units,
        host: Some(host::tests::healthy()),
        security: Some(security::tests::healthy()),
        data_planes: Some(DataPlanes {
            collectors: planes.into_iter().map(|plane| plane.collector).collect(),
        }),
        prometheus: Some(prometheus),
        thanos: Some(thanos),
        alerting: Some(alerting),
        canaries: Some(canaries),
        peer,
        ..Facts::default()
    }
}

fn target(plane: &Plane) -> Target {
    let seen = plane.collector.seen.as_ref().and_then(|seen| seen.as_ref().ok());
    let health = match seen.and_then(|seen| seen.scrape) {
        Some((true, _)) => "up",
        Some((false, _)) => "down",
        None => "unknown",
    };
    Target {
        job: format!("dataplane-{}", plane.collector.environment),
        health: health.to_owned(),
        ..Target::default()
    }
}

fn canaries(planes: &[Plane]) -> Canaries {
    let newest: Vec<_> = planes
        .iter()
        .filter_map(|plane| {
            Some(Newest {
                environment: plane.collector.environment.clone(),
                data_plane_id: plane.collector.data_plane_id.clone(),
                sent_at: plane.newest?,
            })
        })
        .collect();
    Canaries {
        max_age: 120.0,
        sender: Ok(Sender {
            started_at: NOW - DAY,
            collectors: planes.iter().map(|plane| plane.sent.clone()).collect(),
            alert: Some(Alert {
                returned_at: Some(NOW - 20.0),
                ..Alert::default()
            }),
        }),
        data_planes: planes
            .iter()
            .map(|plane| DataPlane {
                environment: plane.collector.environment.clone(),
                id: plane.collector.data_plane_id.clone(),
                collector: "http://10.0.0.11:4318".to_owned(),
                sent: plane.sent.clone(),
            })
            .collect(),
        prometheus: Some(Ok(newest.clone())),
        thanos: Some(Ok(newest)),
        alerts: true,
    }
}

fn plane() -> impl Strategy<Value = Plane> {
    let numbers =
        (ago(), 0.0..1e9, 0.0..2e6, any::<bool>()).prop_map(|(started_at, accepted, series, failing)| {
            Numbers {
                started_at,
                accepted,
                series,
                max_series: Some(1e6),
                rejected: [("late_delta".to_owned(), accepted)].into(),
                state_failures: failing.then(|| ("append".to_owned(), 2.0)).into_iter().collect(),
                ..Numbers::default()
            }
        });
    let seen =
        (option::of((any::<bool>(), 0.0..DAY)), option::of(0.0..1e6)).prop_map(|(scrape, accepted)| Seen {
            scrape,
            accepted,
            ..Seen::default()
        });
    let sent =
        (option::of(ago()), option::of("[a-z]+")).prop_map(|(taken_at, refusal)| Sent { taken_at, refusal });
    (
        "[a-c]",
        answer(Just(())),
        answer(numbers),
        seen,
        sent,
        option::of(ago()),
    )
        .prop_map(|(environment, ready, numbers, seen, sent, newest)| Plane {
            collector: Collector {
                data_plane_id: format!("dp-{environment}"),
                environment,
                is_local: false,
                ready,
                numbers,
                seen: Some(Ok(seen)),
            },
            sent,
            newest,
        })
}

fn object_store() -> impl Strategy<Value = ObjectStore> {
    let why = || "[a-z]+".prop_map(String::from);
    let trial = prop_oneof![
        Just(Ok(Trial {
            age: Duration::ZERO,
            put: Duration::from_secs(4),
            get: Duration::ZERO,
            list: Duration::ZERO,
            delete: Duration::ZERO,
        })),
        why().prop_map(|why| Err(Failure::Failed(why))),
        why().prop_map(|why| Err(Failure::NotTried(why))),
    ];
    (answer(option::of(-DAY..DAY)), option::of(trial)).prop_map(|(clock_ahead, trial)| ObjectStore {
        address: "s3.example.org:443".to_owned(),
        is_local: false,
        clock_ahead,
        trial,
    })
}

fn peer() -> impl Strategy<Value = Peer> {
    let watchdog =
        || answer((any::<bool>(), option::of(0.0..DAY)).prop_map(|(fires, heard)| Watchdog { fires, heard }));
    let clock = option::of((-DAY..DAY).prop_map(|ahead| Clock { ahead, give: 0.5 }));
    let machine = option::of(prop_oneof![
        Just(Machine::Refuses),
        Just(Machine::Listens),
        Just(Machine::Silent("no answer".to_owned()))
    ]);
    (watchdog(), watchdog(), clock, machine, option::of(ago())).prop_map(
        |(prometheus, alertmanager, clock, machine, last_seen)| Peer {
            box_name: "b".to_owned(),
            agent_at: "http://b:8870".to_owned(),
            agent: Err("cannot be reached".to_owned()),
            prometheus,
            alertmanager,
            clock,
            machine,
            last_seen,
            own_version: "1.0.0",
        },
    )
}

/// What it stores is known for as long as it is not away for long.
fn store_of_peer() -> impl Strategy<Value = Store> {
    let kind = prop_oneof![Just("sidecar"), Just("store"), Just("rule")];
    (kind, option::of("[a-z]+"), 0..1000_u16, any::<bool>()).prop_map(|(kind, last_error, port, named)| {
        Store {
            kind: kind.to_owned(),
            name: format!("b:{port}"),
            last_error,
            label_sets: named
                // each is another one's: the same name twice would be a fault of the pair
                .then(|| [("replica".to_owned(), format!("b{port}"))].into())
                .into_iter()
                .collect(),
            ..Store::default()
        }
    })
}

/// A time of the last day.
fn ago() -> impl Strategy<Value = f64> {
    (0.0..DAY).prop_map(|ago| NOW - ago)
}

fn answer<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Answer<T>> {
    prop::result::maybe_ok(of, "[a-z]+")
}
