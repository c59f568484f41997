//! Secrets, certificates, open ports: what must hold.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::check::phrase::{count, few, time};
use crate::check::{Category, Check, Severity};
use crate::facts::security::{Certificate, Chain, Fit, Listener, PartAddress, Process, Secret, Security};
use crate::facts::{Facts, Timestamp};
use crate::verdict::Reading;

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "secrets-private",
        category: Category::Security,
        severity: Severity::Required,
        title: "Secrets are there, and their owners alone may read them",
        fix: "Run `ls -lL FILE` for each file that is named; put back what is missing, then `chown OWNER FILE` and `chmod 0400 FILE`; a secret that was readable to all has to be replaced",
        runbook: None,
        before_start: true,
        judge: |facts| with(facts, secrets_private),
    },
    Check {
        id: "certificates-valid",
        category: Category::Security,
        severity: Severity::Required,
        title: "Certificates are valid, lead to their authorities and fit their keys",
        fix: "Run `openssl verify -CAfile CA CERTIFICATE` and `openssl x509 -noout -dates -subject -in CERTIFICATE` for each one that is named, and put a new certificate with its key in its place",
        runbook: None,
        before_start: true,
        judge: |facts| with(facts, |security| certificates_valid(security, facts.at)),
    },
    Check {
        id: "certificates-expiry",
        category: Category::Security,
        severity: Severity::Advisory,
        title: "No certificate ends soon",
        fix: "Order a new certificate for each one that is named, put it in its place and reload what shows it, before it ends",
        runbook: None,
        before_start: true,
        judge: |facts| with(facts, |security| certificates_expiry(security, facts.at)),
    },
    Check {
        id: "listeners-expected",
        category: Category::Security,
        severity: Severity::Advisory,
        title: "Nothing takes connections from outside but what should",
        fix: "Run `ss -ltnp` to see whose each address is: stop it, let it listen on 127.0.0.1, or add it to system.listeners if it belongs there",
        runbook: None,
        before_start: true,
        judge: |facts| with(facts, listeners_expected),
    },
    Check {
        id: "ports-free",
        category: Category::Security,
        severity: Severity::Advisory,
        title: "No other program has a port of the box",
        fix: "Run `ss -ltnp` to see whose each port is, and stop that program or let it listen elsewhere",
        runbook: None,
        before_start: true,
        judge: |facts| with(facts, ports_free),
    },
];

/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// A certificate is renewed so long before its end, or when a third of its time is left if it is short.
const RENEW: f64 = 30.0 * DAY;
/// Now somebody has to do it, or when a tenth of its time is left.
const URGENT: f64 = 7.0 * DAY;

fn with(facts: &Facts, of: impl Fn(&Security) -> Reading) -> Reading {
    match &facts.security {
        None => Reading::not_applicable("nothing is to be kept"),
        Some(security) => of(security),
    }
}

fn secrets_private(security: &Security) -> Reading {
    if security.secrets.is_empty() {
        return Reading::not_applicable("no file with a secret is named (system.secrets)");
    }
    let hidden = security
        .secrets
        .iter()
        .filter(|secret| matches!(secret.file, Ok(None)))
        .count();
    let mut ok = count(security.secrets.len(), "file");
    if hidden > 0 {
        let _ = write!(ok, ", {hidden} of them hidden even from this user");
    }
    Reading::worst(security.secrets.iter().map(secret_private), ok)
}

fn secret_private(secret: &Secret) -> Reading {
    let path = secret.path.display();
    let file = match &secret.file {
        Ok(Some(file)) => file,
        // as private as it gets
        Ok(None) => return Reading::ok(""),
        Err(error) => return Reading::down(error),
    };
    if file.in_store {
        Reading::down(format!("{path} is in the Nix store, which everyone may read"))
    } else if file.mode & 0o007 != 0 {
        Reading::down(format!("everyone may use {path} (mode {:04o})", file.mode))
    } else if !file.filled {
        Reading::down(format!("{path} is empty"))
    } else if file.mode & 0o070 != 0 && !(file.group == 0 && file.mode & 0o030 == 0) {
        Reading::degraded(format!(
            "group {} may use {path} (mode {:04o})",
            file.group, file.mode
        ))
    } else if is_a_persons(file.owner) && !file.own {
        Reading::degraded(format!("{path} belongs to a person (user {})", file.owner))
    } else {
        Reading::ok("")
    }
}

/// As systemd divides them: below are the system's own users, above are those that it makes for services and containers.
fn is_a_persons(user: u32) -> bool {
    (1000..=60_000).contains(&user)
}

/// A check on all certificates.
fn certificates(security: &Security, of: impl Fn(&Certificate) -> Reading) -> Reading {
    if security.certificates.is_empty() {
        return Reading::not_applicable("no certificate is named (system.certificates)");
    }
    let readings: Vec<_> = security.certificates.iter().map(of).collect();
    let seen: Vec<_> = readings.iter().map(|reading| reading.evidence.clone()).collect();
    Reading::worst(readings, seen.join("; "))
}

fn certificates_valid(security: &Security, at: Timestamp) -> Reading {
    certificates(security, |certificate| {
        let path = certificate.path.display();
        let chain = match &certificate.chain {
            Ok(Some(chain)) => chain,
            Ok(None) => return Reading::ok(format!("{path} is hidden from this user")),
            Err(error) => return Reading::down(error),
        };
        if at > chain.not_after {
            return Reading::down(format!("{path} ended {} ago", time(at - chain.not_after)));
        }
        if at < chain.not_before {
            return Reading::down(format!("{path} begins in {}", time(chain.not_before - at)));
        }
        match (&chain.trusted, &chain.key) {
            (Fit::Wrong(error), _) | (_, Fit::Wrong(error)) => Reading::down(format!("{path}: {error}")),
            (Fit::Hidden, _) => Reading::ok(format!(
                "{path} is {}, its authorities are hidden from this user",
                chain.subject
            )),
            (_, Fit::Hidden) => Reading::ok(format!("{path} is {}, its key is root's", chain.subject)),
            _ => Reading::ok(format!("{path} is {}", chain.subject)),
        }
    })
}

/// That one has ended, or cannot be read, is told by the other check.
fn certificates_expiry(security: &Security, at: Timestamp) -> Reading {
    certificates(security, |certificate| {
        let path = certificate.path.display();
        let Ok(Some(Chain {
            not_before,
            not_after,
            ..
        })) = certificate.chain
        else {
            return Reading::ok("");
        };
        let (left, life) = (not_after - at, not_after - not_before);
        let seen = format!("{path} ends in {}", time(left));
        if left <= 0.0 {
            Reading::ok("")
        } else if left < URGENT.min(life / 10.0) {
            Reading::down(seen)
        } else if left < RENEW.min(life / 3.0) {
            Reading::degraded(seen)
        } else {
            Reading::ok(seen)
        }
    })
}

fn listeners_expected(security: &Security) -> Reading {
    if security.expected.is_empty() {
        return Reading::not_applicable("it is not said what should (system.listeners)");
    }
    let listeners = match &security.listeners {
        None => return Reading::not_applicable("nobody has looked"),
        Some(Err(error)) => return Reading::unknown(error),
        Some(Ok(listeners)) => listeners,
    };
    let outside: Vec<_> = listeners
        .iter()
        .filter(|listener| !listener.address.ip().is_loopback())
        .collect();
    let others: Vec<_> = outside
        .iter()
        .filter(|listener| !is_expected(listener.address, &security.expected))
        .collect();
    if others.is_empty() {
        return Reading::ok(format!("{}, all expected", count(outside.len(), "socket")));
    }
    Reading::degraded(format!(
        "not expected: {}",
        few(others.into_iter().map(|listener| named(listener)))
    ))
}

/// What may listen on every address may listen on each of them, and in both families.
fn is_expected(address: SocketAddr, expected: &[SocketAddr]) -> bool {
    expected.iter().any(|other| {
        other.port() == address.port() && (other.ip().is_unspecified() || other.ip() == address.ip())
    })
}

fn named(listener: &Listener) -> String {
    let mut text = listener.address.to_string();
    if let Some(process) = &listener.process {
        let _ = write!(text, " ({}, process {})", process.name, process.id);
    }
    text
}

fn ports_free(security: &Security) -> Reading {
    if security.parts.is_empty() {
        return Reading::not_applicable("no part has an address here");
    }
    let listeners = match &security.listeners {
        None => return Reading::not_applicable("nobody has looked"),
        Some(Err(error)) => return Reading::unknown(error),
        Some(Ok(listeners)) => listeners,
    };
    let met: Vec<_> = security
        .parts
        .iter()
        .flat_map(|part| {
            let there = listeners.iter().filter(|listener| meets(listener, part));
            there.map(move |listener| (listener, part))
        })
        .collect();
    let seen: Vec<_> = met
        .iter()
        .filter_map(|(listener, part)| Some((listener, part, listener.process.as_ref()?)))
        .collect();
    if seen.is_empty() && !met.is_empty() {
        return Reading::not_applicable(
            "whose the ports are is not for this user to see: run the doctor as root",
        );
    }
    let taken = seen
        .into_iter()
        .filter(|(_, part, process)| is_other(process, part))
        .map(|(listener, part, _)| {
            Reading::degraded(format!("{} has the port of {}", named(listener), part.part))
        });
    Reading::worst(taken, count(security.parts.len(), "port"))
}

fn meets(listener: &Listener, part: &PartAddress) -> bool {
    let ip = listener.address.ip();
    listener.address.port() == part.port && (ip == part.ip || ip.is_unspecified())
}

/// systemd opens some sockets for those whom it starts.
fn is_other(process: &Process, part: &PartAddress) -> bool {
    let known = part.programs.iter().chain(&["systemd"]);
    // a wrapped program is called `.prometheus-wra`
    known.into_iter().all(|program| !process.name.contains(program))
}

#[cfg(test)]
pub(super) mod tests;
