use std::collections::BTreeMap;

use super::*;
use crate::check;
use crate::facts::prometheus::{Configuration, FailingRule};
use crate::verdict::Verdict;

const NOW: Timestamp = 1_795_711_000.0;

fn map<V: Clone>(entries: &[(&str, V)]) -> BTreeMap<String, V> {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}

fn target(job: &str, instance: &str) -> Target {
    Target {
        job: job.to_owned(),
        instance: instance.to_owned(),
        box_name: Some("a".to_owned()),
        health: "up".to_owned(),
        last_error: String::new(),
    }
}

pub(in crate::check) fn healthy() -> Prometheus {
    Prometheus {
        ready: Ok(()),
        targets: Ok(vec![target("prometheus", "a:9090"), target("node", "a:9100")]),
        expected_jobs: ["prometheus", "node"].map(str::to_owned).into(),
        box_name: "a".to_owned(),
        configuration: Ok(Configuration {
            external_labels: map(&[
                ("cluster", "demo".to_owned()),
                ("region", "local".to_owned()),
                ("replica", "a".to_owned()),
            ]),
            scrape_interval: 10.0,
            out_of_order_window: None,
            float_encoding: Some("xor".to_owned()),
        }),
        flags: Ok(map(&[
            ("enable-feature", "exemplar-storage".to_owned()),
            (
                "storage.tsdb.delay-compact-file.path",
                "/data/thanos.shipper.json".to_owned(),
            ),
            ("storage.tsdb.min-block-duration", "2h".to_owned()),
            ("storage.tsdb.max-block-duration", "16h48m".to_owned()),
        ])),
        failing_rules: Ok(vec![]),
        numbers: Ok(Numbers {
            started_at: NOW - 200_000.0,
            reload_successful: true,
            reloaded_at: NOW - 7200.0,
            newest_sample_at: NOW - 1.0,
            oldest_sample_at: NOW - 200_000.0,
            samples_appended: 1e6,
            series: 150_000.0,
            memory_bytes: 1e9,
            storage_bytes: 1e9,
            retention_bytes: 50e9,
            retention_seconds: 604_800.0,
            alertmanagers: 2.0,
            rule_groups: vec![RuleGroup {
                name: "http".to_owned(),
                interval: 10.0,
                took: 0.011,
                evaluated_at: Some(NOW - 3.0),
            }],
            ..Numbers::default()
        }),
        growth: Ok(Growth {
            alerts_arrived: map(&[("http://a:9093", 5.0), ("http://b:9093", 5.0)]),
            ..Growth::default()
        }),
        has_sidecar: true,
        expected_alertmanagers: 2,
        max_series: Some(300_000),
    }
}

fn reading(id: &str, prometheus: Prometheus) -> Reading {
    let facts = Facts {
        at: NOW,
        prometheus: Some(prometheus),
        ..Facts::default()
    };
    check::reading(id, &facts)
}

/// With one thing changed, one check says so.
fn with(id: &str, change: impl FnOnce(&mut Prometheus)) -> Reading {
    let mut it = healthy();
    change(&mut it);
    reading(id, it)
}

fn with_numbers(id: &str, change: impl FnOnce(&mut Numbers)) -> Reading {
    with(id, |it| change(it.numbers.as_mut().unwrap()))
}

#[test]
fn one_that_scrapes_once_a_minute_has_time_for_its_first_sample() {
    let Reading { verdict, evidence } = with("prometheus-ingesting", |it| {
        it.configuration.as_mut().unwrap().scrape_interval = 60.0;
        let numbers = it.numbers.as_mut().unwrap();
        (numbers.started_at, numbers.samples_appended) = (NOW - 90.0, 0.0);
    });
    assert_eq!(verdict, Verdict::Ok, "{evidence}");
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
        let numbers = it.numbers.as_mut().unwrap();
        numbers.started_at = NOW - 5.0;
        numbers.newest_sample_at = 0.0;
        numbers.oldest_sample_at = 0.0;
        numbers.samples_appended = 0.0;
        numbers.rule_groups[0].evaluated_at = None;
        it.growth = Ok(Growth::default());
        for target in it.targets.as_mut().unwrap() {
            target.health = "unknown".to_owned();
        }
        let Reading { verdict, evidence } = reading(check.id, it);
        assert_eq!(verdict, Verdict::Ok, "{}: {evidence}", check.id);
    }
}

#[test]
fn of_a_dead_one_nothing_else_is_said() {
    let dead = || Prometheus {
        ready: Err("cannot be reached: refused".to_owned()),
        targets: Err("cannot be reached".to_owned()),
        configuration: Err("cannot be reached".to_owned()),
        flags: Err("cannot be reached".to_owned()),
        failing_rules: Err("cannot be reached".to_owned()),
        numbers: Err("cannot be reached".to_owned()),
        growth: Err("cannot be reached".to_owned()),
        ..healthy()
    };
    assert_eq!(
        reading("prometheus-ready", dead()),
        Reading::down("/-/ready cannot be reached: refused")
    );
    for check in CHECKS.iter().filter(|check| check.id != "prometheus-ready") {
        let Reading { verdict, evidence } = reading(check.id, dead());
        assert_eq!(verdict, Verdict::Unknown, "{}", check.id);
        assert!(
            evidence.ends_with("cannot be reached"),
            "{}: {evidence}",
            check.id
        );
    }
}

#[test]
fn a_refused_configuration_is_seen() {
    assert_eq!(
        with_numbers("prometheus-config", |it| it.reload_successful = false),
        Reading::down("the last one was refused; that of 2 h 0 min ago is still in force")
    );
}

#[test]
fn samples_that_no_longer_come_are_seen() {
    assert_eq!(
        with_numbers("prometheus-ingesting", |it| it.newest_sample_at = NOW - 90.0),
        Reading::stale("the newest sample is 1 min old, more than 30 s")
    );
    assert_eq!(
        with_numbers("prometheus-ingesting", |it| it.samples_appended = 0.0),
        Reading::stale("it took no sample in the 2 d 7 h since its start")
    );
}

#[test]
fn samples_of_after_now_are_told_from_new_ones() {
    let ahead = |seconds: f64| {
        with_numbers("prometheus-ingesting", |it| {
            it.newest_sample_at = NOW + seconds;
        })
    };
    // as late as a scrape may be
    assert_eq!(
        ahead(30.0),
        Reading::ok("the newest sample is 0 s old, 1000000 were taken in 2 d 7 h")
    );
    assert_eq!(
        ahead(90.0),
        Reading::degraded(
            "the newest sample is 1 min after now: the clock was put back, and nothing is taken until then, or a target that writes the times itself is ahead"
        )
    );
    let put_back = Reading::unknown(
        "the newest sample is 2 h 0 min after now: the clock was put back, and nothing is taken until then",
    );
    assert_eq!(ahead(7200.0), put_back);
    // nor does a start mend it
    assert_eq!(
        with_numbers("prometheus-ingesting", |it| {
            it.newest_sample_at = NOW + 7200.0;
            (it.started_at, it.samples_appended) = (NOW - 5.0, 0.0);
        }),
        put_back
    );
}

#[test]
fn targets_that_are_down_are_named_with_the_reason() {
    let down = |it: &mut Prometheus, index: usize| {
        let target = &mut it.targets.as_mut().unwrap()[index];
        target.health = "down".to_owned();
        target.last_error = "connection refused".to_owned();
    };
    assert_eq!(
        with("prometheus-targets", |it| down(it, 1)),
        Reading::degraded("1 of 2 targets up, down: node/a:9100 (connection refused)")
    );
    assert_eq!(
        with("prometheus-targets", |it| down(it, 0)),
        Reading::down("1 of 2 targets up, not even itself: prometheus/a:9090 (connection refused)")
    );
    assert_eq!(
        with("prometheus-targets", |it| {
            down(it, 0);
            down(it, 1);
        })
        .verdict,
        Verdict::Down
    );
    assert_eq!(
        with("prometheus-targets", |it| it.targets = Ok(vec![])),
        Reading::down("0 of 0 targets up: nothing was scraped yet")
    );
}

#[test]
fn a_job_without_targets_is_named() {
    assert_eq!(
        with("prometheus-jobs", |it| {
            it.expected_jobs.insert("dataplane-prod".to_owned());
        }),
        Reading::degraded("no target in dataplane-prod")
    );
}

#[test]
fn a_torn_wal_is_told_until_the_restart() {
    assert_eq!(
        with_numbers("prometheus-wal", |it| it.wal_writes_failed = 3.0),
        Reading::degraded("3 writes failed in the 2 d 7 h since its start: a record is torn")
    );
    assert_eq!(
        with_numbers("prometheus-wal", |it| {
            it.wal_corruptions = 1.0;
            it.started_at = NOW - 600.0;
        }),
        Reading::degraded(
            "a torn record was found at the start 10 min ago: samples of this replica behind it are gone"
        )
    );
    assert_eq!(
        with_numbers("prometheus-wal", |it| it.wal_corruptions = 1.0).verdict,
        Verdict::Ok
    );
}

/// A record that was torn at the start is repaired already.
#[test]
fn a_wal_that_cannot_be_written_alone_wants_a_restart() {
    let check = CHECKS.iter().find(|check| check.id == "prometheus-wal").unwrap();
    let (failed, torn) = check.fix.split_once("; ").unwrap();
    assert!(
        failed.starts_with("Make room on its disk if writes failed, then run {restart prometheus} at once"),
        "{failed}"
    );
    assert!(
        torn.starts_with("a record that was found torn at the start needs no restart"),
        "{torn}"
    );
}

#[test]
fn failed_compactions_are_counted() {
    assert_eq!(
        with("prometheus-compaction", |it| {
            it.growth.as_mut().unwrap().compactions_failed = 2.0;
        }),
        Reading::degraded("2 failed in three hours")
    );
}

#[test]
fn too_many_series_are_told_before_they_are_too_many() {
    assert_eq!(
        with_numbers("prometheus-series", |it| it.series = 270_000.0),
        Reading::degraded("270000 series of 300000 (90 %) in 953.7 MiB")
    );
    assert_eq!(
        with("prometheus-series", |it| it.max_series = None),
        Reading::ok("150000 series in 953.7 MiB; no maximum is set")
    );
}

#[test]
fn a_size_that_cuts_the_time_is_told() {
    assert_eq!(
        with_numbers("prometheus-retention", |it| it.storage_bytes = 40e9),
        Reading::degraded(
            "37.3 GiB of 46.6 GiB in 2 d 7 h: at this rate the size lasts for 2 d 21 h, not for 7 d 0 h"
        )
    );
    // what a first hour takes is no rate
    assert_eq!(
        with_numbers("prometheus-retention", |it| {
            it.storage_bytes = 40e9;
            it.oldest_sample_at = NOW - 3600.0;
        })
        .verdict,
        Verdict::Ok
    );
}

#[test]
fn rules_that_fail_are_named() {
    let rule = FailingRule {
        group: "http".to_owned(),
        rule: "HighLatency".to_owned(),
        last_error: "many-to-many matching".to_owned(),
    };
    assert_eq!(
        with("prometheus-rules", |it| it.failing_rules = Ok(vec![rule])),
        Reading::degraded("failing: http/HighLatency (many-to-many matching)")
    );
    assert_eq!(
        with_numbers("prometheus-rules", |it| {
            it.rule_groups[0].evaluated_at = Some(NOW - 61.0);
        }),
        Reading::stale("no longer evaluated: http")
    );
    assert_eq!(
        with_numbers("prometheus-rules", |it| {
            it.rule_groups[0].evaluated_at = Some(NOW + 7200.0);
        }),
        Reading::stale("no longer evaluated: http")
    );
    assert_eq!(
        with_numbers("prometheus-rules", |it| it.rule_groups[0].took = 12.34),
        Reading::degraded("too slow: http (12.3 s every 10 s)")
    );
    assert_eq!(
        with("prometheus-rules", |it| {
            it.growth.as_mut().unwrap().iterations_missed = 4.0;
        }),
        Reading::degraded("4 evaluations missed in a quarter of an hour")
    );
    assert_eq!(
        with_numbers("prometheus-rules", |it| it.rule_groups.clear()),
        Reading::down("it has no rules")
    );
}

#[test]
fn what_thanos_could_not_keep_is_told() {
    let flag = |name: &'static str, value: &'static str| {
        with("prometheus-flags", |it| {
            it.flags
                .as_mut()
                .unwrap()
                .insert(name.to_owned(), value.to_owned());
        })
    };
    assert_eq!(
        flag("storage.tsdb.delay-compact-file.path", ""),
        Reading::down(
            "blocks are compacted before they are uploaded: storage.tsdb.delay-compact-file.path is not set, and blocks span 2h to 16h48m"
        )
    );
    assert_eq!(
        flag("enable-feature", "exemplar-storage,xor2-encoding"),
        Reading::down("the feature xor2-encoding writes chunks that Thanos cannot read")
    );
    assert_eq!(
        with("prometheus-flags", |it| {
            it.configuration.as_mut().unwrap().float_encoding = Some("xor2".to_owned());
        }),
        Reading::down("storage.tsdb.chunk_encoding.floats is xor2, which Thanos cannot read")
    );
    assert_eq!(
        with("prometheus-flags", |it| {
            it.configuration.as_mut().unwrap().out_of_order_window = Some("30m".to_owned());
        }),
        Reading::down("out_of_order_time_window is 30m: blocks may overlap, and the compactor halts")
    );
    assert_eq!(
        with("prometheus-flags", |it| it.has_sidecar = false).verdict,
        Verdict::NotApplicable
    );
}

#[test]
fn a_label_that_is_missing_is_named() {
    let label = |value: &'static str| {
        with("prometheus-labels", |it| {
            let labels = &mut it.configuration.as_mut().unwrap().external_labels;
            labels.insert("replica".to_owned(), value.to_owned());
        })
    };
    assert_eq!(
        label(""),
        Reading::down("replica missing from the external labels (cluster=demo, region=local, replica=)")
    );
    assert_eq!(
        label("b"),
        Reading::degraded("cluster=demo, region=local, replica=b, on the box a")
    );
}

#[test]
fn alerts_that_do_not_arrive_are_told() {
    let lost = |lost: &[(&str, f64)]| {
        with("prometheus-notifications", |it| {
            let growth = it.growth.as_mut().unwrap();
            growth.alerts_lost = map(lost);
            for (alertmanager, lost) in lost {
                // five are sent to each
                let arrived = growth.alerts_arrived.get_mut(*alertmanager).unwrap();
                *arrived -= lost;
            }
        })
    };
    // one that has always been away is not even in the list of those that something arrived at
    assert_eq!(
        with("prometheus-notifications", |it| {
            let growth = it.growth.as_mut().unwrap();
            growth.alerts_arrived.remove("http://b:9093");
            growth.alerts_lost = map(&[("http://b:9093", 5.0)]);
        }),
        Reading::degraded("alerts do not arrive at http://b:9093 (5 of 5 in five minutes)")
    );
    assert_eq!(
        lost(&[("http://b:9093", 3.0)]),
        Reading::degraded("alerts do not arrive at http://b:9093 (3 of 5 in five minutes)")
    );
    assert_eq!(
        lost(&[("http://a:9093", 4.0), ("http://b:9093", 5.0)]).verdict,
        Verdict::Down
    );
    // one is sent again
    assert_eq!(lost(&[("http://b:9093", 1.0)]).verdict, Verdict::Ok);
    assert_eq!(
        with_numbers("prometheus-notifications", |it| it.alertmanagers = 1.0),
        Reading::degraded("knows 1 of 2 Alertmanagers")
    );
    assert_eq!(
        with_numbers("prometheus-notifications", |it| it.alertmanagers = 0.0),
        Reading::down("knows 0 of 2 Alertmanagers")
    );
    assert_eq!(
        with("prometheus-notifications", |it| it.expected_alertmanagers = 0).verdict,
        Verdict::NotApplicable
    );
}
