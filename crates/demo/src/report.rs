//! What the demo says when there is something to say: that the box is up, and what went wrong. Pure text, and the one
//! place that writes to standard output.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::progress::seconds;
use crate::status::PartStatus;
use crate::supervision::{Assignment, Killed};

/// Writes to standard output. If nobody can read it, the demo goes on.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// The box is up: the addresses for people first, then every part.
pub(crate) fn up(
    dashboard: &str,
    health: &str,
    rows: &[(&Assignment, String)],
    state: &Path,
    environments: &[&str],
    after: Duration,
) -> String {
    let mut table = vec![["part", "in", "state", "address", "log"].map(ToOwned::to_owned)];
    for (assignment, condition) in rows {
        let Assignment { part, log, .. } = assignment;
        table.push([
            part.name.clone(),
            part.place.clone(),
            condition.clone(),
            part.address().unwrap_or_else(none),
            log.strip_prefix(state).unwrap_or(log).display().to_string(),
        ]);
    }
    format!(
        "\nDashboard: {dashboard}\nHealth:    {health}\n\n{}\nState and logs: {}\n{}\n",
        columns(&table),
        state.display(),
        visible(environments, after)
    )
}

/// Every part now, and the sum of what they take.
pub(crate) fn status(parts: &[PartStatus], over: Duration, cores: usize) -> String {
    let mut table = vec![["part", "in", "state", "memory", "CPU", "pid", "address"].map(ToOwned::to_owned)];
    for part in parts {
        table.push([
            part.name.clone(),
            part.place.clone(),
            part.state.clone(),
            part.memory.map_or_else(none, megabytes),
            part.cpu.map_or_else(none, percent),
            part.pid.map_or_else(none, |pid| pid.to_string()),
            part.address.clone().unwrap_or_else(none),
        ]);
    }
    let ready = parts.iter().filter(|part| part.is_ready()).count();
    let memory = parts.iter().filter_map(|part| part.memory).sum();
    let cpu: f64 = parts.iter().filter_map(|part| part.cpu).sum();
    format!(
        "{}\n{ready} of {} parts are ready; together they take {} and {} of {cores} cores (over {})\n",
        columns(&table),
        parts.len(),
        megabytes(memory),
        percent(cpu / cores as f64),
        seconds(over),
    )
}

fn none() -> String {
    "–".to_owned()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

/// `metrics of prod, dev and qa visible after 17.3 s`
fn visible(environments: &[&str], after: Duration) -> String {
    if environments.is_empty() {
        return format!("no metrics are visible after {}", seconds(after));
    }
    format!(
        "metrics of {} visible after {}",
        list(environments),
        seconds(after)
    )
}

/// A part ended that should not have: its name, how, and the end of its log.
pub(crate) fn ended(name: &str, how: &str, log: &Path, tail: &[String]) -> String {
    let mut text = format!("{name} {how}");
    if tail.is_empty() {
        let _ = write!(text, "; its log, {}, is empty", log.display());
    } else {
        let _ = write!(text, "; the end of its log, {}:", log.display());
    }
    for line in tail {
        let _ = write!(text, "\n  | {line}");
    }
    text
}

/// Which parts did not end by themselves, and why they were killed: at most a line for each reason.
pub(crate) fn killed(killed: &[Killed]) -> Vec<String> {
    let reasons = [
        (false, "did not stop in time and had to be killed"),
        (true, "killed, as asked"),
    ];
    let told = reasons.map(|(hurried, reason)| {
        let those = killed.iter().filter(|one| one.hurried == hurried);
        let names: Vec<_> = those.map(|one| one.part.as_str()).collect();
        (!names.is_empty()).then(|| format!("{} {reason}", list(&names)))
    });
    told.into_iter().flatten().collect()
}

/// `prod, dev and qa`
pub(crate) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Rows whose cells stand below each other, two spaces apart.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddrV4};

    use super::*;
    use crate::part::{Part, Port, Probe, Stage};
    use crate::programs::Program;

    fn assignment(name: &str, place: &str, port: Option<u16>) -> Assignment {
        let address = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        Assignment {
            part: Part {
                name: name.to_owned(),
                place: place.to_owned(),
                program: Program::Demo,
                arguments: vec![],
                environment: vec![],
                folder: "/".into(),
                files: vec![],
                ports: port
                    .map(|port| Port {
                        what: "HTTP",
                        address: address(port),
                    })
                    .into_iter()
                    .collect(),
                probe: port.map_or(Probe::Running, |_| Probe::Http(String::new())),
                needs: vec![],
                stage: Stage::Store,
                grace: Duration::ZERO,
            },
            program: "/bin/true".into(),
            log: format!("/state/logs/{name}.log").into(),
        }
    }

    #[test]
    fn the_table_starts_with_the_dashboard_and_ends_with_the_time() {
        let dashboard = assignment("dashboard", "a", Some(3000));
        let load = assignment("load-prod", "prod", None);
        let rows = [(&dashboard, "ready".to_owned()), (&load, "ended".to_owned())];
        let text = up(
            "http://127.0.0.1:3000",
            "http://127.0.0.1:8870",
            &rows,
            Path::new("/state"),
            &["prod", "dev", "qa"],
            Duration::from_millis(17_340),
        );
        let expected = "
Dashboard: http://127.0.0.1:3000
Health:    http://127.0.0.1:8870

part       in    state  address                log
dashboard  a     ready  http://127.0.0.1:3000  logs/dashboard.log
load-prod  prod  ended  –                      logs/load-prod.log

State and logs: /state
metrics of prod, dev and qa visible after 17.3 s
";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_status_adds_up() {
        let part = |name: &str, state: &str, taken: Option<(u64, f64)>| PartStatus {
            name: name.to_owned(),
            place: "a".to_owned(),
            state: state.to_owned(),
            pid: taken.map(|_| 4711),
            memory: taken.map(|(memory, _)| memory),
            cpu: taken.map(|(_, cpu)| cpu),
            address: taken.map(|_| "http://127.0.0.1:9090".to_owned()),
        };
        let parts = [
            part("prometheus-a", "ready", Some((91_600_000, 0.1234))),
            part("minio", "killed, as asked", None),
        ];
        let expected = "\
part          in  state             memory  CPU     pid   address
prometheus-a  a   ready             92 MB   12.3 %  4711  http://127.0.0.1:9090
minio         a   killed, as asked  –       –       –     –

1 of 2 parts are ready; together they take 92 MB and 6.2 % of 2 cores (over 2.0 s)
";
        assert_eq!(status(&parts, Duration::from_secs(2), 2), expected);
    }

    #[test]
    fn an_end_is_told_with_the_tail_of_the_log() {
        let tail = ["starting".to_owned(), "failed to bind".to_owned()];
        assert_eq!(
            ended(
                "collector-prod",
                "ended (exit status: 1)",
                Path::new("/logs/c.log"),
                &tail
            ),
            "collector-prod ended (exit status: 1); the end of its log, /logs/c.log:\n  | starting\n  | failed to bind"
        );
        assert_eq!(
            ended(
                "load-qa",
                "ended (signal: 9 (SIGKILL))",
                Path::new("/logs/l.log"),
                &[]
            ),
            "load-qa ended (signal: 9 (SIGKILL)); its log, /logs/l.log, is empty"
        );
    }

    #[test]
    fn the_reason_of_each_kill_is_told() {
        let one = |part: &str, hurried| Killed {
            part: part.to_owned(),
            hurried,
        };
        assert_eq!(killed(&[]), Vec::<String>::new());
        assert_eq!(
            killed(&[
                one("api-qa", false),
                one("prometheus", true),
                one("receiver", true)
            ]),
            [
                "api-qa did not stop in time and had to be killed",
                "prometheus and receiver killed, as asked"
            ]
        );
    }
}
