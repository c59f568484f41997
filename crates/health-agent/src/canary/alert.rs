//! The test alert: posted to the local Alertmanager, whose route brings it back to `POST /canary/alert`.

use std::time::{Duration, SystemTime};

use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::ring;

use crate::facts::Answer;
use crate::probe::Client;
use crate::probe::http::under;

/// Alertmanager's route of the canary matches it.
pub(crate) const NAME: &str = "SignalboxCanary";

/// It must still fire when Alertmanager sends it: after its start it waits a minute, and 15 s for each peer before it.
const LIFETIME: Duration = Duration::from_mins(2);

/// Nobody can guess it, so that what comes back went the whole way.
pub(super) fn nonce() -> String {
    let mut bytes = [0; 16];
    // as the system's own generator does, it fails at most before the first use
    let filled = ring::default_provider().secure_random.fill(&mut bytes);
    if filled.is_err() {
        tracing::error!("the system gives no random numbers; the canary alert can be guessed");
    }
    format!("{:032x}", u128::from_be_bytes(bytes))
}

pub(super) async fn send(client: &Client, alertmanager: &Url, box_name: &str, nonce: &str) -> Answer<()> {
    let body = body(box_name, nonce, SystemTime::now());
    let request = client.request(Method::POST, under(alertmanager, "api/v2/alerts"));
    let (status, answer) = client.send(request.json(&body)).await?;
    if status.is_success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned();
    Err(format!("answered {status}: {}", said.trim()))
}

/// Each nonce makes a group of its own, which Alertmanager sends at once.
fn body(box_name: &str, nonce: &str, now: SystemTime) -> Value {
    let time = |at: SystemTime| humantime::format_rfc3339_millis(at).to_string();
    json!([{
        "labels": { "alertname": NAME, "severity": "none", "box": box_name, "canary": nonce },
        "annotations": {
            "summary": "A test alert that comes back to the health agent",
            "description": "It proves the way through Alertmanager. Nobody is told of it.",
        },
        "startsAt": time(now),
        "endsAt": time(now + LIFETIME),
    }])
}

/// The nonces in what Alertmanager posts to a webhook.
pub(super) fn nonces(notification: &[u8]) -> Answer<Vec<String>> {
    #[derive(Deserialize)]
    struct Notification {
        alerts: Vec<Alert>,
    }
    #[derive(Deserialize)]
    struct Alert {
        labels: Labels,
    }
    #[derive(Deserialize)]
    struct Labels {
        #[serde(default)]
        canary: String,
    }
    let notification: Notification = serde_json::from_slice(notification)
        .map_err(|error| format!("must be a notification of Alertmanager: {error}"))?;
    Ok(notification
        .alerts
        .into_iter()
        .map(|alert| alert.labels.canary)
        .collect())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn it_ends_by_itself() {
        let body = body("a", "0123", UNIX_EPOCH + Duration::from_secs(1_796_000_000));
        assert_eq!(
            body[0]["labels"],
            json!({ "alertname": "SignalboxCanary", "severity": "none", "box": "a", "canary": "0123" })
        );
        assert_eq!(body[0]["startsAt"], "2026-11-30T00:53:20.000Z");
        assert_eq!(body[0]["endsAt"], "2026-11-30T00:55:20.000Z");
    }

    #[test]
    fn no_two_nonces_are_alike() {
        let (one, other) = (nonce(), nonce());
        assert_eq!((one.len(), other.len()), (32, 32));
        assert_ne!(one, other);
    }

    #[test]
    fn nonces_are_read_from_a_notification() {
        let text = br#"{"version":"4","status":"firing","alerts":[
            {"status":"firing","labels":{"alertname":"SignalboxCanary","canary":"one"}},
            {"status":"firing","labels":{"alertname":"Other"}}]}"#;
        assert_eq!(nonces(text), Ok(vec!["one".to_owned(), String::new()]));
        assert!(nonces(b"{}").is_err());
        assert!(nonces(b"").is_err());
    }
}
