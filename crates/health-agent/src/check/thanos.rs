//! Thanos and the object store: what must hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::phrase::{count, few, said, time};
use crate::check::{Category, Check, Severity};
use crate::facts::thanos::{Compactor, Failure, ObjectStore, Store, Thanos};
use crate::facts::{AHEAD, Facts, Timestamp};
use crate::verdict::Reading;

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "thanos-ready",
        category: Category::Thanos,
        severity: Severity::Required,
        title: "Every part of Thanos is ready",
        fix: "Read the log of the part that is named (of the store gateway: {log thanos-store}), and restart it if it hangs ({restart thanos-store})",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| ready(it)),
    },
    Check {
        id: "thanos-stores",
        category: Category::Thanos,
        severity: Severity::Required,
        title: "The query sees every sidecar, store and ruler",
        fix: "Start the part behind the address that is shown, or correct the query's file of endpoints (--endpoint.sd-config-file)",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| stores(it)),
    },
    Check {
        id: "thanos-labels",
        category: Category::Thanos,
        severity: Severity::Required,
        title: "Each replica says under a name of its own what it stores",
        fix: "Give each box of the pair another SIGNALBOX_REPLICA and restart its Prometheus: blocks of the same name are mixed up in the bucket",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| labels(it)),
    },
    Check {
        id: "thanos-history",
        category: Category::Thanos,
        severity: Severity::Advisory,
        title: "What is in the bucket reaches up to what Prometheus still has",
        fix: "Look at thanos-upload and at the store gateway ({log thanos-store}); a time during which the box was off stays a hole",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, history),
    },
    Check {
        id: "thanos-round-trip",
        category: Category::Thanos,
        severity: Severity::Required,
        title: "The query-frontend gives out what Prometheus has",
        fix: "Ask the query directly ({url thanos-query}/api/v1/stores, then /api/v1/query): if it has the samples the query-frontend is at fault, otherwise the sidecar",
        runbook: Some("thanos-round-trip"),
        before_start: false,
        judge: |facts| of(facts, round_trip),
    },
    Check {
        id: "thanos-upload",
        category: Category::Thanos,
        severity: Severity::Advisory,
        title: "The sidecar brings blocks to the bucket",
        fix: "Look for the reason in {log thanos-sidecar}; Prometheus keeps the blocks meanwhile, for as long as its retention says",
        runbook: Some("thanos-upload"),
        before_start: false,
        judge: |facts| of(facts, upload),
    },
    Check {
        id: "thanos-compactor",
        category: Category::Thanos,
        severity: Severity::Advisory,
        title: "The compactor works",
        fix: "Look for the block that it does not dare to touch in {log thanos-compact}, mark it (`thanos tools bucket mark --marker=no-compact-mark.json`, with the options that the runbook has), and run {restart thanos-compact}; nothing else compacts or deletes meanwhile",
        runbook: Some("thanos-compactor"),
        before_start: false,
        judge: |facts| of(facts, compactor),
    },
    Check {
        id: "thanos-blocks",
        category: Category::Thanos,
        severity: Severity::Advisory,
        title: "All blocks in the bucket are whole",
        fix: "Run `thanos tools bucket verify` with the options that the runbook of the compactor has; blocks without metadata are half uploads, which the compactor deletes after two days",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, blocks),
    },
    Check {
        id: "thanos-rules",
        category: Category::Thanos,
        severity: Severity::Advisory,
        title: "The ruler evaluates its rules",
        fix: "Correct the rule that fails (the errors are under {url thanos-rule}/api/v1/rules), see what the query lacks (thanos-stores), or why Alertmanager takes no alerts (alertmanager-ready, prometheus-notifications)",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, ruler),
    },
    Check {
        id: "object-store-reachable",
        category: Category::Thanos,
        severity: Severity::Required,
        title: "The object store answers",
        fix: "Start it ({start minio}; garage in its place if that is the store), or see what is between this box and the S3 service",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| reachable(it)),
    },
    Check {
        id: "object-store-clock",
        category: Category::Thanos,
        severity: Severity::Advisory,
        title: "The object store's clock is ours",
        fix: "See that both keep their clocks by a time server (`chronyc tracking`): signatures are refused when they differ by a quarter of an hour",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| clock(it)),
    },
    Check {
        id: "object-store-canary",
        category: Category::Thanos,
        severity: Severity::Required,
        title: "A small object comes back from the bucket",
        fix: "Check bucket, region and keys (object_store in the health agent's settings and the file that it names), and the room on the store's disk",
        runbook: Some("object-store-canary"),
        before_start: false,
        judge: |facts| of(facts, |it, _| canary(it)),
    },
];

/// So long after its start, what has not happened yet is not missed.
const STARTING: f64 = 60.0;

/// So long after its start, Prometheus may have nothing of half a minute ago: it scrapes once a minute at least.
const NOTHING_YET: f64 = 150.0;

/// The head of a Prometheus becomes a block when it holds three hours; half an hour more for the way.
const BLOCK_DUE: f64 = 3.5 * 3600.0;

fn of(facts: &Facts, judge: impl FnOnce(&Thanos, Timestamp) -> Reading) -> Reading {
    match &facts.thanos {
        Some(it) => judge(it, facts.at),
        None => Reading::not_applicable("the box has no Thanos"),
    }
}

fn ready(it: &Thanos) -> Reading {
    if it.parts.is_empty() {
        return Reading::not_applicable("the box has no part of Thanos");
    }
    let found = it.parts.iter().filter_map(|(name, ready)| {
        let evidence = format!("{name} {}", said(ready.as_ref().err()?));
        Some(if NEED_BUCKET.contains(name) {
            without_bucket(it, evidence)
        } else {
            Reading::down(evidence)
        })
    });
    Reading::worst(found, few(it.parts.keys()))
}

/// Before they have read the bucket for the first time they are not ready, and end when that takes too long.
const NEED_BUCKET: [&str; 2] = ["thanos-store", "thanos-compact"];

/// What works only with the bucket is not this box's to bring back while the object store elsewhere does not answer.
fn without_bucket(it: &Thanos, evidence: String) -> Reading {
    let is_away = |store: &ObjectStore| {
        let failed = matches!(store.trial, Some(Err(Failure::Failed(_))));
        !store.is_local && (store.clock_ahead.is_err() || failed)
    };
    match &it.object_store {
        Some(store) if is_away(store) => {
            Reading::degraded(format!("{evidence}, while {} does not answer", store.address))
        }
        _ => Reading::down(evidence),
    }
}

/// Judges what the query sees.
fn seen(it: &Thanos, judge: impl FnOnce(&[Store]) -> Reading) -> Reading {
    match &it.stores {
        Some(Ok(stores)) => judge(stores),
        Some(Err(why)) => Reading::unknown(format!("api/v1/stores of the query {}", said(why))),
        None => Reading::not_applicable("the box has no query"),
    }
}

fn stores(it: &Thanos) -> Reading {
    seen(it, |stores| {
        let mut found = vec![];
        for store in stores {
            if let Some(error) = &store.last_error {
                let evidence = format!("{} {}: {}", store.kind, store.name, said(error));
                // the other box's is the other box's to bring back
                found.push(if !is_own(it, stores, store) {
                    Reading::degraded(evidence)
                } else if store.kind == GATEWAY {
                    without_bucket(it, evidence)
                } else {
                    Reading::down(evidence)
                });
            }
        }
        for (kind, expected) in &it.expected_stores {
            let of_kind = || stores.iter().filter(|store| store.kind == *kind);
            let has_own = of_kind().any(|store| is_own(it, stores, store));
            let evidence = format!("{} of {}", of_kind().count(), count(*expected, kind));
            if !has_own {
                let evidence = format!("{evidence} seen, this box's is not");
                found.push(if *kind == GATEWAY {
                    without_bucket(it, evidence)
                } else {
                    Reading::down(evidence)
                });
            } else if of_kind().count() < *expected {
                found.push(Reading::degraded(format!("{evidence} seen")));
            }
        }
        let kinds = stores.iter().fold(BTreeMap::new(), |mut kinds, store| {
            *kinds.entry(&store.kind).or_insert(0) += 1;
            kinds
        });
        let kinds = kinds.iter().map(|(kind, number)| count(*number, kind));
        Reading::worst(found, few(kinds))
    })
}

/// What gives out what is in the bucket, whoever brought it there.
const GATEWAY: &str = "store";

/// Whether it is this box's. What it stores tells, but for a gateway: in a bucket that is shared there may be blocks of others alone. A
/// part that is away for long is without labels.
fn is_own(it: &Thanos, stores: &[Store], store: &Store) -> bool {
    let is_named = |store: &Store| replicas(store).any(|replica| replica == it.box_name);
    if is_named(store) && store.kind != GATEWAY {
        return true;
    }
    if !store.label_sets.is_empty() && store.kind != GATEWAY {
        return false;
    }
    let of_kind = || stores.iter().filter(|other| other.kind == store.kind);
    let is_here = |store: &Store| {
        let host = store
            .name
            .rsplit_once(':')
            .map_or(store.name.as_str(), |(host, _)| host);
        it.hosts.contains(host)
    };
    if of_kind().any(is_here) {
        // boxes that share a machine are told apart by what they store
        let is_foreign = !is_named(store) && !store.label_sets.is_empty();
        is_here(store) && !(is_foreign && of_kind().any(is_named))
    } else {
        // under names that are not known here, one that says nothing is this box's if there is no other
        let alone = store.label_sets.is_empty() && of_kind().count() == 1;
        is_named(store) || (alone && it.expected_stores.contains_key(store.kind.as_str()))
    }
}

fn replicas(store: &Store) -> impl Iterator<Item = &str> {
    let sets = store.label_sets.iter();
    sets.filter_map(|labels| labels.get("replica").map(String::as_str))
}

fn labels(it: &Thanos) -> Reading {
    seen(it, |stores| {
        // an address that is listed twice is one store
        let mut owners = BTreeMap::<_, BTreeSet<&str>>::new();
        for store in stores.iter().filter(|store| store.kind == "sidecar") {
            for labels in &store.label_sets {
                owners.entry(labels).or_default().insert(&store.name);
            }
        }
        let name = |labels: &BTreeMap<String, String>| {
            few(labels.iter().map(|(name, value)| format!("{name}={value}")))
        };
        let twice: Vec<_> = owners
            .iter()
            .filter(|(_, stores)| stores.len() > 1)
            .map(|(labels, stores)| {
                let stores: Vec<_> = stores.iter().copied().collect();
                format!("{} at {}", name(labels), stores.join(" and "))
            })
            .collect();
        if twice.is_empty() {
            Reading::ok(few(owners.keys().map(|labels| format!("({})", name(labels)))))
        } else {
            Reading::down(format!("the same labels: {}", few(twice)))
        }
    })
}

fn history(it: &Thanos, now: Timestamp) -> Reading {
    const A_DAY: f64 = 86_400.0;
    seen(it, |stores| {
        let of = |kind: &'static str| stores.iter().filter(move |store| store.kind == kind);
        let Some(newest) = of("store").filter_map(|store| store.newest).reduce(f64::max) else {
            return Reading::ok("nothing is in the bucket yet");
        };
        let Some(oldest) = of("sidecar").filter_map(|store| store.oldest).reduce(f64::min) else {
            return Reading::unknown("no sidecar tells what Prometheus has");
        };
        let bucket = format!("the bucket ends {} ago", time(now - newest));
        if oldest - newest <= STARTING {
            return Reading::ok(format!("{bucket}, Prometheus begins {} ago", time(now - oldest)));
        }
        let evidence = format!("{bucket}, Prometheus begins {} later", time(oldest - newest));
        // a hole that is older is history: nobody brings it back
        if now - oldest < A_DAY {
            Reading::degraded(evidence)
        } else {
            Reading::ok(evidence)
        }
    })
}

fn round_trip(it: &Thanos, now: Timestamp) -> Reading {
    let Some(trip) = &it.round_trip else {
        return Reading::not_applicable("the box has no query-frontend beside a Prometheus");
    };
    let local = match &trip.local {
        Ok(local) => local,
        Err(why) => return Reading::unknown(format!("Prometheus {}", said(why))),
    };
    if local.is_empty() {
        let running = it.prometheus_started_at.map(|at| now - at);
        return if running.is_some_and(|running| running.abs() < NOTHING_YET) {
            Reading::ok("Prometheus has only just started")
        } else {
            Reading::unknown(format!(
                "Prometheus has nothing of itself at {} ago",
                time(now - trip.at)
            ))
        };
    }
    let (replica, once) = match (&trip.replica, &trip.deduplicated) {
        (Ok(replica), Ok(once)) => (replica, once),
        (Err(why), _) | (_, Err(why)) => {
            return Reading::down(format!("the query-frontend {}", said(why)));
        }
    };
    let differing: Vec<_> = local
        .iter()
        .filter_map(|(series, value)| match replica.get(series) {
            Some(other) if other.to_bits() == value.to_bits() => None,
            Some(other) => Some(format!("{series} is {other}, not {value}")),
            None => Some(format!("{series} is missing")),
        })
        .collect();
    if !differing.is_empty() {
        return Reading::down(format!(
            "of this replica's samples of {} ago, {}",
            time(now - trip.at),
            few(differing)
        ));
    }
    let wrong: Vec<_> = local
        .keys()
        .filter_map(|series| match once.get(series) {
            Some(1) => None,
            Some(times) => Some(format!("{series} is there {times} times")),
            None => Some(format!("{series} is missing")),
        })
        .collect();
    if !wrong.is_empty() {
        return Reading::down(format!("as one of all replicas, {}", few(wrong)));
    }
    Reading::ok(format!(
        "{} of {} ago are the same",
        count(local.len(), "sample"),
        time(now - trip.at)
    ))
}

fn upload(it: &Thanos, now: Timestamp) -> Reading {
    let sidecar = match &it.sidecar {
        Some(Ok(sidecar)) => sidecar,
        Some(Err(why)) => return Reading::unknown(format!("the sidecar's metrics: {}", said(why))),
        None => return Reading::not_applicable("the box has no sidecar"),
    };
    if !sidecar.prometheus_up {
        return Reading::down("the sidecar does not reach Prometheus");
    }
    // without a memory, what was at the start counts too
    let failures = sidecar.recent_sync_failures.unwrap_or(sidecar.sync_failures);
    if failures > 0.0 {
        return Reading::degraded(format!(
            "{failures} attempts failed {}",
            if sidecar.recent_sync_failures.is_some() {
                "in a quarter of an hour".to_owned()
            } else {
                format!("of {} since its start", sidecar.syncs)
            }
        ));
    }
    let started_at = it
        .prometheus_started_at
        .map_or(sidecar.started_at, |at| at.max(sidecar.started_at));
    let last = sidecar.uploaded_at;
    let age = now - last.unwrap_or(started_at).max(started_at);
    match last {
        Some(at) if at - now > AHEAD => Reading::unknown(format!(
            "the last block was brought {} after now: the clock was put back",
            time(at - now)
        )),
        _ if age > BLOCK_DUE => Reading::stale(match last {
            Some(at) => format!("the last block was brought {} ago", time(now - at)),
            None => format!("no block was brought in {}", time(age)),
        }),
        Some(at) => Reading::ok(format!("the last block was brought {} ago", time(now - at))),
        None => Reading::ok(format!(
            "no block is due yet: Prometheus and sidecar were started {} ago",
            time(age)
        )),
    }
}

/// Judges what the compactor tells of itself.
fn compacting(it: &Thanos, judge: impl FnOnce(&Compactor) -> Reading) -> Reading {
    match &it.compactor {
        Some(Ok(compactor)) => judge(compactor),
        Some(Err(why)) => Reading::unknown(format!("the compactor's metrics: {}", said(why))),
        None => Reading::not_applicable("the box has no compactor"),
    }
}

fn compactor(it: &Thanos, now: Timestamp) -> Reading {
    const TOO_LONG: f64 = 3.0 * 3600.0;
    compacting(it, |compactor| {
        let running = now - compactor.started_at;
        if compactor.halted {
            return Reading::down(format!(
                "halted, {} rounds after its start {} ago",
                compactor.iterations,
                time(running)
            ));
        }
        let evidence = format!("{} rounds in {}", compactor.iterations, time(running));
        let recent = compactor.recent_iterations.unwrap_or(compactor.iterations);
        if running > TOO_LONG && recent < 1.0 {
            return Reading::stale(format!("{evidence}, none in three hours"));
        }
        Reading::ok(evidence)
    })
}

fn blocks(it: &Thanos, now: Timestamp) -> Reading {
    const LASTING: f64 = 3.0 * 3600.0;
    compacting(it, |compactor| {
        let number = |state: &str| compactor.blocks.get(state).copied().unwrap_or(0.0);
        let mut found: Vec<_> = [
            ("corrupted-meta-json", "with broken metadata"),
            ("failed", "that cannot be read"),
        ]
        .into_iter()
        .filter(|(state, _)| number(state) > 0.0)
        .map(|(state, what)| Reading::degraded(format!("{} {what}", number(state))))
        .collect();
        // one without metadata may just be on its way
        let partial = number("no-meta-json").min(compactor.lasting_partial_blocks.unwrap_or(0.0));
        if partial > 0.0 && now - compactor.started_at > LASTING {
            found.push(Reading::degraded(format!(
                "{partial} without metadata for three hours"
            )));
        }
        Reading::worst(
            found,
            format!(
                "{} whole ({} of them marked not to be compacted), {} to be deleted",
                number("loaded"),
                number("marked-for-no-compact"),
                number("marked-for-deletion")
            ),
        )
    })
}

fn ruler(it: &Thanos, now: Timestamp) -> Reading {
    let ruler = match &it.ruler {
        Some(Ok(ruler)) => ruler,
        Some(Err(why)) => return Reading::unknown(format!("the ruler's metrics: {}", said(why))),
        None => return Reading::not_applicable("the box has no ruler"),
    };
    let failing = match &ruler.failing_rules {
        Ok(failing) => failing,
        Err(why) => return Reading::unknown(format!("api/v1/rules of the ruler {}", said(why))),
    };
    let totals = format!(
        "{} of {} evaluations failed since its start",
        ruler.evaluation_failures, ruler.evaluations
    );
    let mut found = vec![];
    if !failing.is_empty() {
        let names = failing
            .iter()
            .map(|rule| format!("{}/{} ({})", rule.group, rule.rule, said(&rule.last_error)));
        found.push(Reading::degraded(format!("failing: {}; {totals}", few(names))));
    }
    let since = now - ruler.evaluated_at.unwrap_or(ruler.started_at);
    if since.abs() > 3.0 * ruler.interval.max(STARTING) {
        let when = if since > 0.0 {
            format!("not evaluated for {}", time(since))
        } else {
            format!(
                "last evaluated {} after now: the clock was put back",
                time(-since)
            )
        };
        let due = time(ruler.interval);
        found.push(Reading::stale(format!("{when}, every {due} are due")));
    }
    // without a memory, what was at the start counts too
    let (dropped, when) = match ruler.recent_alerts_dropped {
        Some(dropped) => (dropped, "in a quarter of an hour"),
        None => (ruler.alerts_dropped, "since its start"),
    };
    if dropped > 0.0 {
        found.push(Reading::degraded(format!(
            "{dropped} alerts reached no Alertmanager {when}"
        )));
    }
    Reading::worst(found, totals)
}

/// Judges the object store, if there is one.
fn object_store(it: &Thanos, judge: impl FnOnce(&ObjectStore) -> Reading) -> Reading {
    match &it.object_store {
        Some(store) => judge(store),
        None => Reading::not_applicable("the box knows no object store"),
    }
}

/// One elsewhere is not what this box has to bring back: what is made meanwhile waits on its disk.
fn broken(store: &ObjectStore, evidence: String) -> Reading {
    if store.is_local {
        Reading::down(evidence)
    } else {
        Reading::degraded(format!("{evidence} (it is not on this machine)"))
    }
}

fn reachable(it: &Thanos) -> Reading {
    object_store(it, |store| match &store.clock_ahead {
        Ok(_) => Reading::ok(format!("{} answers", store.address)),
        Err(why) => broken(store, format!("{} {}", store.address, said(why))),
    })
}

fn clock(it: &Thanos) -> Reading {
    const TOO_FAR: f64 = 5.0 * 60.0;
    object_store(it, |store| match &store.clock_ahead {
        Ok(Some(ahead)) => {
            let evidence = if ahead.abs() < 2.0 {
                "the same to the second".to_owned()
            } else if *ahead > 0.0 {
                format!("{} ahead of ours", time(*ahead))
            } else {
                format!("{} behind ours", time(-ahead))
            };
            if ahead.abs() > TOO_FAR {
                Reading::degraded(evidence)
            } else {
                Reading::ok(evidence)
            }
        }
        Ok(None) => Reading::not_applicable("it does not tell the time"),
        Err(why) => Reading::unknown(format!("{} {}", store.address, said(why))),
    })
}

fn canary(it: &Thanos) -> Reading {
    object_store(it, |store| match &store.trial {
        None => Reading::not_applicable("no keys of the bucket are known here"),
        Some(Err(Failure::Hidden)) => Reading::not_applicable(
            "the keys of the bucket are hidden from this user: run the doctor as root",
        ),
        Some(Err(Failure::Failed(why))) => broken(store, format!("{}: {}", store.address, said(why))),
        // no verdict on the store: it may be well
        Some(Err(Failure::NotTried(why))) => {
            Reading::degraded(format!("{}: was not tried: {}", store.address, said(why)))
        }
        Some(Ok(trial)) => Reading::ok(format!(
            "PUT {} ms, GET {} ms, LIST {} ms, DELETE {} ms, {} ago",
            trial.put.as_millis(),
            trial.get.as_millis(),
            trial.list.as_millis(),
            trial.delete.as_millis(),
            time(trial.age.as_secs_f64())
        )),
    })
}

#[cfg(test)]
pub(super) mod tests;
