//! Environment variables that are not this service's own: those that OpenTelemetry defines for every SDK, and the
//! short ones that services in containers are commonly given.
//!
//! They stand in for keys that nobody has configured. The order, highest first: command line, the service's own
//! `SIGNALBOX_DEMO_API__…` variables, configuration files, then these, then built-in defaults. Among these:
//!
//! | key | variables, highest first |
//! |---|---|
//! | `service_name` | `OTEL_SERVICE_NAME`, `service.name` in `OTEL_RESOURCE_ATTRIBUTES` |
//! | `instance_id` | `service.instance.id` in `OTEL_RESOURCE_ATTRIBUTES` |
//! | `environment` | `ENV`, `deployment.environment.name` in `OTEL_RESOURCE_ATTRIBUTES` |
//! | `data_plane_id` | `DATA_PLANE_ID`, `data_plane_id` in `OTEL_RESOURCE_ATTRIBUTES` |
//! | `export.endpoint` | `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` (as it is), `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_ENDPOINT` |
//! | `export.interval` | `OTEL_METRIC_EXPORT_INTERVAL`, in milliseconds |
//! | `export.timeout` | `OTEL_EXPORTER_OTLP_METRICS_TIMEOUT`, `OTEL_EXPORTER_OTLP_TIMEOUT`, in milliseconds |
//! | `fault.error_ratio` | `ERROR_RATE` |
//!
//! Everything else in `OTEL_RESOURCE_ATTRIBUTES` becomes an attribute of the resource, and `OTEL_EXPORTER_OTLP_HEADERS`
//! is read by the exporter itself.

use std::collections::BTreeMap;

/// What the variables say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Variables {
    pub(crate) service_name: Option<String>,
    pub(crate) instance_id: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) data_plane_id: Option<String>,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) interval: Option<Given>,
    pub(crate) timeout: Option<Given>,
    pub(crate) error_ratio: Option<Given>,
    /// All of `OTEL_RESOURCE_ATTRIBUTES`.
    pub(crate) attributes: BTreeMap<String, String>,
}

/// A value, and the variable that it came from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) variable: &'static str,
    pub(crate) text: String,
}

/// Where metrics are sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// This URL as it is.
    Metrics(Given),
    /// The path of the metrics is appended.
    Base(Given),
}

impl Variables {
    /// Reads them through `lookup`. An empty variable counts as absent, as OpenTelemetry wants it.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|&variable| {
                let text = lookup(variable).filter(|text| !text.trim().is_empty())?;
                Some(Given { variable, text })
            })
        };
        let text = |names| first(names).map(|given| given.text);
        let attributes = text(&["OTEL_RESOURCE_ATTRIBUTES"])
            .map(|text| attributes(&text))
            .unwrap_or_default();
        let attribute = |key: &str| attributes.get(key).cloned();
        Self {
            service_name: text(&["OTEL_SERVICE_NAME"]).or_else(|| attribute("service.name")),
            instance_id: attribute("service.instance.id"),
            environment: text(&["ENV"]).or_else(|| attribute("deployment.environment.name")),
            data_plane_id: text(&["DATA_PLANE_ID"]).or_else(|| attribute("data_plane_id")),
            endpoint: first(&["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"])
                .map(Endpoint::Metrics)
                .or_else(|| first(&["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_ENDPOINT"]).map(Endpoint::Base)),
            interval: first(&["OTEL_METRIC_EXPORT_INTERVAL"]),
            timeout: first(&["OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"]),
            error_ratio: first(&["ERROR_RATE"]),
            attributes,
        }
    }
}

/// `key=value,key=value`, with what cannot stand there written `%2C`. A pair that is none is left out.
fn attributes(text: &str) -> BTreeMap<String, String> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        Some((percent_decoded(key.trim()), percent_decoded(value.trim())))
    };
    text.split(',')
        .filter_map(pair)
        .filter(|(key, _)| !key.is_empty())
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = if byte == b'%' {
            after.split_first_chunk::<2>().and_then(hexadecimal)
        } else {
            None
        };
        let (value, after) = escaped.unwrap_or((byte, after));
        decoded.push(value);
        rest = after;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The byte that two digits stand for, and what follows them.
fn hexadecimal<'a>((digits, after): (&[u8; 2], &'a [u8])) -> Option<(u8, &'a [u8])> {
    let digit = |index: usize| char::from(digits[index]).to_digit(16);
    Some(((digit(0)? * 16 + digit(1)?) as u8, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Variables {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Variables::read(find)
    }

    fn given(variable: &'static str, text: &str) -> Given {
        Given {
            variable,
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_more_specific_variable_wins() {
        assert_eq!(read(&[]), Variables::default());
        let attributes = (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=a, deployment.environment.name=dev,team=x%2Cy,junk",
        );
        let general = read(&[attributes, ("OTEL_ENDPOINT", "http://c:4318"), ("ENV", " ")]);
        assert_eq!(general.service_name.as_deref(), Some("a"));
        assert_eq!(general.environment.as_deref(), Some("dev"));
        assert_eq!(general.attributes.get("team").map(String::as_str), Some("x,y"));
        assert_eq!(general.attributes.len(), 3);
        assert_eq!(
            general.endpoint,
            Some(Endpoint::Base(given("OTEL_ENDPOINT", "http://c:4318")))
        );

        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://b:4318");
        let specific = read(&[
            attributes,
            base,
            ("OTEL_ENDPOINT", "http://c"),
            ("OTEL_SERVICE_NAME", "s"),
            ("ENV", "qa"),
        ]);
        assert_eq!(specific.service_name.as_deref(), Some("s"));
        assert_eq!(specific.environment.as_deref(), Some("qa"));
        assert_eq!(specific.endpoint, Some(Endpoint::Base(given(base.0, base.1))));

        let metrics = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m/in");
        assert_eq!(
            read(&[base, metrics]).endpoint,
            Some(Endpoint::Metrics(given(metrics.0, metrics.1)))
        );
    }

    #[test]
    fn percent_signs_that_escape_nothing_stay() {
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%41"), "%zzA");
        assert_eq!(percent_decoded("%+1"), "%+1");
    }
}
