//! The outcome of a comparison, for people and for programs.

use std::fmt::Write;
use std::time::Duration;

use closure::verify::Progress;

use super::record::{Outcome, Record};

pub(super) fn json(record: &Record) -> String {
    let mut text = serde_json::to_string_pretty(record).unwrap_or_default();
    text.push('\n');
    text
}

/// `names`: what is in the store and not in the manifest, by name.
pub(super) fn text(record: &Record, names: bool) -> String {
    let mut text = String::new();
    for finding in &record.findings {
        let mut lines = finding.what.lines();
        let _ = writeln!(text, "{} {}", finding.subject, lines.next().unwrap_or_default());
        for line in lines {
            let _ = writeln!(text, "    {line}");
        }
        let _ = writeln!(text, "    → {}", finding.fix);
    }
    let more = record.findings_total - record.findings.len();
    if more > 0 {
        let _ = writeln!(text, "… and {more} more");
    }
    if names {
        for name in &record.unlisted {
            let _ = writeln!(text, "{name} is not in the manifest");
        }
    }
    if record.unlisted_total > 0 {
        let _ = writeln!(
            text,
            "{} in the store and not in the manifest: of other systems, or added",
            if record.unlisted_total == 1 {
                "1 path is".to_owned()
            } else {
                format!("{} paths are", record.unlisted_total)
            }
        );
    }
    let compared = format!(
        "{} of {} store paths of {}, signed by {}",
        record.paths,
        record.of_paths,
        record.manifest,
        record.signed_by.join(", ")
    );
    let _ = match record.outcome {
        Outcome::Sound => writeln!(text, "all is as it was built: {compared}"),
        Outcome::Changed => writeln!(
            text,
            "{} {} not as built: {compared}",
            record.findings_total,
            if record.findings_total == 1 {
                "thing is"
            } else {
                "things are"
            },
        ),
        Outcome::CutShort => writeln!(text, "cut short: {compared}"),
        Outcome::Failed => writeln!(
            text,
            "could not compare: {}",
            record.error.as_deref().unwrap_or("no reason is known")
        ),
    };
    text
}

pub(super) fn progress(so_far: Progress, took: Duration) -> String {
    let Progress {
        paths,
        of_paths,
        read,
        of_bytes,
    } = so_far;
    let percent = (read as f64 / (of_bytes as f64).max(1.0) * 100.0).min(100.0);
    let rate = read as f64 / took.as_secs_f64().max(0.001) / 1e6;
    format!("{paths} of {of_paths} store paths, {percent:.0} %, {rate:.0} MB/s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::record::{Finding, Kind};

    fn record(outcome: Outcome) -> Record {
        Record {
            outcome,
            manifest: "nixos-system-box".to_owned(),
            signed_by: vec!["vendor-1".to_owned()],
            paths: 3,
            of_paths: 3,
            ..Record::default()
        }
    }

    #[test]
    fn what_was_found_stands_with_what_to_do() {
        let mut found = record(Outcome::Changed);
        found.found(vec![Finding {
            kind: Kind::StorePath,
            subject: "/nix/store/a".to_owned(),
            what: "has changed\nbin/sh: other contents".to_owned(),
            fix: "nix-store --repair-path /nix/store/a".to_owned(),
        }]);
        assert_eq!(
            text(&found, false),
            "/nix/store/a has changed\n    bin/sh: other contents\n    → nix-store --repair-path /nix/store/a\n\
             1 thing is not as built: 3 of 3 store paths of nixos-system-box, signed by vendor-1\n"
        );
        found.findings_total = 300;
        assert!(text(&found, false).contains("\n… and 299 more\n300 things are not as built: "));
        let read: Record = serde_json::from_str(&json(&found)).unwrap();
        assert_eq!(read, found);
    }

    #[test]
    fn what_was_not_found_is_said_too() {
        assert_eq!(
            text(&record(Outcome::Sound), false),
            "all is as it was built: 3 of 3 store paths of nixos-system-box, signed by vendor-1\n"
        );
        let failed = Record {
            error: Some("there is nothing to compare with".to_owned()),
            ..Record::default()
        };
        assert_eq!(
            text(&failed, false),
            "could not compare: there is nothing to compare with\n"
        );
    }

    #[test]
    fn what_was_added_is_counted_and_named_if_asked() {
        let mut sound = record(Outcome::Sound);
        sound.unlisted(["/nix/store/b", "/nix/store/c"].map(str::to_owned).into_iter());
        let counted = "2 paths are in the store and not in the manifest: of other systems, or added\n\
                       all is as it was built: 3 of 3 store paths of nixos-system-box, signed by vendor-1\n";
        assert_eq!(text(&sound, false), counted);
        assert_eq!(
            text(&sound, true),
            format!("/nix/store/b is not in the manifest\n/nix/store/c is not in the manifest\n{counted}")
        );
    }

    #[test]
    fn progress_is_a_share_and_a_rate() {
        let so_far = Progress {
            paths: 12,
            of_paths: 90,
            read: 250_000_000,
            of_bytes: 1_000_000_000,
        };
        assert_eq!(
            progress(so_far, Duration::from_secs(2)),
            "12 of 90 store paths, 25 %, 125 MB/s"
        );
    }
}
