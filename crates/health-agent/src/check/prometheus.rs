//! Prometheus and what it scrapes: what must hold.

use crate::check::phrase::{bytes, count, few, said, time};
use crate::check::{Category, Check, Severity};
use crate::facts::prometheus::{Growth, Numbers, Prometheus, RuleGroup, Target};
use crate::facts::{Answer, Facts, Timestamp};
use crate::verdict::Reading;

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "prometheus-ready",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "Prometheus is ready",
        fix: "Look at what it says: {log prometheus}; after a crash it reads its WAL for up to some minutes before it is ready",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| ready(&it.ready)),
    },
    Check {
        id: "prometheus-config",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "Prometheus runs with its newest configuration",
        fix: "Run `promtool check config` on the file that its flag --config.file names, correct it, and run {reload prometheus}",
        runbook: None,
        before_start: false,
        judge: |facts| numbers(facts, reload),
    },
    Check {
        id: "prometheus-ingesting",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "Prometheus takes samples in",
        fix: "See which targets fail (prometheus-targets), whether the clock was put (clock-synchronized), and look for \"out of bounds\", \"out of order\" or \"no space left\" in {log prometheus}",
        runbook: None,
        before_start: false,
        judge: |facts| numbers(facts, ingesting),
    },
    Check {
        id: "prometheus-targets",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "What Prometheus scrapes answers it",
        fix: "Start the part that is down, or correct its address in the target file under targets/ beside prometheus.yml",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, targets),
    },
    Check {
        id: "prometheus-jobs",
        category: Category::Prometheus,
        severity: Severity::Advisory,
        title: "Prometheus scrapes all that this box has",
        fix: "Add the missing target to the file of its job under targets/ beside prometheus.yml; Prometheus reads it within half a minute",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| jobs(it)),
    },
    Check {
        id: "prometheus-wal",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "Prometheus' WAL is whole",
        fix: "Make room on its disk if writes failed, then run {restart prometheus} at once: a later restart would lose all samples written after the torn record on this replica; a record that was found torn at the start needs no restart, only a look at what tore it",
        runbook: Some("prometheus-wal"),
        before_start: false,
        judge: |facts| numbers(facts, wal),
    },
    Check {
        id: "prometheus-compaction",
        category: Category::Prometheus,
        severity: Severity::Advisory,
        title: "Prometheus compacts its blocks",
        fix: "Look for \"compaction failed\" in {log prometheus}; without room on the disk or with a broken block it goes on failing",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| remembered(&it.growth, compaction)),
    },
    Check {
        id: "prometheus-series",
        category: Category::Prometheus,
        severity: Severity::Advisory,
        title: "Prometheus holds no more series than the box is made for",
        fix: "Find what there is most of (`curl {url prometheus}/api/v1/status/tsdb`), drop it by metric_relabel_configs or in the collector, or take a larger class of box",
        runbook: None,
        before_start: false,
        judge: |facts| numbers(facts, series),
    },
    Check {
        id: "prometheus-retention",
        category: Category::Prometheus,
        severity: Severity::Advisory,
        title: "Prometheus keeps samples for as long as it should",
        fix: "Raise storage.tsdb.retention.size if the disk has room, or lower the number of series",
        runbook: None,
        before_start: false,
        judge: |facts| numbers(facts, retention),
    },
    Check {
        id: "prometheus-rules",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "Prometheus evaluates its rules",
        fix: "Correct the rule that fails (`promtool check rules`), or make the group that is too slow smaller; the errors are under {url prometheus}/api/v1/rules",
        runbook: None,
        before_start: false,
        judge: |facts| numbers(facts, rules),
    },
    Check {
        id: "prometheus-flags",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "Prometheus writes blocks that Thanos can keep",
        fix: "Take the flag or the setting back as stack/prometheus has it, before the next block is written, and run {restart prometheus}",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| flags(it)),
    },
    Check {
        id: "prometheus-labels",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "Prometheus says who it is",
        fix: "Give the process SIGNALBOX_CLUSTER, SIGNALBOX_REGION and SIGNALBOX_REPLICA, the last one being the name of the box, and restart it",
        runbook: None,
        before_start: false,
        judge: |facts| of(facts, |it, _| labels(it)),
    },
    Check {
        id: "prometheus-notifications",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "Prometheus sends its alerts to every Alertmanager",
        fix: "Start the Alertmanager that does not answer, or correct targets/alertmanagers.json beside prometheus.yml",
        runbook: None,
        before_start: false,
        judge: |facts| numbers(facts, notifications),
    },
];

/// So long after its start, what has not happened yet is not missed.
const STARTING: f64 = 60.0;

/// So far ahead of now Prometheus takes the times that a target writes itself.
const TAKEN_AHEAD: f64 = 600.0;

fn of(facts: &Facts, judge: impl FnOnce(&Prometheus, Timestamp) -> Reading) -> Reading {
    match &facts.prometheus {
        Some(it) => judge(it, facts.at),
        None => Reading::not_applicable("the box has no Prometheus"),
    }
}

/// Judges what it tells of itself.
fn numbers(facts: &Facts, judge: impl FnOnce(&Prometheus, &Numbers, Timestamp) -> Reading) -> Reading {
    of(facts, |it, now| match &it.numbers {
        Ok(numbers) => judge(it, numbers, now),
        Err(why) => Reading::unknown(format!("its metrics: {}", said(why))),
    })
}

fn remembered(growth: &Answer<Growth>, judge: impl FnOnce(&Growth) -> Reading) -> Reading {
    match growth {
        Ok(growth) => judge(growth),
        Err(why) => Reading::unknown(format!("a query {}", said(why))),
    }
}

fn ready(ready: &Answer<()>) -> Reading {
    match ready {
        Ok(()) => Reading::ok("/-/ready answers"),
        Err(why) => Reading::down(format!("/-/ready {}", said(why))),
    }
}

fn reload(_: &Prometheus, numbers: &Numbers, now: Timestamp) -> Reading {
    let age = time(now - numbers.reloaded_at);
    if numbers.reload_successful {
        Reading::ok(format!("taken over {age} ago"))
    } else {
        Reading::down(format!(
            "the last one was refused; that of {age} ago is still in force"
        ))
    }
}

fn ingesting(it: &Prometheus, numbers: &Numbers, now: Timestamp) -> Reading {
    let running = now - numbers.started_at;
    let interval = it
        .configuration
        .as_ref()
        .map_or(0.0, |configuration| configuration.scrape_interval);
    let allowed = (2.0 * interval).max(30.0);
    let age = now - numbers.newest_sample_at;
    // what is older than what it has, it drops, whatever it counted before
    if age < -allowed {
        return ahead(-age);
    }
    let appended = numbers.samples_appended;
    if age <= allowed && appended > 0.0 {
        return Reading::ok(format!(
            "the newest sample is {} old, {appended} were taken in {}",
            time(age),
            time(running)
        ));
    }
    if running < STARTING.max(allowed) {
        return Reading::ok(format!("it was started {} ago", time(running)));
    }
    if appended > 0.0 {
        Reading::stale(format!(
            "the newest sample is {} old, more than {}",
            time(age),
            time(allowed)
        ))
    } else {
        Reading::stale(format!(
            "it took no sample in the {} since its start",
            time(running)
        ))
    }
}

/// The clock is nothing that the box can be held to, and not what it was asked for.
fn ahead(seconds: f64) -> Reading {
    let evidence = format!(
        "the newest sample is {} after now: the clock was put back, and nothing is taken until then",
        time(seconds)
    );
    if seconds > TAKEN_AHEAD {
        Reading::unknown(evidence)
    } else {
        Reading::degraded(format!(
            "{evidence}, or a target that writes the times itself is ahead"
        ))
    }
}

fn targets(it: &Prometheus, now: Timestamp) -> Reading {
    let targets = match &it.targets {
        Ok(targets) => targets,
        Err(why) => return Reading::unknown(format!("api/v1/targets {}", said(why))),
    };
    let up = targets.iter().filter(|target| target.health == "up").count();
    let down: Vec<_> = targets.iter().filter(|target| target.health == "down").collect();
    let all = format!("{up} of {} up", count(targets.len(), "target"));
    if down.is_empty() {
        let started_at = it.numbers.as_ref().map_or(now, |numbers| numbers.started_at);
        return if up > 0 || now - started_at < STARTING {
            Reading::ok(all)
        } else {
            Reading::down(format!("{all}: nothing was scraped yet"))
        };
    }
    let names = few(down.iter().map(|target| {
        format!(
            "{}/{} ({})",
            target.job,
            target.instance,
            said(&target.last_error)
        )
    }));
    let is_own = |target: &&&Target| {
        target.job == "prometheus" && target.box_name.as_deref() == Some(it.box_name.as_str())
    };
    if up == 0 {
        Reading::down(format!("{all}: {names}"))
    } else if down.iter().any(|target| is_own(&target)) {
        Reading::down(format!("{all}, not even itself: {names}"))
    } else {
        Reading::degraded(format!("{all}, down: {names}"))
    }
}

fn jobs(it: &Prometheus) -> Reading {
    let targets = match &it.targets {
        Ok(targets) => targets,
        Err(why) => return Reading::unknown(format!("api/v1/targets {}", said(why))),
    };
    let missing: Vec<_> = it
        .expected_jobs
        .iter()
        .filter(|job| targets.iter().all(|target| target.job != **job))
        .collect();
    if missing.is_empty() {
        Reading::ok(format!(
            "{} have targets",
            count(it.expected_jobs.len(), "expected job")
        ))
    } else {
        Reading::degraded(format!("no target in {}", few(missing)))
    }
}

fn wal(_: &Prometheus, numbers: &Numbers, now: Timestamp) -> Reading {
    let running = now - numbers.started_at;
    let since = time(running);
    if numbers.wal_writes_failed > 0.0 {
        return Reading::degraded(format!(
            "{} writes failed in the {since} since its start: a record is torn",
            numbers.wal_writes_failed
        ));
    }
    // nothing takes the count away but a restart; what was lost is lost, and it is told for a day
    if numbers.wal_corruptions > 0.0 && running < 86_400.0 {
        return Reading::degraded(format!(
            "a torn record was found at the start {since} ago: samples of this replica behind it are gone"
        ));
    }
    Reading::ok(format!("no write failed in the {since} since its start"))
}

fn compaction(growth: &Growth) -> Reading {
    match growth.compactions_failed {
        0.0 => Reading::ok("none failed in three hours"),
        failed => Reading::degraded(format!("{failed} failed in three hours")),
    }
}

fn series(it: &Prometheus, numbers: &Numbers, _: Timestamp) -> Reading {
    let (series, memory) = (numbers.series, bytes(numbers.memory_bytes));
    let Some(max) = it.max_series.map(|max| max as f64) else {
        return Reading::ok(format!("{series} series in {memory}; no maximum is set"));
    };
    let share = series / max;
    let evidence = format!("{series} series of {max} ({:.0} %) in {memory}", share * 100.0);
    if share > 0.8 {
        Reading::degraded(evidence)
    } else {
        Reading::ok(evidence)
    }
}

fn retention(_: &Prometheus, numbers: &Numbers, now: Timestamp) -> Reading {
    const A_DAY: f64 = 86_400.0;
    let (size, limit, wanted) = (
        numbers.storage_bytes,
        numbers.retention_bytes,
        numbers.retention_seconds,
    );
    let span = now - numbers.oldest_sample_at;
    let kept = bytes(size);
    if limit <= 0.0 || wanted <= 0.0 {
        return Reading::ok(format!("{kept}; only one limit is set"));
    }
    let evidence = format!("{kept} of {} in {}", bytes(limit), time(span));
    // a rate over less says little; one without samples has none
    if span < A_DAY || numbers.oldest_sample_at <= 0.0 {
        return Reading::ok(evidence);
    }
    let lasts = span * limit / size.max(1.0);
    if lasts < wanted {
        Reading::degraded(format!(
            "{evidence}: at this rate the size lasts for {}, not for {}",
            time(lasts),
            time(wanted)
        ))
    } else {
        Reading::ok(evidence)
    }
}

fn rules(it: &Prometheus, numbers: &Numbers, now: Timestamp) -> Reading {
    let failing = match &it.failing_rules {
        Ok(failing) => failing,
        Err(why) => return Reading::unknown(format!("api/v1/rules {}", said(why))),
    };
    let groups = &numbers.rule_groups;
    if groups.is_empty() {
        return Reading::down("it has no rules");
    }
    let mut found = vec![];
    if !failing.is_empty() {
        let names = failing
            .iter()
            .map(|rule| format!("{}/{} ({})", rule.group, rule.rule, said(&rule.last_error)));
        found.push(Reading::degraded(format!("failing: {}", few(names))));
    }
    let late = |group: &&RuleGroup| {
        let since = now - group.evaluated_at.unwrap_or(numbers.started_at);
        // one that is after now was before the clock was put back
        since.abs() > (3.0 * group.interval).max(STARTING)
    };
    let late: Vec<_> = groups.iter().filter(late).map(|group| &group.name).collect();
    if !late.is_empty() {
        found.push(Reading::stale(format!("no longer evaluated: {}", few(late))));
    }
    let slow: Vec<_> = groups
        .iter()
        .filter(|group| group.took >= group.interval && group.interval > 0.0)
        .map(|group| format!("{} ({:.1} s every {} s)", group.name, group.took, group.interval))
        .collect();
    if !slow.is_empty() {
        found.push(Reading::degraded(format!("too slow: {}", few(slow))));
    }
    let missed = it.growth.as_ref().map_or(0.0, |growth| growth.iterations_missed);
    if missed > 0.0 {
        found.push(Reading::degraded(format!(
            "{missed} evaluations missed in a quarter of an hour"
        )));
    }
    let longest = groups.iter().map(|group| group.took).fold(0.0, f64::max);
    Reading::worst(
        found,
        format!(
            "{}, the slowest took {:.0} ms",
            count(groups.len(), "group"),
            longest * 1e3
        ),
    )
}

fn flags(it: &Prometheus) -> Reading {
    if !it.has_sidecar {
        return Reading::not_applicable("no sidecar of Thanos takes its blocks");
    }
    let (flags, configuration) = match (&it.flags, &it.configuration) {
        (Ok(flags), Ok(configuration)) => (flags, configuration),
        (Err(why), _) => return Reading::unknown(format!("api/v1/status/flags {}", said(why))),
        (_, Err(why)) => return Reading::unknown(format!("api/v1/status/config {}", said(why))),
    };
    let flag = |name: &str| flags.get(name).map_or("", String::as_str);
    let mut wrong = vec![];
    let (shortest, longest) = (
        flag("storage.tsdb.min-block-duration"),
        flag("storage.tsdb.max-block-duration"),
    );
    if flag("storage.tsdb.delay-compact-file.path").is_empty() && shortest != longest {
        wrong.push(format!(
            "blocks are compacted before they are uploaded: storage.tsdb.delay-compact-file.path is not set, and blocks span {shortest} to {longest}"
        ));
    }
    for feature in flag("enable-feature").split(',').map(str::trim) {
        if matches!(feature, "xor2-encoding" | "st-storage") {
            wrong.push(format!(
                "the feature {feature} writes chunks that Thanos cannot read"
            ));
        }
    }
    if let Some(encoding) = configuration.float_encoding.as_deref()
        && encoding != "xor"
    {
        wrong.push(format!(
            "storage.tsdb.chunk_encoding.floats is {encoding}, which Thanos cannot read"
        ));
    }
    if let Some(window) = &configuration.out_of_order_window {
        wrong.push(format!(
            "out_of_order_time_window is {window}: blocks may overlap, and the compactor halts"
        ));
    }
    if wrong.is_empty() {
        Reading::ok("compaction waits for the upload, chunks are xor, no late samples")
    } else {
        Reading::down(wrong.join("; "))
    }
}

fn labels(it: &Prometheus) -> Reading {
    let labels = match &it.configuration {
        Ok(configuration) => &configuration.external_labels,
        Err(why) => return Reading::unknown(format!("api/v1/status/config {}", said(why))),
    };
    let is_missing = |name: &&str| labels.get(*name).is_none_or(String::is_empty);
    let missing: Vec<_> = ["cluster", "region", "replica"]
        .into_iter()
        .filter(is_missing)
        .collect();
    let are = few(labels.iter().map(|(name, value)| format!("{name}={value}")));
    if !missing.is_empty() {
        return Reading::down(format!(
            "{} missing from the external labels ({are})",
            few(missing)
        ));
    }
    if labels["replica"] != it.box_name {
        return Reading::degraded(format!("{are}, on the box {}", it.box_name));
    }
    Reading::ok(are)
}

fn notifications(it: &Prometheus, numbers: &Numbers, _: Timestamp) -> Reading {
    if it.expected_alertmanagers == 0 {
        return Reading::not_applicable("the box has no Alertmanager");
    }
    let (known, expected) = (numbers.alertmanagers, it.expected_alertmanagers);
    let knows = format!("{known} of {}", count(expected, "Alertmanager"));
    if known == 0.0 {
        return Reading::down(format!("knows {knows}"));
    }
    let growth = match &it.growth {
        Ok(growth) => growth,
        Err(why) => return Reading::unknown(format!("knows {knows}; a query {}", said(why))),
    };
    // a single one that did not arrive is sent again within a minute
    let failing: Vec<_> = growth
        .alerts_lost
        .iter()
        .filter_map(|(alertmanager, lost)| {
            let arrived = growth.alerts_arrived.get(alertmanager).unwrap_or(&0.0);
            (*lost >= 2.0 && lost >= arrived)
                .then(|| format!("{alertmanager} ({lost} of {} in five minutes)", lost + arrived))
        })
        .collect();
    if !failing.is_empty() && failing.len() as f64 >= known {
        return Reading::down(format!("no alert arrives: {}", few(failing)));
    }
    if !failing.is_empty() {
        return Reading::degraded(format!("alerts do not arrive at {}", few(failing)));
    }
    if known < expected as f64 {
        return Reading::degraded(format!("knows {knows}"));
    }
    Reading::ok(format!("knows {knows}, and alerts arrive"))
}

#[cfg(test)]
pub(super) mod tests;
