//! What was sent through the whole pipeline: what must hold.

use crate::check::phrase::{count, time};
use crate::check::{Category, Check, Severity};
use crate::facts::canaries::{Alert, Canaries, DataPlane, Newest, Sender, of};
use crate::facts::{AHEAD, Answer, Facts, Timestamp};
use crate::verdict::{Reading, Verdict};

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "canary-agent",
        category: Category::Canaries,
        severity: Severity::Advisory,
        title: "The health agent runs and sends canaries",
        fix: "Start it by {start health}, or read why it ended in {log health}",
        runbook: Some("HealthAgentDown"),
        before_start: false,
        judge: agent,
    },
    Check {
        id: "canary-collector",
        category: Category::Canaries,
        // a data plane is another machine, and no fault of this one
        severity: Severity::Advisory,
        title: "Every collector takes the canary",
        fix: "Look at the collector that is named: {status collector} on its machine, whether its port is open from \
              here, and canary.bearer_token_file and canary.ca_file in the health agent's settings",
        runbook: Some("CanaryLost"),
        before_start: false,
        judge: collector,
    },
    Check {
        id: "canary-prometheus",
        category: Category::Canaries,
        severity: Severity::Required,
        title: "What collectors took arrives at Prometheus",
        fix: "Look at Prometheus' target of the data plane that is named, its lastError in \
              `curl -s {url prometheus}/api/v1/targets`, and at targets/dataplanes.json",
        runbook: Some("CanaryLost"),
        before_start: false,
        judge: |facts| stored(facts, "Prometheus", |canaries| canaries.prometheus.as_ref()),
    },
    Check {
        id: "canary-thanos",
        category: Category::Canaries,
        severity: Severity::Required,
        title: "What collectors took is shown by Thanos",
        fix: "Look which stores Thanos' query sees in `curl -s {url thanos-query}/api/v1/stores`, and at the sidecar beside \
              Prometheus: {log thanos-sidecar}, {log thanos-query}",
        runbook: Some("CanaryLost"),
        before_start: false,
        judge: |facts| stored(facts, "Thanos", |canaries| canaries.thanos.as_ref()),
    },
    Check {
        id: "canary-alert",
        category: Category::Canaries,
        severity: Severity::Required,
        title: "The test alert comes back from Alertmanager",
        fix: "Look whether Alertmanager has it and may send it: `amtool --alertmanager.url={url alertmanager} alert query \
              alertname=SignalboxCanary`, the silences, and the file canary-url in its working directory",
        runbook: Some("CanaryLost"),
        before_start: false,
        judge: alert,
    },
];

fn agent(facts: &Facts) -> Reading {
    let Some(canaries) = &facts.canaries else {
        return none();
    };
    match &canaries.sender {
        Ok(sender) => Reading::ok(format!("sending for {}", time(facts.at - sender.started_at))),
        Err(why) => Reading::down(format!("the agent {why}")),
    }
}

fn collector(facts: &Facts) -> Reading {
    let Some(canaries) = &facts.canaries else {
        return none();
    };
    if canaries.data_planes.is_empty() {
        return Reading::not_applicable("no collector is configured");
    }
    let readings = canaries.data_planes.iter().map(|plane| {
        let name = &plane.id;
        let age = plane.sent.taken_at.map(|at| facts.at - at);
        match (age, &plane.sent.refusal) {
            (Some(age), _) if age < canaries.max_age => Reading::ok(""),
            (Some(age), Some(why)) => Reading::down(format!(
                "{name}: the collector at {} {why}; it took the last one {} ago",
                plane.collector,
                time(age)
            )),
            (None, Some(why)) => Reading::down(format!("{name}: the collector at {} {why}", plane.collector)),
            (Some(age), None) => Reading::stale(format!("{name}: the last one was sent {} ago", time(age))),
            (None, None) if is_young(facts, canaries) => Reading::no_traffic(""),
            (None, None) => Reading::stale(format!("{name}: none was sent since the agent's start")),
        }
    });
    judged(readings, canaries.data_planes.len(), "taken by")
}

/// Judged where the collector takes canaries: elsewhere the cause is there.
fn stored(facts: &Facts, who: &str, stage: fn(&Canaries) -> Option<&Answer<Vec<Newest>>>) -> Reading {
    let Some(canaries) = &facts.canaries else {
        return none();
    };
    let Some(newest) = stage(canaries) else {
        return Reading::not_applicable(format!("the box has no {who}, or no collector is configured"));
    };
    let newest = match newest {
        Ok(newest) => newest,
        Err(why) => return Reading::down(why.as_str()),
    };
    let fed: Vec<_> = canaries
        .data_planes
        .iter()
        .filter_map(|plane| Some((plane, plane.sent.taken_at?)))
        .filter(|(_, taken_at)| facts.at - taken_at < canaries.max_age)
        .collect();
    if fed.is_empty() {
        return Reading::no_traffic("no collector has taken a canary lately: canary-collector says why");
    }
    let readings = fed.iter().map(|(plane, taken_at)| {
        let name = &plane.id;
        let newest = of(newest, plane);
        let fault = if is_elsewhere(facts, plane) && !is_at_prometheus(facts, plane) {
            // what may keep it from here is over there: a port that is closed, a rule that drops it
            Verdict::Degraded
        } else {
            Verdict::Stale
        };
        if let Some(ahead) = newest
            .map(|newest| newest - facts.at)
            .filter(|ahead| *ahead > AHEAD)
        {
            return Reading::unknown(format!(
                "{name}: the newest at {who} was sent {} after now: the clock was put back",
                time(ahead)
            ));
        }
        // behind what the collector took: a collector that is away is no fault of what comes after it
        if newest.is_some_and(|newest| taken_at - newest < canaries.max_age) {
            return Reading::ok("");
        }
        if is_young(facts, canaries) {
            return Reading::no_traffic("");
        }
        let seen = newest.map_or_else(
            || format!("{name}: {who} has had none for an hour"),
            |newest| {
                format!(
                    "{name}: the newest at {who} was sent {} ago",
                    time(facts.at - newest)
                )
            },
        );
        match &canaries.sender {
            Ok(_) => Reading::new(fault, seen),
            // whether the way works cannot be told yet; the fix of canary-agent comes first
            Err(_) => Reading::degraded(format!("{seen}, and no agent is sending")),
        }
    });
    judged(readings, fed.len(), "there of")
}

/// Whether its collector is on another machine.
fn is_elsewhere(facts: &Facts, plane: &DataPlane) -> bool {
    let collectors = facts.data_planes.iter().flat_map(|planes| &planes.collectors);
    collectors
        .filter(|it| it.environment == plane.environment && it.data_plane_id == plane.id)
        .any(|it| !it.is_local)
}

/// Whether its canaries have come as far as to this box's Prometheus. What loses them behind that is on this box.
fn is_at_prometheus(facts: &Facts, plane: &DataPlane) -> bool {
    let canaries = facts.canaries.as_ref();
    let newest = canaries.and_then(|it| {
        let newest = it.prometheus.as_ref()?.as_ref().ok()?;
        Some((of(newest, plane)?, it.max_age))
    });
    newest.is_some_and(|(newest, max_age)| facts.at - newest < max_age)
}

fn alert(facts: &Facts) -> Reading {
    let Some(canaries) = &facts.canaries else {
        return none();
    };
    if !canaries.alerts {
        return Reading::not_applicable("the box has no Alertmanager");
    }
    let Ok(Sender {
        alert: Some(alert), ..
    }) = &canaries.sender
    else {
        return Reading::not_applicable(
            "the agent alone can see it come back: canary-agent says why it does not",
        );
    };
    let Alert {
        taken_at,
        refusal,
        returned_at,
        held_back,
        ..
    } = alert;
    let age = |at: &Option<Timestamp>| at.map(|at| facts.at - at);
    match (age(returned_at), age(taken_at), refusal, held_back) {
        (Some(returned), ..) if returned < canaries.max_age => {
            Reading::ok(format!("the one of {} ago came back", time(returned)))
        }
        _ if is_young(facts, canaries) => Reading::no_traffic("the agent has only just started"),
        // somebody wants it so, most often while working on the box
        (returned, _, _, Some(by)) => Reading::degraded(format!(
            "Alertmanager holds it back because of {by}: none came back{}",
            last(returned)
        )),
        (returned, _, Some(why), None) => {
            Reading::down(format!("Alertmanager {why}; none came back{}", last(returned)))
        }
        (returned, Some(taken), None, None) => Reading::stale(format!(
            "Alertmanager took one {} ago, and it did not come back; none did{}",
            time(taken),
            last(returned)
        )),
        (returned, None, None, None) => {
            Reading::stale(format!("none was sent, and none came back{}", last(returned)))
        }
    }
}

fn last(returned: Option<f64>) -> String {
    returned.map_or_else(
        || " since the agent's start".to_owned(),
        |age| format!(" since the one of {} ago", time(age)),
    )
}

fn none() -> Reading {
    Reading::not_applicable("no canaries are sent")
}

/// The agent has been sending for less than a canary may take.
fn is_young(facts: &Facts, canaries: &Canaries) -> bool {
    let sender = canaries.sender.as_ref();
    sender.is_ok_and(|sender| facts.at - sender.started_at < canaries.max_age)
}

/// Nothing bad: well, or on their way. `how` continues as in "there of 3 data planes".
fn judged(readings: impl Iterator<Item = Reading>, planes: usize, how: &str) -> Reading {
    let readings: Vec<_> = readings.collect();
    let young = readings
        .iter()
        .any(|reading| reading.verdict == Verdict::NoTraffic);
    let worst = Reading::worst(readings, format!("{how} {}", count(planes, "data plane")));
    if young && worst.verdict.is_good() {
        return Reading::no_traffic(
            "the agent has only just started, and not all of its canaries have arrived",
        );
    }
    worst
}

#[cfg(test)]
mod tests;
