use super::*;
use crate::check;
use crate::facts::data_planes::DataPlanes;

pub(in crate::check) const NOW: Timestamp = 1_795_711_000.0;

pub(in crate::check) fn collector(environment: &str) -> Collector {
    Collector {
        environment: environment.to_owned(),
        data_plane_id: format!("dp-{environment}-01"),
        is_local: true,
        ready: Ok(()),
        numbers: Ok(Numbers {
            started_at: NOW - 7200.0,
            accepted: 10_000.0,
            series: 500.0,
            max_series: Some(1000.0),
            series_bytes: 600.0 * 1024.0,
            max_series_bytes: Some(1024.0 * 1024.0),
            ..Numbers::default()
        }),
        seen: Some(Ok(Seen {
            scrape: Some((true, 4.0)),
            accepted: Some(1680.0),
            ..Seen::default()
        })),
    }
}

fn reading(id: &str, collectors: Vec<Collector>) -> Reading {
    let facts = Facts {
        at: NOW,
        data_planes: Some(DataPlanes { collectors }),
        ..Facts::default()
    };
    check::reading(id, &facts)
}

/// Beside a healthy one, one of which a thing was changed.
fn with(id: &str, change: impl FnOnce(&mut Collector)) -> Reading {
    let mut it = collector("qa");
    change(&mut it);
    reading(id, vec![collector("prod"), it])
}

fn numbers_of(it: &mut Collector) -> &mut Numbers {
    it.numbers.as_mut().unwrap()
}

fn seen_of(it: &mut Collector) -> &mut Seen {
    it.seen.as_mut().unwrap().as_mut().unwrap()
}

#[test]
fn healthy_ones_are_ok() {
    for check in CHECKS {
        let Reading { verdict, evidence } = with(check.id, |_| ());
        assert_eq!(verdict, Verdict::Ok, "{}: {evidence}", check.id);
        assert!(
            evidence.contains("prod (dp-prod-01)") && evidence.contains("qa (dp-qa-01)"),
            "{}: {evidence}",
            check.id
        );
    }
}

#[test]
fn one_that_has_just_started_needs_nothing_done() {
    for check in CHECKS {
        let Reading { verdict, evidence } = with(check.id, |it| {
            numbers_of(it).started_at = NOW - 5.0;
            numbers_of(it).accepted = 0.0;
            *seen_of(it) = Seen::default();
        });
        assert!(verdict.is_good(), "{}: {evidence}", check.id);
    }
}

#[test]
fn one_that_is_down_is_named() {
    let dead = |is_local| {
        with("collector-ready", |it| {
            it.is_local = is_local;
            it.ready = Err("cannot be reached: refused".to_owned());
        })
    };
    assert_eq!(
        dead(true),
        Reading::down("qa (dp-qa-01) cannot be reached: refused")
    );
    assert_eq!(
        dead(false),
        Reading::degraded("qa (dp-qa-01) cannot be reached: refused, on another machine")
    );
}

#[test]
fn one_that_is_not_scraped_is_named() {
    let scrape = |scrape| with("collector-scraped", |it| seen_of(it).scrape = scrape);
    assert_eq!(
        scrape(Some((false, 3.0))),
        Reading::down("qa (dp-qa-01) is ready, and Prometheus cannot scrape it")
    );
    assert_eq!(
        scrape(Some((true, 200.0))),
        Reading::stale("qa (dp-qa-01) was scraped 3 min ago")
    );
    assert_eq!(scrape(None), Reading::down("qa (dp-qa-01) is not scraped"));
    let elsewhere = |scrape| {
        with("collector-scraped", |it| {
            it.is_local = false;
            seen_of(it).scrape = scrape;
        })
    };
    assert_eq!(
        elsewhere(Some((false, 3.0))),
        Reading::degraded("qa (dp-qa-01) is ready, and Prometheus cannot scrape it, on another machine")
    );
    assert_eq!(
        elsewhere(Some((true, 200.0))).verdict,
        Verdict::Degraded,
        "it is slow to answer, or its clock is another one"
    );
    assert_eq!(
        elsewhere(None),
        Reading::degraded("qa (dp-qa-01) is not scraped, on another machine")
    );
    assert_eq!(
        with("collector-scraped", |it| {
            it.ready = Err("cannot be reached".to_owned());
            it.is_local = false;
            seen_of(it).scrape = Some((false, 3.0));
        }),
        Reading::degraded("qa (dp-qa-01) does not answer Prometheus, on another machine")
    );
    assert_eq!(
        with("collector-scraped", |it| {
            it.seen = Some(Err("cannot be reached".to_owned()));
        }),
        Reading::unknown("Prometheus cannot be reached")
    );
    let alone = Collector {
        seen: None,
        ..collector("qa")
    };
    assert_eq!(
        reading("collector-scraped", vec![alone]),
        Reading::not_applicable("the box has no Prometheus")
    );
}

#[test]
fn a_prometheus_that_has_just_started_has_scraped_nothing() {
    let mut it = collector("qa");
    seen_of(&mut it).scrape = None;
    let mut prometheus = crate::check::prometheus::tests::healthy();
    prometheus.numbers.as_mut().unwrap().started_at = NOW - 5.0;
    let facts = Facts {
        at: NOW,
        data_planes: Some(DataPlanes { collectors: vec![it] }),
        prometheus: Some(prometheus),
        ..Facts::default()
    };
    assert_eq!(
        check::reading("collector-scraped", &facts),
        Reading::ok("qa (dp-qa-01) was started 5 s ago")
    );
}

#[test]
fn times_after_now_excuse_nothing() {
    let reading = with("collector-scraped", |it| {
        it.is_local = false;
        numbers_of(it).started_at = NOW + 3600.0;
        seen_of(it).scrape = None;
    });
    assert_eq!(
        reading,
        Reading::degraded("qa (dp-qa-01) is not scraped, on another machine")
    );
    assert_eq!(
        with("collector-scraped", |it| seen_of(it).scrape =
            Some((true, -200.0))),
        Reading::stale("qa (dp-qa-01) was scraped 3 min after now: a clock was put")
    );
}

#[test]
fn one_without_traffic_is_not_bad() {
    assert_eq!(
        with("collector-traffic", |it| seen_of(it).accepted = Some(0.0)),
        Reading::no_traffic(
            "qa (dp-qa-01) none in five minutes, prod (dp-prod-01) 1680 points in five minutes"
        )
    );
    // without Prometheus, what the collector counts is all there is
    assert_eq!(
        with("collector-traffic", |it| it.seen = None),
        Reading::ok(
            "prod (dp-prod-01) 1680 points in five minutes, qa (dp-qa-01) 10000 points since its start"
        )
    );
    assert_eq!(
        with("collector-traffic", |it| {
            it.numbers = Err("cannot be reached".to_owned());
        }),
        Reading::unknown("cannot be asked: qa (dp-qa-01)")
    );
}

#[test]
fn rejections_are_told_with_their_reasons() {
    let rejected = BTreeMap::from([("late_delta".to_owned(), 3.0), ("series_limit".to_owned(), 70.0)]);
    assert_eq!(
        with("collector-rejections", |it| seen_of(it).rejected = rejected),
        Reading::degraded("qa (dp-qa-01) rejected in a quarter of an hour: 70 series_limit, 3 late_delta")
    );
    // what was long ago is over
    assert_eq!(
        with("collector-rejections", |it| {
            numbers_of(it).rejected.insert("late_delta".to_owned(), 3.0);
        })
        .verdict,
        Verdict::Ok
    );
    assert_eq!(
        with("collector-rejections", |it| {
            numbers_of(it).rejected.insert("late_delta".to_owned(), 3.0);
            it.seen = None;
        }),
        Reading::degraded("qa (dp-qa-01) rejected since its start: 3 late_delta")
    );
}

#[test]
fn one_that_is_nearly_full_is_told() {
    assert_eq!(
        with("collector-room", |it| numbers_of(it).series = 900.0),
        Reading::degraded("qa (dp-qa-01) 900 series (90 %) in 600.0 KiB (59 %)")
    );
    assert_eq!(
        with("collector-room", |it| {
            numbers_of(it).series_bytes = 1000.0 * 1024.0;
        }),
        Reading::degraded("qa (dp-qa-01) 500 series (50 %) in 1000.0 KiB (98 %)")
    );
}

#[test]
fn state_that_cannot_be_written_is_told() {
    assert_eq!(
        with("collector-state", |it| {
            seen_of(it).state_failures.insert("append".to_owned(), 2.0);
        }),
        Reading::degraded("qa (dp-qa-01) failed in a quarter of an hour: 2 append")
    );
}
