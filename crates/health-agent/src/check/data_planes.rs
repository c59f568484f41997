//! Collectors of all data planes: what must hold.

use std::collections::BTreeMap;

use crate::check::phrase::{bytes, few, said, time};
use crate::check::{Category, Check, Severity};
use crate::facts::data_planes::{Collector, Numbers, Seen};
use crate::facts::{Facts, Timestamp};
use crate::verdict::{Reading, Verdict};

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "collector-ready",
        category: Category::DataPlanes,
        severity: Severity::Required,
        title: "Every collector is ready",
        fix: "Start it ({start collector} on its machine), and see that this box reaches the port of its own metrics",
        runbook: Some("DataPlaneDown"),
        before_start: false,
        judge: |facts| each(facts, |it, _| ready(it)),
    },
    Check {
        id: "collector-scraped",
        category: Category::DataPlanes,
        severity: Severity::Required,
        title: "Prometheus scrapes what every collector holds",
        fix: "Check targets/dataplanes.json beside prometheus.yml, and that this box reaches the port of the collected metrics",
        runbook: Some("DataPlaneMissing"),
        before_start: false,
        judge: |facts| each(facts, |it, now| scraped(it, prometheus_started_at(facts), now)),
    },
    Check {
        id: "collector-traffic",
        category: Category::DataPlanes,
        severity: Severity::Advisory,
        title: "Every collector receives data points",
        fix: "See whether the services of the environment run, and whether OTEL_EXPORTER_OTLP_ENDPOINT names its collector",
        runbook: Some("ServiceSilent"),
        before_start: false,
        judge: traffic,
    },
    Check {
        id: "collector-rejections",
        category: Category::DataPlanes,
        severity: Severity::Advisory,
        title: "Collectors take what they are sent",
        fix: "Look for the sender in the collector's log; what a limit refuses is in its settings under limits, the rest is for the sender to correct",
        runbook: None,
        before_start: false,
        judge: |facts| each(facts, |it, _| rejections(it)),
    },
    Check {
        id: "collector-room",
        category: Category::DataPlanes,
        severity: Severity::Advisory,
        title: "Collectors have room for more series",
        fix: "See what there is most of (`curl \"COLLECTOR:8888/debug/series?top=20\"`), drop it by [[process]], or raise limits.series and limits.memory_bytes",
        runbook: None,
        before_start: false,
        judge: |facts| each(facts, |it, _| room(it)),
    },
    Check {
        id: "collector-state",
        category: Category::DataPlanes,
        severity: Severity::Advisory,
        title: "Collectors write down the sums of deltas",
        fix: "Make room on the disk with the collector's state_dir, and see that the collector may write there",
        runbook: None,
        before_start: false,
        judge: |facts| each(facts, |it, _| state(it)),
    },
];

/// So long after its start, what has not happened yet is not missed.
const STARTING: f64 = 60.0;

/// Judges every collector, and says the worst. What is the same everywhere is said once.
fn each(facts: &Facts, judge: impl Fn(&Collector, Timestamp) -> Reading) -> Reading {
    let Some(planes) = &facts.data_planes else {
        return Reading::not_applicable("the site has no collectors");
    };
    let mut readings = vec![];
    for collector in &planes.collectors {
        let reading = judge(collector, facts.at);
        if !readings.contains(&reading) {
            readings.push(reading);
        }
    }
    if readings
        .iter()
        .all(|reading| reading.verdict == Verdict::NotApplicable)
    {
        return Reading::not_applicable(readings.first().map_or("", |reading| &reading.evidence));
    }
    let fine = readings
        .iter()
        .filter(|reading| reading.verdict == Verdict::Ok)
        .map(|reading| reading.evidence.clone());
    let fine = few(fine);
    Reading::worst(readings, fine)
}

/// Whose it is.
fn name(it: &Collector) -> String {
    format!("{} ({})", it.environment, it.data_plane_id)
}

/// One elsewhere is not what this box has to bring back.
fn broken(it: &Collector, evidence: String) -> Reading {
    if it.is_local {
        Reading::down(evidence)
    } else {
        Reading::degraded(format!("{evidence}, on another machine"))
    }
}

/// Judges what the collector tells of itself.
fn numbers(it: &Collector, judge: impl FnOnce(&Numbers) -> Reading) -> Reading {
    match &it.numbers {
        Ok(numbers) => judge(numbers),
        Err(why) => Reading::unknown(format!("{}: its metrics: {}", name(it), said(why))),
    }
}

fn ready(it: &Collector) -> Reading {
    match &it.ready {
        Ok(()) => Reading::ok(name(it)),
        Err(why) => broken(it, format!("{} {}", name(it), said(why))),
    }
}

/// `None` if the box has none, or if it does not say.
fn prometheus_started_at(facts: &Facts) -> Option<Timestamp> {
    let numbers = facts.prometheus.as_ref()?.numbers.as_ref().ok()?;
    Some(numbers.started_at)
}

fn scraped(it: &Collector, prometheus_started_at: Option<Timestamp>, now: Timestamp) -> Reading {
    const TOO_OLD: f64 = 60.0;
    let name = name(it);
    let seen = match &it.seen {
        None => return Reading::not_applicable("the box has no Prometheus"),
        Some(Err(why)) => return Reading::unknown(format!("Prometheus {}", said(why))),
        Some(Ok(seen)) => seen,
    };
    match seen.scrape {
        Some((true, age)) if age.abs() <= TOO_OLD => Reading::ok(format!("{name} {} ago", time(age))),
        Some((true, age)) => {
            let evidence = if age < 0.0 {
                format!("{name} was scraped {} after now: a clock was put", time(-age))
            } else {
                format!("{name} was scraped {} ago", time(age))
            };
            if it.is_local {
                Reading::stale(evidence)
            } else {
                broken(it, evidence)
            }
        }
        // a port that is closed between the machines, say
        Some((false, _)) if it.ready.is_ok() => {
            broken(it, format!("{name} is ready, and Prometheus cannot scrape it"))
        }
        Some((false, _)) => broken(it, format!("{name} does not answer Prometheus")),
        None => {
            let own = it.numbers.as_ref().ok().map(|numbers| numbers.started_at);
            let starts = [own, prometheus_started_at].into_iter().flatten();
            // its clock may be ahead of ours, by a little: further, it tells nothing
            let youngest = starts.map(|at| (now - at).abs()).reduce(f64::min);
            match youngest.filter(|youngest| *youngest < STARTING) {
                Some(youngest) => Reading::ok(format!("{name} was started {} ago", time(youngest))),
                None => broken(it, format!("{name} is not scraped")),
            }
        }
    }
}

/// None of it is bad: nobody has to send.
fn traffic(facts: &Facts) -> Reading {
    let Some(planes) = &facts.data_planes else {
        return Reading::not_applicable("the site has no collectors");
    };
    let (mut active, mut silent, mut unknown) = (vec![], vec![], vec![]);
    for it in &planes.collectors {
        let points = match (&it.seen, &it.numbers) {
            (
                Some(Ok(Seen {
                    accepted: Some(points),
                    ..
                })),
                Ok(_),
            ) => Some((*points, "in five minutes")),
            (_, Ok(numbers)) => Some((numbers.accepted, "since its start")),
            (_, Err(_)) => None,
        };
        match points {
            Some((points, when)) if points > 0.0 => {
                active.push(format!("{} {points} points {when}", name(it)));
            }
            Some((_, when)) => silent.push(format!("{} none {when}", name(it))),
            None => unknown.push(name(it)),
        }
    }
    if !unknown.is_empty() {
        return Reading::unknown(format!("cannot be asked: {}", few(unknown)));
    }
    let all = few(silent.iter().chain(&active));
    if silent.is_empty() {
        Reading::ok(all)
    } else {
        Reading::no_traffic(all)
    }
}

fn rejections(it: &Collector) -> Reading {
    numbers(it, |numbers| {
        let (recent, when) = match &it.seen {
            Some(Ok(seen)) => (&seen.rejected, "in a quarter of an hour"),
            _ => (&numbers.rejected, "since its start"),
        };
        if recent.is_empty() {
            return Reading::ok(format!("{} none", name(it)));
        }
        Reading::degraded(format!("{} rejected {when}: {}", name(it), few(reasons(recent))))
    })
}

/// The most frequent first.
fn reasons(counts: &BTreeMap<String, f64>) -> Vec<String> {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by(|a, b| b.1.total_cmp(a.1));
    counts
        .into_iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect()
}

fn room(it: &Collector) -> Reading {
    const FULL: f64 = 0.8;
    numbers(it, |numbers| {
        let share = |used: f64, max: Option<f64>| max.filter(|max| *max > 0.0).map(|max| used / max);
        let (of_series, of_memory) = (
            share(numbers.series, numbers.max_series),
            share(numbers.series_bytes, numbers.max_series_bytes),
        );
        let percent =
            |share: Option<f64>| share.map_or(String::new(), |share| format!(" ({:.0} %)", share * 100.0));
        let evidence = format!(
            "{} {} series{} in {}{}",
            name(it),
            numbers.series,
            percent(of_series),
            bytes(numbers.series_bytes),
            percent(of_memory)
        );
        if [of_series, of_memory]
            .into_iter()
            .flatten()
            .any(|share| share > FULL)
        {
            Reading::degraded(evidence)
        } else {
            Reading::ok(evidence)
        }
    })
}

fn state(it: &Collector) -> Reading {
    numbers(it, |numbers| {
        let (failures, when) = match &it.seen {
            Some(Ok(seen)) => (&seen.state_failures, "in a quarter of an hour"),
            _ => (&numbers.state_failures, "since its start"),
        };
        if failures.is_empty() {
            Reading::ok(format!("{} no failure", name(it)))
        } else {
            Reading::degraded(format!("{} failed {when}: {}", name(it), few(reasons(failures))))
        }
    })
}

#[cfg(test)]
pub(super) mod tests;
