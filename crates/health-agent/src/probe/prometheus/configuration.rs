//! The few lines of Prometheus' configuration that matter here.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;

use crate::facts::Answer;
use crate::facts::prometheus::Configuration;
use crate::probe::http::Client;

pub(super) async fn read(client: &Client, base: &Url) -> Answer<Configuration> {
    #[derive(Deserialize)]
    struct Body {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        yaml: String,
    }
    let body: Body = client.json(base, "api/v1/status/config").await?;
    Ok(parse(&body.data.yaml))
}

/// Out of the text that Prometheus writes itself: one key in a line, two spaces for each level.
fn parse(yaml: &str) -> Configuration {
    let global = entries(yaml, &["global"]);
    let tsdb = entries(yaml, &["storage", "tsdb"]);
    // the one is written as it was read, the other as it is used
    let window = ["out_of_order_time_window", "outofordertimewindow"]
        .iter()
        .filter_map(|key| tsdb.get(*key))
        .find(|window| !matches!(window.as_str(), "0" | "0s"));
    Configuration {
        external_labels: entries(yaml, &["global", "external_labels"]),
        scrape_interval: global
            .get("scrape_interval")
            .and_then(|text| humantime::parse_duration(text).ok())
            .map_or(0.0, |interval| interval.as_secs_f64()),
        out_of_order_window: window.cloned(),
        float_encoding: entries(yaml, &["storage", "tsdb", "chunk_encoding"]).remove("floats"),
    }
}

/// The keys with a value of the mapping that the path leads to.
fn entries(yaml: &str, path: &[&str]) -> BTreeMap<String, String> {
    let mut reached = 0;
    let mut found = BTreeMap::new();
    for line in yaml.lines() {
        let text = line.trim_start();
        let depth = (line.len() - text.len()) / 2;
        let Some((key, value)) = text.split_once(':') else {
            continue;
        };
        // a line that is not deeper ends what was entered before
        reached = reached.min(depth);
        if reached < path.len() {
            if depth == reached && key == path[reached] && value.is_empty() {
                reached += 1;
            }
        } else if depth == reached {
            found.insert(key.to_owned(), unquoted(value.trim()).to_owned());
        }
    }
    found
}

fn unquoted(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "\
global:
  scrape_interval: 10s
  external_labels:
    cluster: demo
    region: \"007\"
    replica: a
  sample_limit: 100000
scrape_configs:
- job_name: a
  scrape_interval: 1m
  global:
    scrape_interval: 3s
storage:
  tsdb:
    outofordertimewindow: 0
    chunk_encoding:
      floats: xor
    retention:
      time: 1w
";

    #[test]
    fn reads_what_matters() {
        let labels = [("cluster", "demo"), ("region", "007"), ("replica", "a")];
        assert_eq!(
            parse(YAML),
            Configuration {
                external_labels: labels
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                scrape_interval: 10.0,
                out_of_order_window: None,
                float_encoding: Some("xor".to_owned()),
            }
        );
    }

    #[test]
    fn late_samples_are_seen() {
        let late = YAML.replace(
            "    outofordertimewindow: 0",
            "    out_of_order_time_window: 30m\n    outofordertimewindow: 1800000",
        );
        assert_eq!(parse(&late).out_of_order_window.as_deref(), Some("30m"));
    }

    #[test]
    fn nothing_is_read_out_of_nothing() {
        assert_eq!(parse("a list:\n- no: thing\n\t\n::"), Configuration::default());
    }
}
