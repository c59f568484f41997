//! A group of the Pushgateway: what was pushed under one set of labels.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde_json::Value;

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

/// The answer of `/api/v1/metrics`.
pub(super) fn parse(answer: &[u8], keep_label: &str) -> Answer<Vec<Group>> {
    let answer: Value = serde_json::from_slice(answer)
        .map_err(|error| format!("the Pushgateway answered what cannot be read: {error}"))?;
    match &answer["data"] {
        Value::Array(groups) => groups.iter().map(|one| group(one, keep_label)).collect(),
        // it leaves out what is empty
        Value::Null if answer["status"] == "success" => Ok(vec![]),
        _ => Err("the Pushgateway answered no list of groups".to_owned()),
    }
}

fn group(group: &Value, keep_label: &str) -> Answer<Group> {
    let labels = labels(&group["labels"]);
    if !labels.contains_key("job") {
        return Err("the Pushgateway has a group without a job".to_owned());
    }
    let time = |family: &str| {
        let value = &group[family]["metrics"][0]["value"];
        value.as_str().and_then(|text| text.parse().ok())
    };
    let families = group.as_object().into_iter().flatten().map(|(_, family)| family);
    let metrics = families
        .filter_map(|family| family["metrics"].as_array())
        .flatten();
    let says_so = |labels: &Value| labels[keep_label].as_str().is_some_and(|value| !value.is_empty());
    // grouping labels are on every metric, but a group whose pushes all failed has none that was pushed
    let kept = says_so(&group["labels"]) || metrics.into_iter().any(|metric| says_so(&metric["labels"]));
    Ok(Group {
        labels,
        // a group whose time cannot be read is never old
        pushed_at: time("push_time_seconds").unwrap_or(f64::INFINITY),
        failed_at: time("push_failure_time_seconds").unwrap_or(0.0),
        kept,
    })
}

fn labels(labels: &Value) -> BTreeMap<String, String> {
    let labels = labels.as_object().into_iter().flatten();
    labels
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
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
        let groups = parse(
            &answer(r#"{"job":"nightly","box":"a"}"#, r#"{"job":"nightly"}"#),
            "signalbox_keep",
        )
        .unwrap();
        assert_eq!(groups.len(), 1);
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
            let groups = parse(&answer(group, metric), "signalbox_keep").unwrap();
            assert_eq!(groups[0].kept, kept, "{group} {metric}");
        }
    }

    #[test]
    fn nothing_is_no_group_and_nonsense_is_an_error() {
        assert_eq!(parse(br#"{"status":"success","data":[]}"#, "k"), Ok(vec![]));
        assert_eq!(parse(br#"{"status":"success"}"#, "k"), Ok(vec![]));
        assert!(parse(br#"{"status":"error"}"#, "k").is_err());
        assert!(parse(b"<html>", "k").is_err());
        assert!(parse(br#"{"status":"success","data":[{"labels":{}}]}"#, "k").is_err());
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
        let group = &parse(text, "k").unwrap()[0];
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
