//! The other box of a pair: what must hold.
//!
//! All of it is advisory: a box whose peer is away does its own work. And only what is broken over there counts, never what needs
//! attention there: two boxes that warn because the other one warns would never stop.

use crate::check::phrase::time;
use crate::check::{Category, Check, Severity};
use crate::facts::peer::{Agent, Machine, Peer, Watchdog};
use crate::facts::{AHEAD, Answer, Facts};
use crate::verdict::Reading;

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "peer-reachable",
        category: Category::Peer,
        severity: Severity::Advisory,
        title: "The other box answers",
        fix: "Look whether its machine runs and the network between leads there: `ping` its address from here, its console, the \
              firewall; if the machine runs and refuses, look there what is down: {failed}",
        runbook: Some("HealthAgentDown"),
        before_start: false,
        judge: reachable,
    },
    Check {
        id: "peer-agent",
        category: Category::Peer,
        severity: Severity::Advisory,
        title: "The other box judges itself",
        fix: "Look at its agent over there: {status health there}, {log health there}",
        runbook: Some("HealthAgentDown"),
        before_start: false,
        judge: |facts| with(facts, agent),
    },
    Check {
        id: "peer-healthy",
        category: Category::Peer,
        severity: Severity::Advisory,
        title: "Nothing is broken on the other box",
        fix: "Run {doctor there}: it says what is broken and what to do",
        runbook: Some("BoxBroken"),
        before_start: false,
        judge: |facts| with(facts, healthy),
    },
    Check {
        id: "peer-prometheus",
        category: Category::Peer,
        severity: Severity::Advisory,
        title: "The other box's Prometheus evaluates alerts",
        fix: "Look at Prometheus over there: {log prometheus there}, and whether `curl -s {url prometheus there}/api/v1/rules` \
              has Watchdog",
        runbook: Some("Watchdog"),
        before_start: false,
        judge: |facts| with(facts, prometheus),
    },
    Check {
        id: "peer-alertmanager",
        category: Category::Peer,
        severity: Severity::Advisory,
        title: "The other box's Alertmanager hears of alerts",
        fix: "Look at Alertmanager over there: {log alertmanager there}, and whether targets/alertmanagers.json of both \
              boxes has it",
        runbook: Some("Watchdog"),
        before_start: false,
        judge: |facts| with(facts, alertmanager),
    },
    Check {
        id: "peer-clock",
        category: Category::Peer,
        severity: Severity::Advisory,
        title: "The clocks of both boxes agree",
        fix: "Look on both boxes whether the clock is kept: `timedatectl`, `chronyc tracking`; Thanos takes samples of both for one",
        runbook: None,
        before_start: false,
        judge: |facts| with(facts, clock),
    },
    Check {
        id: "peer-version",
        category: Category::Peer,
        severity: Severity::Advisory,
        title: "Both boxes run the same release",
        fix: "Update the box that is behind, once the other one is healthy: `signalbox-health --version` on both tells which",
        runbook: None,
        before_start: false,
        judge: |facts| with(facts, version),
    },
];

/// Seconds without a round after which what an agent says is old. A round takes a quarter of a minute by default.
const ROUND_IS_OLD: f64 = 180.0;

/// Prometheus tells Alertmanager once a minute that an alert still fires.
const WATCHDOG_IS_OLD: f64 = 300.0;

/// Seconds between clocks from which on samples of both no longer fit together, and from which on Thanos' answers are wrong.
const SKEWED: f64 = 2.0;
const BADLY_SKEWED: f64 = 60.0;

fn reachable(facts: &Facts) -> Reading {
    let Some(peer) = &facts.peer else {
        return alone();
    };
    let name = &peer.box_name;
    let Some(machine) = &peer.machine else {
        return Reading::ok(format!("box {name} answers"));
    };
    let since = match peer.last_seen {
        Some(at) => format!(
            "; Prometheus last saw something of it {} ago",
            time(facts.at - at)
        ),
        None => String::new(),
    };
    Reading::down(match machine {
        Machine::Refuses => format!(
            "the machine of box {name} runs, and nothing of the box does: {} refuses connections{since}",
            peer.agent_at
        ),
        Machine::Listens => format!(
            "the machine of box {name} takes connections, and nothing of the box answers: its agent {}{since}",
            peer.agent.as_ref().err().map_or("does", String::as_str)
        ),
        Machine::Silent(why) => format!(
            "box {name} is off or cannot be reached from here: {}: {why}{since}",
            peer.agent_at
        ),
    })
}

/// A box that does not answer at all is told of once.
fn with(facts: &Facts, judge: fn(&Peer) -> Reading) -> Reading {
    match &facts.peer {
        None => alone(),
        Some(peer) if peer.machine.is_some() => Reading::not_applicable(format!(
            "nothing of box {} answers: peer-reachable says more",
            peer.box_name
        )),
        Some(peer) => judge(peer),
    }
}

fn agent(peer: &Peer) -> Reading {
    let name = &peer.box_name;
    match &peer.agent {
        Err(why) => Reading::down(format!("the agent of box {name} {why}")),
        Ok(Agent::Starting) => Reading::ok(format!("the agent of box {name} has just started")),
        Ok(Agent::Judging(status)) if status.age > ROUND_IS_OLD => Reading::stale(format!(
            "the agent of box {name} last looked {} ago",
            time(status.age)
        )),
        Ok(Agent::Judging(status)) => Reading::ok(format!("it looked {} ago", time(status.age))),
    }
}

fn healthy(peer: &Peer) -> Reading {
    match &peer.agent {
        Err(_) => Reading::not_applicable("its agent does not answer: peer-agent says more"),
        Ok(Agent::Starting) => Reading::no_traffic("its agent has just started"),
        Ok(Agent::Judging(status)) if status.state == "broken" => {
            Reading::degraded(format!("box {}: {}", peer.box_name, status.summary))
        }
        Ok(Agent::Judging(status)) => Reading::ok(status.summary.as_str()),
    }
}

fn prometheus(peer: &Peer) -> Reading {
    watchdog(&peer.prometheus, &format!("Prometheus of box {}", peer.box_name))
}

fn alertmanager(peer: &Peer) -> Reading {
    watchdog(
        &peer.alertmanager,
        &format!("Alertmanager of box {}", peer.box_name),
    )
}

fn watchdog(watchdog: &Answer<Watchdog>, whose: &str) -> Reading {
    match watchdog {
        Err(why) => Reading::down(format!("{whose} {why}")),
        Ok(Watchdog { fires: false, .. }) => {
            Reading::down(format!("{whose} has no Watchdog, which always fires"))
        }
        Ok(Watchdog { heard: Some(ago), .. }) if *ago > WATCHDOG_IS_OLD => {
            Reading::stale(format!("{whose} last heard of Watchdog {} ago", time(*ago)))
        }
        Ok(Watchdog { heard: Some(ago), .. }) if *ago < -AHEAD => Reading::unknown(format!(
            "{whose} last heard of Watchdog {} after now: its clock was put back",
            time(-ago)
        )),
        Ok(_) => Reading::ok("Watchdog fires"),
    }
}

fn clock(peer: &Peer) -> Reading {
    let Some(clock) = peer.clock else {
        return Reading::unknown(format!("nothing of box {} told its time", peer.box_name));
    };
    // what may be due to the way there and back is no skew
    let skew = (clock.ahead.abs() - clock.give).max(0.0);
    let side = if clock.ahead > 0.0 { "ahead of" } else { "behind" };
    let told = || {
        format!(
            "box {} is {:.1} s {side} this one",
            peer.box_name,
            clock.ahead.abs()
        )
    };
    if skew > BADLY_SKEWED {
        Reading::down(told())
    } else if skew > SKEWED {
        Reading::degraded(told())
    } else {
        Reading::ok(format!(
            "they differ by less than {:.1} s",
            clock.ahead.abs() + clock.give + 0.05
        ))
    }
}

fn version(peer: &Peer) -> Reading {
    match &peer.agent {
        Ok(Agent::Judging(status)) if status.version == peer.own_version => {
            Reading::ok(format!("both run {}", status.version))
        }
        Ok(Agent::Judging(status)) => Reading::degraded(format!(
            "box {} runs {}, this one {}",
            peer.box_name, status.version, peer.own_version
        )),
        Ok(Agent::Starting) => Reading::no_traffic("its agent has just started"),
        Err(_) => Reading::not_applicable("its agent does not answer: peer-agent says more"),
    }
}

fn alone() -> Reading {
    Reading::not_applicable("the box is not one of a pair")
}

#[cfg(test)]
mod tests;
