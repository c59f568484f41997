//! `/`: what `/status` says, for people. One page without scripts, which loads itself anew.

mod style;

use std::cmp::Reverse;
use std::fmt::Write;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse, Response};

use super::Shared;
use super::status::{self, Line, Status};
use crate::advice::Advice;
use crate::check::CATEGORIES;
use crate::verdict::Verdict;
use style::STYLE;

/// Seconds from one load to the next: about a round of checks.
const REFRESH: u32 = 10;

pub(super) fn render(shared: &Shared) -> Response {
    let page = match status::of(shared) {
        Some(status) => whole(&status, &shared.advice),
        None => waiting(&shared.box_name),
    };
    let headers = [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Html(page)).into_response()
}

fn waiting(box_name: &str) -> String {
    let mut page = head(box_name, "…");
    page.push_str("<main><h1 class=\"wait\">The first round of checks is not over yet</h1></main>");
    page
}

fn whole(status: &Status, advice: &Advice) -> String {
    let (mark, headline) = match status.state {
        "ok" => ("✓", "All is well"),
        "attention" => ("!", "Something needs attention"),
        _ => ("×", "Something is broken"),
    };
    let mut page = head(&status.box_name, mark);
    let _ = write!(
        page,
        "<main><h1 class=\"{}\">{headline}</h1><p>Box <b>{}</b>: {}. Judged at {}.</p>",
        status.state,
        escape(&status.box_name),
        escape(&status.summary),
        time(status.at),
    );
    let mut bad: Vec<_> = status.checks.iter().filter(|line| line.level > 0).collect();
    bad.sort_by_key(|line| Reverse((line.level, line.verdict)));
    let (untold, seen): (Vec<_>, Vec<_>) = bad.into_iter().partition(|line| line.verdict == Verdict::Unknown);
    for line in seen {
        problem(&mut page, line, advice, status.at);
    }
    if let Some(first) = untold.first() {
        cannot_tell(&mut page, first.level, &untold);
    }
    for category in CATEGORIES {
        let lines: Vec<_> = status
            .checks
            .iter()
            .filter(|line| line.category == category)
            .collect();
        if lines.is_empty() {
            continue;
        }
        let _ = write!(page, "<h2>{}</h2><table>", category.title());
        for line in lines {
            row(&mut page, line, status.at);
        }
        page.push_str("</table>");
    }
    let _ = write!(
        page,
        "<footer><a href=\"/status\">JSON</a> · <a href=\"/metrics\">metrics</a> · the same on this machine: {}</footer></main>",
        code(&escape(&advice.fill("{doctor}")))
    );
    page
}

fn problem(page: &mut String, line: &Line, advice: &Advice, now: f64) {
    let _ = write!(
        page,
        "<section class=\"level{}\"><h3>Not {}: {}</h3><p><span class=\"verdict\">{}</span> for {} · <code>{}</code></p><p>{}</p><p class=\"fix\">{}.</p>",
        line.level,
        if line.verdict == Verdict::Degraded {
            "quite"
        } else {
            "so"
        },
        escape(line.title),
        line.verdict,
        ago(now - line.since),
        line.id,
        escape(&line.evidence),
        code(&escape(line.fix.as_deref().unwrap_or_default())),
    );
    if let Some(runbook) = line.runbook {
        let _ = match advice.runbook(runbook) {
            Some(url) => write!(page, "<p><a href=\"{}\">Runbook</a></p>", escape(&url)),
            None => write!(
                page,
                "<p>Runbook: <code>/runbooks/{runbook}</code> of the dashboard</p>"
            ),
        };
    }
    page.push_str("</section>");
}

/// Most often all of them for one reason, which is a problem above.
fn cannot_tell(page: &mut String, level: u8, lines: &[&Line]) {
    let _ = write!(
        page,
        "<section class=\"level{level}\"><h3>Cannot be judged: who must be asked does not answer</h3><ul>"
    );
    for line in lines {
        let _ = write!(
            page,
            "<li>{} · <code>{}</code><br>{}</li>",
            escape(line.title),
            line.id,
            escape(&line.evidence)
        );
    }
    page.push_str("</ul></section>");
}

fn row(page: &mut String, line: &Line, now: f64) {
    let mark = ["✓", "!", "×"][usize::from(line.level.min(2))];
    let _ = write!(
        page,
        "<tr class=\"level{}\"><td>{mark}</td><td>{}<br><code>{}</code></td><td>{}</td><td>{} for {}</td></tr>",
        line.level,
        escape(line.title),
        line.id,
        escape(&line.evidence),
        line.verdict,
        ago(now - line.since),
    );
}

fn head(box_name: &str, mark: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta http-equiv=\"refresh\" content=\"{REFRESH}\">\
         <title>{mark} {} · Signalbox health</title><style>{STYLE}</style>",
        escape(box_name)
    )
}

/// Text for elements and quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// What stands between backticks is to be typed.
fn code(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    for (index, piece) in text.split('`').enumerate() {
        if index > 0 {
            marked.push_str(if index % 2 == 1 { "<code>" } else { "</code>" });
        }
        marked.push_str(piece);
    }
    // one that nobody closed
    if text.matches('`').count() % 2 == 1 {
        marked.push_str("</code>");
    }
    marked
}

/// UTC, to the second.
fn time(unix: f64) -> String {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(unix.max(0.0) as u64);
    humantime::format_rfc3339_seconds(at).to_string()
}

/// One unit is enough.
fn ago(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Board;
    use crate::check::{Category, Severity};
    use crate::facts::Facts;

    #[test]
    fn what_is_to_be_typed_is_marked() {
        assert_eq!(code("run `a &amp; b` now"), "run <code>a &amp; b</code> now");
        assert_eq!(code("an `odd one"), "an <code>odd one</code>");
        assert_eq!(code("none"), "none");
    }

    #[test]
    fn what_parts_say_is_text() {
        assert_eq!(
            escape("<b a=\"1\" b='2'>&"),
            "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;"
        );
    }

    #[test]
    fn durations_have_one_unit() {
        assert_eq!(
            [ago(5.0), ago(125.0), ago(7300.0), ago(200_000.0)],
            ["5 s", "2 min", "2 h", "2 d"]
        );
    }

    #[test]
    fn what_is_down_comes_first_and_what_cannot_be_asked_has_no_advice() {
        let line = |id, verdict, fix: Option<&str>| Line {
            id,
            category: Category::Prometheus,
            severity: Severity::Required,
            title: "It works",
            verdict,
            level: 2,
            evidence: "refused".to_owned(),
            since: 0.0,
            checked_at: 0.0,
            took: None,
            fix: fix.map(str::to_owned),
            runbook: None,
        };
        let status = Status {
            box_name: "a".to_owned(),
            version: "1",
            state: "broken",
            summary: String::new(),
            at: 60.0,
            age: 0.0,
            checks: vec![
                line("wal", Verdict::Unknown, None),
                line("ingesting", Verdict::Stale, Some("Wait")),
                line("ready", Verdict::Down, Some("Start it")),
            ],
        };
        let page = whole(&status, &Advice::default());
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}: {page}"));
        let order = ["Start it.", "Wait.", "Cannot be judged", "<code>wal</code>"].map(at);
        assert!(order.is_sorted(), "{page}");
        assert_eq!(page.matches("class=\"fix\"").count(), 2);
    }

    #[test]
    fn before_the_first_round_it_says_so() {
        let shared = Shared {
            box_name: "a".into(),
            advice: std::sync::Arc::default(),
            board: std::sync::Arc::default(),
        };
        assert!(status::of(&shared).is_none());
        let mut board = Board::default();
        board.take(&Facts::default());
        *shared.board() = board;
        assert!(status::of(&shared).is_some_and(|status| status.checks.is_empty()));
    }
}
