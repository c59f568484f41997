//! What the query asks for samples, as it tells itself.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use crate::facts::thanos::Store;
use crate::facts::{Answer, Timestamp};
use crate::probe::http::Client;

#[derive(Deserialize)]
struct Body {
    data: BTreeMap<String, Vec<Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    /// A text, or an object of Go's that says nothing, or null.
    #[serde(default)]
    last_error: Value,
    #[serde(default)]
    label_sets: Vec<BTreeMap<String, String>>,
    #[serde(default)]
    min_time: i64,
    #[serde(default)]
    max_time: i64,
}

pub(super) async fn read(client: &Client, query: &Url) -> Answer<Vec<Store>> {
    let body: Body = client.json(query, "api/v1/stores").await?;
    let stores = body
        .data
        .into_iter()
        .flat_map(|(kind, entries)| entries.into_iter().map(move |entry| store(&kind, entry)));
    Ok(stores.collect())
}

fn store(kind: &str, entry: Entry) -> Store {
    Store {
        kind: kind.to_owned(),
        name: entry.name,
        last_error: match entry.last_error {
            Value::Null => None,
            Value::String(error) => Some(error),
            other => Some(other.to_string()),
        },
        label_sets: entry.label_sets,
        oldest: time(entry.min_time),
        newest: time(entry.max_time),
    }
}

/// Milliseconds since 1970. What is empty or goes on is written as the smallest or the largest number that there is.
fn time(milliseconds: i64) -> Option<Timestamp> {
    let year_9999 = 253_402_300_800_000;
    (1..year_9999)
        .contains(&milliseconds)
        .then_some(milliseconds as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_query_tells() {
        let text = r#"{"data":{"sidecar":[{"name":"127.0.0.1:10901","lastCheck":"2026-11-26T16:37:37.07403804Z","lastError":null,
            "labelSets":[{"replica":"a"}],"minTime":1795711038000,"maxTime":9223372036854775807}],
            "store":[{"name":"127.0.0.1:10905","lastError":"rpc error: connection refused","labelSets":[],
            "minTime":9223372036854775807,"maxTime":-9223372036854775808}]}}"#;
        let body: Body = serde_json::from_str(text).unwrap();
        let stores: Vec<_> = body
            .data
            .into_iter()
            .flat_map(|(kind, entries)| entries.into_iter().map(move |entry| store(&kind, entry)))
            .collect();
        assert_eq!(
            stores,
            [
                Store {
                    kind: "sidecar".to_owned(),
                    name: "127.0.0.1:10901".to_owned(),
                    last_error: None,
                    label_sets: vec![BTreeMap::from([("replica".to_owned(), "a".to_owned())])],
                    oldest: Some(1_795_711_038.0),
                    newest: None,
                },
                Store {
                    kind: "store".to_owned(),
                    name: "127.0.0.1:10905".to_owned(),
                    last_error: Some("rpc error: connection refused".to_owned()),
                    ..Store::default()
                }
            ]
        );
    }
}
