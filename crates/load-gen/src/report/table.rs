use std::fmt::{self, Formatter};
use std::time::Duration;

use super::{Summary, TargetReport};
use crate::tally::Failure;

const HEADINGS: [&str; 9] = [
    "endpoint", "requests", "rate/s", "failed", "failed %", "p50", "p95", "p99", "max",
];

/// Writes what became of the requests to one target: a line about it, a table of its endpoints, and what went wrong.
pub(super) fn write(f: &mut Formatter<'_>, report: &TargetReport) -> fmt::Result {
    let elapsed = humantime::format_duration(Duration::from_millis(report.elapsed.as_millis() as u64));
    writeln!(
        f,
        "{} {}: {} for {elapsed}",
        report.environment, report.target, report.pattern
    )?;

    let mut rows: Vec<[String; 9]> = vec![HEADINGS.map(str::to_owned)];
    let endpoints = report.endpoints.iter().zip(&report.tally.endpoints);
    rows.extend(endpoints.map(|(name, counts)| row(name, Summary::of(counts), report.elapsed)));
    rows.push(row("all", report.all(), report.elapsed));
    let mut widths = [0; 9];
    for row in &rows {
        widths
            .iter_mut()
            .zip(row)
            .for_each(|(width, cell)| *width = cell.chars().count().max(*width));
    }
    for [endpoint, numbers @ ..] in &rows {
        write!(f, "  {endpoint:<width$}", width = widths[0])?;
        for (number, width) in numbers.iter().zip(&widths[1..]) {
            write!(f, "  {number:>width$}")?;
        }
        writeln!(f)?;
    }

    let failures: Vec<String> = report
        .tally
        .all()
        .failures
        .iter()
        .map(|(failure, count)| format!("{} {count}", name(*failure)))
        .collect();
    if !failures.is_empty() {
        writeln!(f, "  failures: {}", failures.join(", "))?;
    }
    if report.tally.late > 0 {
        writeln!(
            f,
            "  late starts: {}, by up to {}",
            report.tally.late,
            latency(report.tally.latest)
        )?;
    }
    if report.tally.unfinished > 0 {
        writeln!(f, "  cut off at the end: {}", report.tally.unfinished)?;
    }
    Ok(())
}

fn row(name: &str, summary: Summary, elapsed: Duration) -> [String; 9] {
    let Summary {
        requests,
        failed,
        p50,
        p95,
        p99,
        max,
    } = summary;
    let rate = requests as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
    let share = if requests == 0 {
        0.0
    } else {
        failed as f64 / requests as f64 * 100.0
    };
    let time = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), latency);
    [
        name.to_owned(),
        requests.to_string(),
        format!("{rate:.2}"),
        failed.to_string(),
        format!("{share:.2}"),
        time(p50),
        time(p95),
        time(p99),
        time(max),
    ]
}

/// Three digits that matter.
fn latency(latency: Duration) -> String {
    let milliseconds = latency.as_secs_f64() * 1e3;
    match milliseconds {
        ..9.995 => format!("{milliseconds:.2} ms"),
        ..99.95 => format!("{milliseconds:.1} ms"),
        ..999.5 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.2} s", latency.as_secs_f64()),
    }
}

fn name(failure: Failure) -> String {
    match failure {
        Failure::Status(status) => format!("status {status}:"),
        Failure::TimedOut => "timed out:".to_owned(),
        Failure::Broken => "connection broke:".to_owned(),
        Failure::NoConnection => "no connection:".to_owned(),
        Failure::Dropped => "dropped before they could start:".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Report;
    use super::*;
    use crate::tally::Tally;

    #[test]
    fn latencies_have_three_digits() {
        for (micros, text) in [
            (0, "0.00 ms"),
            (420, "0.42 ms"),
            (9_996, "10.0 ms"),
            (12_340, "12.3 ms"),
            (99_960, "100 ms"),
            (812_300, "812 ms"),
            (999_600, "1.00 s"),
            (12_345_000, "12.35 s"),
        ] {
            assert_eq!(latency(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn a_report_is_a_table_for_each_target() {
        let mut tally = Tally::of(2);
        for millis in 1..=99 {
            tally.record(0, Duration::from_millis(millis), Ok(()));
        }
        tally.record(0, Duration::from_secs(5), Err(Failure::TimedOut));
        tally.record(0, Duration::ZERO, Err(Failure::NoConnection));
        (0..20).for_each(|_| tally.record(1, Duration::from_micros(500), Err(Failure::Status(502))));
        tally.started_late(Duration::from_millis(25));
        let target = TargetReport {
            target: "http://127.0.0.13:8080".to_owned(),
            environment: "qa".to_owned(),
            pattern: "steady 12.1/s".to_owned(),
            elapsed: Duration::from_secs(10),
            endpoints: vec!["GET /health".to_owned(), "POST /api/payments".to_owned()],
            tally,
        };
        let expected = "\
qa http://127.0.0.13:8080: steady 12.1/s for 10s
  endpoint            requests  rate/s  failed  failed %      p50      p95      p99      max
  GET /health              101   10.10       2      1.98  50.2 ms  95.2 ms  99.3 ms   5.00 s
  POST /api/payments        20    2.00      20    100.00  0.50 ms  0.50 ms  0.50 ms  0.50 ms
  all                      121   12.10      22     18.18  40.2 ms  94.2 ms  99.3 ms   5.00 s
  failures: status 502: 20, timed out: 1, no connection: 1
  late starts: 1, by up to 25.0 ms
";
        assert_eq!(
            Report {
                targets: vec![target]
            }
            .to_string(),
            expected
        );
    }
}
