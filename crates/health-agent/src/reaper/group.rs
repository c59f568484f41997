//! A group of the Pushgateway: what was pushed under one set of labels.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::facts::{Answer, Timestamp};
use crate::probe::http::under;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// The labels that name it; `job` is always there.
    pub(super) labels: BTreeMap<String, String>,
    /// When it was last pushed with success; 0 for never.
    pub(super) pushed_at: Timestamp,
    /// When a push last failed; 0 for never.
    pub(super) failed_at: Timestamp,
    /// It has the label that says to keep it.
    pub(super) kept: bool,
}

impl Group {
    /// Since its last push or, if none ever was right, since the last that was wrong.
    pub(super) fn age(&self, now: Timestamp) -> Option<f64> {
        let last = if self.pushed_at > 0.0 {
            self.pushed_at
        } else {
            self.failed_at
        };
        (last > 0.0).then_some(now - last)
    }

    /// What to send a DELETE to. All values are in base64: a plain one can hold no slash and must not be empty.
    pub(super) fn url(&self, pushgateway: &Url) -> Url {
        let mut url = under(pushgateway, "metrics");
        if let Ok(mut path) = url.path_segments_mut() {
            let job = self.labels.get_key_value("job");
            let others = self.labels.iter().filter(|(name, _)| *name != "job");
            for (name, value) in job.into_iter().chain(others) {
                let value = match URL_SAFE_NO_PAD.encode(value) {
                    // nothing is written as padding alone
                    empty if empty.is_empty() => "=".to_owned(),
                    encoded => encoded,
                };
                path.push(&format!("{name}@base64")).push(&value);
            }
        }
        url
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        write!(f, "{{{}}}", labels.join(", "))
    }
}

/// The answer of `/api/v1/metrics`: the groups that can be read, and how many cannot.
///
/// What was pushed is looked through in place, piece by piece: there may be megabytes of it.
pub(super) fn parse(answer: &[u8], keep_label: &str) -> Answer<(Vec<Group>, usize)> {
    #[derive(Deserialize)]
    struct Body<'a> {
        status: String,
        #[serde(borrow)]
        data: Option<Vec<&'a RawValue>>,
    }
    let answer: Body = serde_json::from_slice(answer)
        .map_err(|error| format!("the Pushgateway answered what cannot be read: {error}"))?;
    let groups = match answer.data {
        Some(groups) => groups,
        // it leaves out what is empty
        None if answer.status == "success" => vec![],
        None => return Err("the Pushgateway answered no list of groups".to_owned()),
    };
    let read: Vec<_> = groups.iter().filter_map(|one| group(one, keep_label)).collect();
    let unreadable = groups.len() - read.len();
    Ok((read, unreadable))
}

/// What it has of one metric's name.
#[derive(Deserialize)]
struct Family<'a> {
    #[serde(borrow)]
    metrics: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Labels {
    labels: BTreeMap<String, String>,
}

/// `None` if it cannot be read. A metric of the name `labels`, say, takes the place of the group's own labels; and of some of
/// its labels another group may be named.
fn group(text: &RawValue, keep_label: &str) -> Option<Group> {
    #[derive(Deserialize)]
    struct Value {
        value: String,
    }
    let entries: BTreeMap<String, &RawValue> = serde_json::from_str(text.get()).ok()?;
    let labels: BTreeMap<String, String> = serde_json::from_str(entries.get("labels")?.get()).ok()?;
    if !labels.contains_key("job") {
        return None;
    }
    let says_so =
        |labels: &BTreeMap<String, String>| labels.get(keep_label).is_some_and(|value| !value.is_empty());
    // grouping labels are on every metric, but a group whose pushes all failed has none that was pushed
    let mut kept = says_so(&labels);
    let families = entries
        .iter()
        .filter(|(name, value)| *name != "labels" && value.get().starts_with('{'));
    for (_, family) in families {
        let family: Family = serde_json::from_str(family.get()).ok()?;
        for metric in family.metrics {
            kept = kept || says_so(&serde_json::from_str::<Labels>(metric.get()).ok()?.labels);
        }
    }
    let time = |family: &str| {
        let family: Family = serde_json::from_str(entries.get(family)?.get()).ok()?;
        let first: Value = serde_json::from_str(family.metrics.first()?.get()).ok()?;
        first.value.parse().ok()
    };
    Some(Group {
        // a group whose time cannot be read is never old
        pushed_at: time("push_time_seconds").unwrap_or(f64::INFINITY),
        failed_at: time("push_failure_time_seconds").unwrap_or(0.0),
        labels,
        kept,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A group of that job and time.
    pub(in crate::reaper) fn of(job: &str, pushed_at: f64) -> Group {
        Group {
            labels: BTreeMap::from([("job".to_owned(), job.to_owned())]),
            pushed_at,
            failed_at: 0.0,
            kept: false,
        }
    }

    /// As the Pushgateway writes it.
    fn answer(labels: &str, metric_labels: &str) -> Vec<u8> {
        format!(
            r#"{{"status":"success","data":[{{
                "labels":{labels},"last_push_successful":true,
                "rows_total":{{"time_stamp":"2026-11-26T16:00:00Z","type":"COUNTER","metrics":[
                    {{"labels":{metric_labels},"value":"600"}}]}},
                "push_time_seconds":{{"time_stamp":"2026-11-26T16:00:00Z","type":"GAUGE","metrics":[
                    {{"labels":{labels},"value":"1.7957088001234567e+09"}}]}},
                "push_failure_time_seconds":{{"time_stamp":"0001-01-01T00:00:00Z","type":"GAUGE","metrics":[
                    {{"labels":{labels},"value":"0"}}]}}}}]}}"#
        )
        .into_bytes()
    }

    #[test]
    fn a_group_has_labels_and_an_age() {
        let (groups, unreadable) = parse(
            &answer(r#"{"job":"nightly","box":"a"}"#, r#"{"job":"nightly"}"#),
            "signalbox_keep",
        )
        .unwrap();
        assert_eq!((groups.len(), unreadable), (1, 0));
        assert_eq!(groups[0].labels["box"], "a");
        assert_eq!((groups[0].failed_at, groups[0].kept), (0.0, false));
        let age = groups[0].age(1_795_708_810.0).unwrap();
        assert!((age - 9.877).abs() < 0.001, "{age}");
        assert_eq!(groups[0].to_string(), "{box=\"a\", job=\"nightly\"}");
    }

    #[test]
    fn it_is_kept_by_a_label_of_the_group_or_of_a_metric_that_is_not_empty() {
        for (group, metric, kept) in [
            (r#"{"job":"x","signalbox_keep":"yes"}"#, r#"{"job":"x"}"#, true),
            (r#"{"job":"x"}"#, r#"{"job":"x","signalbox_keep":"1"}"#, true),
            (r#"{"job":"x","signalbox_keep":""}"#, r#"{"job":"x"}"#, false),
            (r#"{"job":"x"}"#, r#"{"job":"x","keep":"1"}"#, false),
        ] {
            let (groups, _) = parse(&answer(group, metric), "signalbox_keep").unwrap();
            assert_eq!(groups[0].kept, kept, "{group} {metric}");
        }
    }

    #[test]
    fn nothing_is_no_group_and_nonsense_is_an_error() {
        assert_eq!(parse(br#"{"status":"success","data":[]}"#, "k"), Ok((vec![], 0)));
        assert_eq!(parse(br#"{"status":"success"}"#, "k"), Ok((vec![], 0)));
        assert!(parse(br#"{"status":"error"}"#, "k").is_err());
        assert!(parse(b"<html>", "k").is_err());
    }

    #[test]
    fn a_group_that_cannot_be_read_is_counted_and_hides_no_other() {
        let good = r#"{"labels":{"job":"x"}}"#;
        for bad in [
            r#"{"labels":{}}"#,
            // a metric of that name was pushed
            r#"{"labels":{"time_stamp":"2026-11-26T16:00:00Z","type":"UNTYPED","metrics":[{"labels":{"job":"evil"},"value":"1"}]}}"#,
            // without it, it would be the name of another group
            r#"{"labels":{"job":"x","shard":7}}"#,
            r#"{"labels":{"job":"x"},"rows_total":{"metrics":[{"labels":{"job":1}}]}}"#,
            r#"{"labels":{"job":"x"},"rows_total":{}}"#,
            "7",
        ] {
            let text = format!(r#"{{"status":"success","data":[{good},{bad},{good}]}}"#);
            let (groups, unreadable) = parse(text.as_bytes(), "k").unwrap();
            assert_eq!((groups.len(), unreadable), (2, 1), "{bad}");
        }
    }

    #[test]
    fn histograms_and_summaries_are_looked_through_too() {
        let text = br#"{"status":"success","data":[{"labels":{"job":"x"},"took_seconds":{"type":"HISTOGRAM","metrics":[
            {"labels":{"job":"x","keep":"yes"},"buckets":{"+Inf":"3"},"count":"3","sum":"1.5"}]}}]}"#;
        assert!(parse(text, "keep").unwrap().0[0].kept);
    }

    #[test]
    fn a_group_of_failed_pushes_is_as_old_as_the_last_of_them() {
        let mut group = of("x", 0.0);
        assert_eq!(group.age(100.0), None);
        group.failed_at = 40.0;
        assert_eq!(group.age(100.0), Some(60.0));
        group.pushed_at = 10.0;
        assert_eq!(group.age(100.0), Some(90.0));
    }

    #[test]
    fn a_time_that_cannot_be_read_is_never_old() {
        let text = br#"{"status":"success","data":[{"labels":{"job":"x"}}]}"#;
        let group = &parse(text, "k").unwrap().0[0];
        assert!(group.age(1e12).unwrap() < 0.0);
    }

    #[test]
    fn any_value_fits_into_its_url() {
        let mut group = of("a/b", 0.0);
        group.labels.insert("path".to_owned(), "/var/log x".to_owned());
        group.labels.insert("empty".to_owned(), String::new());
        let url = group.url(&Url::parse("http://127.0.0.1:9091/push/").unwrap());
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:9091/push/metrics/job@base64/YS9i/empty@base64/=/path@base64/L3Zhci9sb2cgeA"
        );
    }
}
