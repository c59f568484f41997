//! The metric: one point to one collector, over OTLP/HTTP in JSON.

use std::io;
use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::config::{Collector, Config};
use crate::facts::{Answer, Timestamp};
use crate::probe::http::under;
use crate::probe::unix_time;
use crate::probe::wire::{self, Trust};

/// Its name in Prometheus: already with its unit, so that no way of naming changes it.
pub(crate) const NAME: &str = "signalbox_canary_timestamp_seconds";

/// A token file is a line; nobody's is longer.
const MAX_TOKEN: u64 = 64 * 1024;

/// When the canary that was taken was sent, or why it was not taken.
pub(crate) async fn send(config: &Config, collector: &Collector) -> Answer<Timestamp> {
    let canary = &config.canary;
    // read anew each time: both are replaced while the agent runs
    let token = match &canary.bearer_token_file {
        Some(file) => Some(token(file).map_err(|error| format!("not asked, {}: {error}", file.display()))?),
        None => None,
    };
    let trust = match &canary.ca_file {
        Some(file) if collector.otlp.scheme() == "https" => {
            let identity = canary.identity.as_ref();
            let identity = identity.map(|one| (one.cert_file.as_path(), one.key_file.as_path()));
            Some(Trust::of(file, identity)?)
        }
        _ => None,
    };
    let at = unix_time();
    let body = body(&config.box_name, at).to_string();
    let to = under(&collector.otlp, "v1/metrics");
    let answer = wire::post(
        &to,
        trust.as_ref(),
        token.as_deref(),
        body.into_bytes(),
        config.timeout,
    )
    .await?;
    taken(answer.0, &answer.1).map(|()| at)
}

fn token(file: &Path) -> io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(file)?
        .take(MAX_TOKEN)
        .read_to_string(&mut text)?;
    // a collector's file may have several, one per line: each of them is let in
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other("holds no token"))
}

/// The collector adds environment and data plane.
fn body(box_name: &str, at: Timestamp) -> Value {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    // as fine as a float of today's Unix time is
    let nanoseconds = (at * 1e6) as u64 * 1000;
    json!({
        "resourceMetrics": [{
            "resource": { "attributes": [
                text("service.name", "signalbox-health"),
                text("service.instance.id", box_name),
            ] },
            "scopeMetrics": [{
                "scope": { "name": "signalbox-health" },
                "metrics": [{
                    "name": NAME,
                    "description": "When a canary was sent, in Unix time",
                    "unit": "s",
                    "gauge": { "dataPoints": [{
                        // a string, as JSON's numbers are too short for it
                        "timeUnixNano": nanoseconds.to_string(),
                        "asDouble": at,
                        "attributes": [text("box", box_name)],
                    }] },
                }],
            }],
        }],
    })
}

/// An OK may still say that points were rejected.
fn taken(status: StatusCode, answer: &[u8]) -> Answer<()> {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let said = |value: &Value| value.as_str().map(|text| format!(": {text}")).unwrap_or_default();
    if !status.is_success() {
        return Err(format!("answered {status}{}", said(&answer["message"])));
    }
    let partial = &answer["partialSuccess"];
    match &partial["rejectedDataPoints"] {
        Value::Null => Ok(()),
        count if count.as_str() == Some("0") || count.as_u64() == Some(0) => Ok(()),
        _ => Err(format!("rejected it{}", said(&partial["errorMessage"]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_value_is_the_time_of_sending() {
        let body = body("a", 1_796_000_000.25);
        let metric = &body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
        assert_eq!(metric["name"], NAME);
        let point = &metric["gauge"]["dataPoints"][0];
        assert_eq!(point["asDouble"], json!(1_796_000_000.25));
        assert_eq!(point["timeUnixNano"], "1796000000250000000");
        assert_eq!(point["attributes"][0]["value"]["stringValue"], "a");
    }

    #[test]
    fn an_ok_with_a_rejection_is_none() {
        assert_eq!(taken(StatusCode::OK, b"{}"), Ok(()));
        assert_eq!(
            taken(
                StatusCode::OK,
                br#"{"partialSuccess":{"rejectedDataPoints":"0","errorMessage":"slow down"}}"#
            ),
            Ok(())
        );
        assert_eq!(
            taken(
                StatusCode::OK,
                br#"{"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"too many series"}}"#
            ),
            Err("rejected it: too many series".to_owned())
        );
        assert_eq!(
            taken(
                StatusCode::SERVICE_UNAVAILABLE,
                br#"{"code":14,"message":"no room"}"#
            ),
            Err("answered 503 Service Unavailable: no room".to_owned())
        );
        assert_eq!(
            taken(StatusCode::NOT_FOUND, b"<html>"),
            Err("answered 404 Not Found".to_owned())
        );
    }

    #[test]
    fn the_token_is_the_first_line_that_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens");
        std::fs::write(&file, "\n first \nsecond\n").unwrap();
        assert_eq!(token(&file).unwrap(), "first");
        std::fs::write(&file, "\n").unwrap();
        assert_eq!(token(&file).unwrap_err().to_string(), "holds no token");
    }
}
