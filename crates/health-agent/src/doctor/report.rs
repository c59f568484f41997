//! Findings as a table for people, or as JSON for programs.

use std::fmt::Write;

use serde::Serialize;

use super::Finding;
use crate::advice::Advice;
use crate::board::Summary;
use crate::check::{CATEGORIES, Category, Severity};
use crate::verdict::Verdict;

/// Groups by category; below each check that is not well, what was seen and, if it was that check's own trouble, what to do.
pub(super) fn table(findings: &[Finding], summary: &Summary, advice: &Advice, verbose: bool) -> String {
    let mut text = String::new();
    for category in CATEGORIES {
        let shown: Vec<_> = findings
            .iter()
            .filter(|finding| finding.check.category == category)
            .filter(|finding| verbose || finding.reading.verdict != Verdict::NotApplicable)
            .collect();
        if shown.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}", category.title());
        let is_untold = |finding: &Finding| finding.reading.verdict == Verdict::Unknown;
        let untold: Vec<_> = shown
            .iter()
            .copied()
            .filter(|finding| is_untold(finding))
            .collect();
        // one that does not answer leaves many unasked
        let together = !verbose && untold.len() > 1;
        for finding in shown.iter().filter(|finding| !(together && is_untold(finding))) {
            line(&mut text, finding, advice, verbose);
        }
        if together {
            cannot_be_judged(&mut text, &untold);
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{}", summary.line);
    text
}

fn line(text: &mut String, finding: &Finding, advice: &Advice, verbose: bool) {
    let (check, reading) = (finding.check, &finding.reading);
    let mark = match check.level(reading.verdict) {
        _ if reading.verdict == Verdict::NotApplicable => "-",
        _ if reading.verdict == Verdict::Unknown => "?",
        0 => "√",
        1 => "!",
        _ => "×",
    };
    let _ = write!(text, "  {mark} {}", check.title);
    if reading.verdict.is_good() {
        if verbose {
            let _ = write!(text, ": {}", reading.evidence);
        }
        text.push('\n');
        return;
    }
    let _ = writeln!(text, "  [{}, {}]", check.id, reading.verdict);
    let _ = writeln!(text, "      seen: {}", reading.evidence);
    let Some(fix) = check.advice(reading.verdict, advice) else {
        return;
    };
    let _ = writeln!(text, "      do:   {fix}");
    if let Some(runbook) = check.runbook {
        let more = advice.runbook(runbook);
        let more = more.unwrap_or_else(|| format!("/runbooks/{runbook} on the dashboard"));
        let _ = writeln!(text, "      more: {more}");
    }
}

/// Several of a category, most often for one reason.
fn cannot_be_judged(text: &mut String, findings: &[&Finding]) {
    const REASONS: usize = 2;
    let ids: Vec<_> = findings.iter().map(|finding| finding.check.id).collect();
    let _ = writeln!(text, "  ? {} cannot be judged: {}", ids.len(), ids.join(", "));
    let mut reasons = vec![];
    for finding in findings {
        let evidence = finding.reading.evidence.as_str();
        if !reasons.contains(&evidence) {
            reasons.push(evidence);
        }
    }
    for reason in reasons.iter().take(REASONS) {
        let _ = writeln!(text, "      seen: {reason}");
    }
    if reasons.len() > REASONS {
        text.push_str("      and more: --verbose shows each\n");
    }
}

/// The whole as one object.
pub(super) fn json(findings: &[Finding], summary: &Summary, advice: &Advice) -> String {
    #[derive(Serialize)]
    struct Report<'a> {
        state: &'static str,
        summary: &'a str,
        checks: Vec<Line<'a>>,
    }
    #[derive(Serialize)]
    struct Line<'a> {
        id: &'static str,
        category: Category,
        severity: Severity,
        title: &'static str,
        verdict: Verdict,
        level: u8,
        evidence: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        fix: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        runbook: Option<&'static str>,
    }

    let checks = findings
        .iter()
        .map(|Finding { check, reading }| {
            let fix = check.advice(reading.verdict, advice);
            Line {
                id: check.id,
                category: check.category,
                severity: check.severity,
                title: check.title,
                verdict: reading.verdict,
                level: check.level(reading.verdict),
                evidence: &reading.evidence,
                runbook: check.runbook.filter(|_| fix.is_some()),
                fix,
            }
        })
        .collect();
    let report = Report {
        state: summary.word(),
        summary: &summary.line,
        checks,
    };
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Check;
    use crate::verdict::Reading;

    static READY: Check = Check {
        id: "ready",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "It is ready",
        fix: "Start it",
        runbook: Some("Start"),
        before_start: false,
        judge: |_| Reading::ok(""),
    };

    fn shown(reading: Reading) -> String {
        let findings = [Finding {
            check: &READY,
            reading,
        }];
        let summary = Summary {
            level: 0,
            line: "1 check".to_owned(),
        };
        table(&findings, &summary, &Advice::default(), false)
    }

    #[test]
    fn what_was_seen_comes_with_what_to_do() {
        assert_eq!(
            shown(Reading::down("refused")),
            "Prometheus\n  × It is ready  [ready, down]\n      seen: refused\n      do:   Start it\n      \
             more: /runbooks/Start on the dashboard\n\n1 check\n"
        );
        assert_eq!(
            shown(Reading::ok("fine")),
            "Prometheus\n  √ It is ready\n\n1 check\n"
        );
        assert_eq!(shown(Reading::not_applicable("none")), "1 check\n");
    }

    #[test]
    fn what_could_not_be_asked_comes_without() {
        assert_eq!(
            shown(Reading::unknown("no answer")),
            "Prometheus\n  ? It is ready  [ready, unknown]\n      seen: no answer\n\n1 check\n"
        );
    }

    #[test]
    fn what_cannot_be_judged_stands_together_with_each_reason_once() {
        let finding = |reading| Finding {
            check: &READY,
            reading,
        };
        let reasons = ["no answer", "no answer", "nothing to read", "no time"];
        let mut findings = vec![finding(Reading::ok("fine"))];
        findings.extend(reasons.map(|why| finding(Reading::unknown(why))));
        findings.push(finding(Reading::ok("fine")));
        let summary = Summary {
            level: 2,
            line: "6 checks".to_owned(),
        };
        let shown = |verbose| table(&findings, &summary, &Advice::default(), verbose);
        assert_eq!(
            shown(false),
            "\
Prometheus
  √ It is ready
  √ It is ready
  ? 4 cannot be judged: ready, ready, ready, ready
      seen: no answer
      seen: nothing to read
      and more: --verbose shows each

6 checks
"
        );
        assert_eq!(
            shown(true).matches("  ? It is ready  [ready, unknown]\n").count(),
            4
        );
    }
}
