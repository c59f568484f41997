//! The settings as they are written in a file.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

/// The settings of a run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    /// `http://127.0.0.11:8080`, or `prod=http://127.0.0.11:8080`.
    #[serde(deserialize_with = "service::one_or_many")]
    pub(super) target: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<f64>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "some_text_or_number"
    )]
    pub(super) duration: Option<String>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "some_text_or_number"
    )]
    pub(super) wait: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) timeout: String,
    pub(super) concurrency: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<u64>,
    /// By environment.
    pub(super) patterns: BTreeMap<String, RawPattern>,
    pub(super) endpoints: Vec<RawEndpoint>,
}

/// The load of an environment: steady, or in bursts if it has a quiet rate.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPattern {
    /// Requests per second, at most.
    pub(super) rate: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quiet_rate: Option<f64>,
    /// This share of requests carries `x-signalbox-fault: error`.
    #[serde(default)]
    pub(super) fault_ratio: f64,
}

/// A kind of request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEndpoint {
    #[serde(default = "get")]
    pub(super) method: String,
    /// Each request takes one of them.
    pub(super) paths: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
    pub(super) weight: f64,
}

fn get() -> String {
    "GET".to_owned()
}

impl Default for RawConfig {
    fn default() -> Self {
        let steady = |rate, fault_ratio| RawPattern {
            rate,
            quiet_rate: None,
            fault_ratio,
        };
        let patterns = [
            ("prod", steady(50.0, 0.0)),
            (
                "dev",
                RawPattern {
                    rate: 20.0,
                    quiet_rate: Some(5.0),
                    fault_ratio: 0.0,
                },
            ),
            ("qa", steady(20.0, 0.1)),
        ];
        Self {
            target: Vec::new(),
            environment: None,
            rate: None,
            duration: None,
            wait: None,
            timeout: "5s".to_owned(),
            concurrency: 256,
            seed: None,
            patterns: patterns
                .into_iter()
                .map(|(name, pattern)| (name.to_owned(), pattern))
                .collect(),
            endpoints: vec![
                reading(40.0, &["/health"]),
                reading(
                    30.0,
                    &[
                        "/api/products",
                        "/api/products?category=coffee",
                        "/api/products?category=tea",
                    ],
                ),
                writing(15.0, "/api/orders", ORDER),
                reading(10.0, &["/api/reports"]),
                writing(5.0, "/api/payments", PAYMENT),
                reading(5.0, SEARCHES),
            ],
        }
    }
}

const ORDER: &str = r#"{"customer": "c-1042", "items": [{"sku": "CF-101", "quantity": 2}, {"sku": "EQ-404", "quantity": 1}]}"#;

const PAYMENT: &str = r#"{"orderId": "ord-00001042", "amountCents": 4230}"#;

/// More than are asked within the time that the target keeps their answers.
const SEARCHES: &[&str] = &[
    "/api/search?q=coffee",
    "/api/search?q=coffee+beans",
    "/api/search?q=decaf",
    "/api/search?q=espresso",
    "/api/search?q=filter",
    "/api/search?q=tea",
    "/api/search?q=sencha",
    "/api/search?q=rooibos",
    "/api/search?q=earl+grey",
    "/api/search?q=cocoa",
    "/api/search?q=grinder",
    "/api/search?q=kettle",
    "/api/search?q=moka",
    "/api/search?q=jug",
    "/api/search?q=paper",
    "/api/search?q=loose",
];

fn reading(weight: f64, paths: &[&str]) -> RawEndpoint {
    RawEndpoint {
        method: get(),
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
        body: None,
        weight,
    }
}

fn writing(weight: f64, path: &str, body: &str) -> RawEndpoint {
    RawEndpoint {
        method: "POST".to_owned(),
        paths: vec![path.to_owned()],
        body: Some(body.to_owned()),
        weight,
    }
}

/// A time as it is written: a text, or a number of seconds.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct TextOrNumber;
    impl Visitor<'_> for TextOrNumber {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number of seconds or a time such as 5m")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }
    deserializer.deserialize_any(TextOrNumber)
}

fn some_text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Written(#[serde(deserialize_with = "text_or_number")] String);
    Ok(Option::<Written>::deserialize(deserializer)?.map(|written| written.0))
}
