//! Alertmanager, Pushgateway, dashboard: what must hold.

use crate::check::phrase::{count, few, said, time};
use crate::check::{Category, Check, Severity};
use crate::facts::alerting::{Alertmanager, Notifications, Pushgateway};
use crate::facts::{Answer, Facts, Timestamp};
use crate::verdict::Reading;

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "alertmanager-ready",
        category: Category::Alerting,
        severity: Severity::Required,
        title: "Alertmanager is ready",
        fix: "Look at what it says: {log alertmanager}; check its file by `amtool check-config`",
        runbook: None,
        before_start: false,
        judge: |facts| alertmanager(facts, |it, _| ready(&it.ready, "/-/ready")),
    },
    Check {
        id: "alertmanager-config",
        category: Category::Alerting,
        severity: Severity::Required,
        title: "Alertmanager runs with its newest configuration",
        fix: "Run `amtool check-config` on its file, correct it, and run {reload alertmanager}",
        runbook: None,
        before_start: false,
        judge: |facts| alertmanager(facts, |it, _| config(it)),
    },
    Check {
        id: "alertmanager-cluster",
        category: Category::Alerting,
        severity: Severity::Advisory,
        title: "Both Alertmanagers of the pair know each other",
        fix: "Start the other box's Alertmanager ({start alertmanager there}), and see that TCP and UDP port 9094 is open between the boxes; until then people are told twice",
        runbook: None,
        before_start: false,
        judge: |facts| alertmanager(facts, |it, _| cluster(it)),
    },
    Check {
        id: "alertmanager-pair",
        category: Category::Alerting,
        severity: Severity::Advisory,
        title: "Both Alertmanagers of the pair have the same configuration",
        fix: "Bring both boxes to the same generation: with different routes an alert is told twice, or to other people",
        runbook: None,
        before_start: false,
        judge: |facts| alertmanager(facts, |it, _| pair(it)),
    },
    Check {
        id: "alertmanager-notifications",
        category: Category::Alerting,
        severity: Severity::Advisory,
        title: "Notifications reach their receivers",
        fix: "Look for \"Notify for alerts failed\" in {log alertmanager}, and check the receiver's address and secret",
        runbook: None,
        before_start: false,
        judge: |facts| alertmanager(facts, |it, _| notifications(it)),
    },
    Check {
        id: "alertmanager-watchdog",
        category: Category::Alerting,
        severity: Severity::Required,
        title: "Alerts come from Prometheus to Alertmanager",
        fix: "See that Prometheus evaluates its rules (prometheus-rules) and knows this Alertmanager (prometheus-notifications); expire the silence if there is one",
        runbook: Some("Watchdog"),
        before_start: false,
        judge: |facts| alertmanager(facts, watchdog),
    },
    Check {
        id: "alertmanager-silences",
        category: Category::Alerting,
        severity: Severity::Advisory,
        title: "No silence is forgotten",
        fix: "Expire what is no longer wanted: `amtool --alertmanager.url={url alertmanager} silence expire ID`, or correct the rule in place of silencing it for weeks",
        runbook: None,
        before_start: false,
        judge: |facts| alertmanager(facts, silences),
    },
    Check {
        id: "pushgateway-ready",
        category: Category::Alerting,
        severity: Severity::Required,
        title: "The Pushgateway is ready",
        fix: "Look at what it says: {log pushgateway}; batch jobs cannot push meanwhile",
        runbook: None,
        before_start: false,
        judge: |facts| pushgateway(facts, |it| ready(&it.ready, "/-/ready")),
    },
    Check {
        id: "pushgateway-groups",
        category: Category::Alerting,
        severity: Severity::Advisory,
        title: "What batch jobs push is taken",
        fix: "Correct the job: its last push was not consistent with what others pushed (a type that differs, a timestamp, a series twice), or has a metric of a name that the Pushgateway uses itself",
        runbook: None,
        before_start: false,
        judge: |facts| pushgateway(facts, groups),
    },
    Check {
        id: "dashboard-ready",
        category: Category::Alerting,
        severity: Severity::Required,
        title: "The dashboard is ready",
        fix: "Look at what it says: {log dashboard}",
        runbook: None,
        before_start: false,
        judge: |facts| {
            let dashboard = facts.alerting.as_ref().and_then(|it| it.dashboard.as_ref());
            dashboard.map_or_else(
                || Reading::not_applicable("the box has no dashboard"),
                |it| ready(it, "/readyz"),
            )
        },
    },
];

/// So long after its start, Alertmanager may not have heard of the Watchdog: Prometheus tells of it once a minute, and with the next
/// evaluation of the rule after that.
const STARTING: f64 = 150.0;

fn alertmanager(facts: &Facts, judge: impl FnOnce(&Alertmanager, Timestamp) -> Reading) -> Reading {
    let it = facts.alerting.as_ref().and_then(|it| it.alertmanager.as_ref());
    it.map_or_else(
        || Reading::not_applicable("the box has no Alertmanager"),
        |it| judge(it, facts.at),
    )
}

fn pushgateway(facts: &Facts, judge: impl FnOnce(&Pushgateway) -> Reading) -> Reading {
    let it = facts.alerting.as_ref().and_then(|it| it.pushgateway.as_ref());
    it.map_or_else(|| Reading::not_applicable("the box has no Pushgateway"), judge)
}

fn ready(ready: &Answer<()>, path: &str) -> Reading {
    match ready {
        Ok(()) => Reading::ok(format!("{path} answers")),
        Err(why) => Reading::down(format!("{path} {}", said(why))),
    }
}

fn config(it: &Alertmanager) -> Reading {
    match &it.numbers {
        Ok(numbers) if numbers.reload_successful => Reading::ok("taken over"),
        Ok(_) => Reading::down("the last one was refused; the one before is still in force"),
        Err(why) => Reading::unknown(format!("its metrics: {}", said(why))),
    }
}

fn cluster(it: &Alertmanager) -> Reading {
    if it.expected_members < 2 {
        return Reading::not_applicable("the box is alone");
    }
    match &it.cluster {
        Ok(cluster) => {
            let evidence = format!(
                "{}, {} of {}: {}",
                cluster.status,
                cluster.members.len(),
                count(it.expected_members, "member"),
                few(&cluster.members)
            );
            if cluster.members.len() < it.expected_members {
                Reading::degraded(evidence)
            } else {
                Reading::ok(evidence)
            }
        }
        Err(why) => Reading::unknown(format!("api/v2/status {}", said(why))),
    }
}

fn pair(it: &Alertmanager) -> Reading {
    match (&it.numbers, &it.peer_config_hash) {
        (_, None) => Reading::not_applicable("the box is alone"),
        (Err(why), _) => Reading::unknown(format!("its metrics: {}", said(why))),
        (_, Some(Err(why))) => Reading::unknown(format!("the peer's {}", said(why))),
        (Ok(numbers), Some(Ok(theirs))) => {
            let ours = numbers.config_hash;
            if ours.to_bits() == theirs.to_bits() {
                Reading::ok(format!("both have the hash {ours}"))
            } else {
                Reading::degraded(format!("this one has the hash {ours}, the peer's {theirs}"))
            }
        }
    }
}

fn notifications(it: &Alertmanager) -> Reading {
    let (seen, when) = match (&it.recent, &it.numbers) {
        (Some(Ok(recent)), _) => (recent, "in a quarter of an hour"),
        (_, Ok(numbers)) => (&numbers.notifications, "since its start"),
        (_, Err(why)) => return Reading::unknown(format!("its metrics: {}", said(why))),
    };
    let failed = failures(seen);
    // a sum of nothing would be -0
    let sum = seen
        .attempted
        .values()
        .fold(0.0, |sum, attempted| sum + attempted);
    if failed.is_empty() {
        Reading::ok(format!("{sum} {when}, none failed"))
    } else {
        Reading::degraded(format!("failed {when}: {}", few(failed)))
    }
}

/// By integration and reason. What was cancelled is tried again with what took its place.
fn failures(seen: &Notifications) -> Vec<String> {
    let failed = seen.failed.iter();
    failed
        .filter(|((_, reason), _)| reason != "contextCanceled")
        .map(|((integration, reason), failed)| {
            let attempted = seen.attempted.get(integration).copied().unwrap_or(*failed);
            format!("{failed} of {attempted} by {integration} ({reason})")
        })
        .collect()
}

fn watchdog(it: &Alertmanager, now: Timestamp) -> Reading {
    // Prometheus tells of it once a minute, and Alertmanager forgets what it has not heard of for four
    const TOO_OLD: f64 = 180.0;
    let watchdog = match &it.watchdog {
        Ok(watchdog) => watchdog,
        Err(why) => return Reading::unknown(format!("api/v2/alerts {}", said(why))),
    };
    let Some(watchdog) = watchdog else {
        let started_at = it.numbers.as_ref().map_or(0.0, |numbers| numbers.started_at);
        return if now - started_at < STARTING {
            Reading::ok(format!(
                "it was started {} ago and has not heard of the Watchdog yet",
                time(now - started_at)
            ))
        } else {
            Reading::down("the Watchdog, which always fires, is not there")
        };
    };
    let heard = format!(
        "the Watchdog was heard of {} ago",
        time(now - watchdog.updated_at)
    );
    if now - watchdog.updated_at > TOO_OLD {
        Reading::stale(heard)
    } else if watchdog.state == "suppressed" {
        Reading::degraded(format!("{heard}, and is silenced: nobody hears the heartbeat"))
    } else {
        Reading::ok(heard)
    }
}

fn silences(it: &Alertmanager, now: Timestamp) -> Reading {
    const LONG: f64 = 7.0 * 86_400.0;
    let silences = match &it.silences {
        Ok(silences) => silences,
        Err(why) => return Reading::unknown(format!("api/v2/silences {}", said(why))),
    };
    let long: Vec<_> = silences
        .iter()
        .filter(|silence| silence.ends_at - silence.starts_at > LONG)
        .map(|silence| {
            format!(
                "{{{}}} by {} for {} more",
                said(&silence.matchers),
                said(&silence.created_by),
                time(silence.ends_at - now)
            )
        })
        .collect();
    if long.is_empty() {
        Reading::ok(format!("{} in force", count(silences.len(), "silence")))
    } else {
        Reading::degraded(format!("longer than a week: {}", few(long)))
    }
}

fn groups(it: &Pushgateway) -> Reading {
    let groups = match &it.groups {
        Ok(groups) => groups,
        Err(why) => return Reading::unknown(format!("api/v1/metrics {}", said(why))),
    };
    let mut found = vec![];
    if !groups.refused.is_empty() {
        let refused = groups
            .refused
            .iter()
            .map(|labels| format!("{{{}}}", said(labels)));
        found.push(Reading::degraded(format!(
            "the last push was refused: {}",
            few(refused)
        )));
    }
    if groups.nameless > 0 {
        found.push(Reading::degraded(format!(
            "{} with a metric of the name labels, which hides whose it is",
            count(groups.nameless, "group")
        )));
    }
    Reading::worst(found, count(groups.count, "group"))
}

#[cfg(test)]
pub(super) mod tests;
