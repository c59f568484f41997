//! The configuration: [`RawConfig`] as a person writes them, [`Config`] as the collector uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use exposition::MetricType;
use exposition::names::{is_label_name, is_metric_name};
use serde::{Deserialize, Serialize};
use service::{NoFlags, Problems, Settings};

use crate::expose::Alias;
use crate::process::{Promotion, is_of_origin, is_reserved};
use crate::series::{Expiry, Limits};

/// What the collector runs with.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) listen: Listen,
    pub(crate) promotions: Vec<Promotion>,
    pub(crate) limits: Limits,
    pub(crate) expiry: Expiry,
    /// Bytes of one request, unpacked.
    pub(crate) max_request: usize,
    /// Bytes of all requests at once.
    pub(crate) max_in_flight: usize,
    pub(crate) aliases: Vec<Alias>,
}

/// Where the collector listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen {
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) data: SocketAddr,
    pub(crate) self_metrics: SocketAddr,
}

/// The collector's settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    listen: RawListen,
    /// The environment that this collector stands in, written over what clients send.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// The data plane that this collector belongs to, written over what clients send.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_plane_id: Option<String>,
    promote: Promote,
    limits: RawLimits,
    expiry: RawExpiry,
    aliases: Vec<RawAlias>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawListen {
    grpc: String,
    http: String,
    data: String,
    self_metrics: String,
}

impl Default for RawListen {
    fn default() -> Self {
        let loopback = |port: u16| format!("127.0.0.1:{port}");
        Self {
            grpc: loopback(4317),
            http: loopback(4318),
            data: loopback(8889),
            self_metrics: loopback(8888),
        }
    }
}

/// Labels, and the resource attributes that each is taken from, the first that is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Promote(BTreeMap<String, Vec<String>>);

impl Default for Promote {
    fn default() -> Self {
        let label = |label: &str, from: &[&str]| {
            let from = from.iter().map(|&attribute| attribute.to_owned()).collect();
            (label.to_owned(), from)
        };
        Self(BTreeMap::from([
            label(
                "environment",
                &[
                    "deployment.environment.name",
                    "deployment.environment",
                    "environment",
                ],
            ),
            label("data_plane_id", &["data_plane_id"]),
            label("service_name", &["service.name"]),
        ]))
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawLimits {
    series: usize,
    series_per_metric: usize,
    sources: usize,
    label_bytes: usize,
    buckets: usize,
    request_bytes: usize,
    in_flight_bytes: usize,
}

impl Default for RawLimits {
    fn default() -> Self {
        Self {
            series: 1_000_000,
            series_per_metric: 200_000,
            sources: 100_000,
            label_bytes: 16 * 1024,
            buckets: 256,
            request_bytes: 16 * 1024 * 1024,
            in_flight_bytes: 64 * 1024 * 1024,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawExpiry {
    gauges: String,
    counters: String,
}

impl Default for RawExpiry {
    fn default() -> Self {
        Self {
            gauges: "5m".to_owned(),
            counters: "1h".to_owned(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawAlias {
    /// The exposed name of a metric.
    metric: String,
    /// Its further names.
    names: Vec<String>,
    /// New names of labels, by the old.
    labels: BTreeMap<String, String>,
}

impl Settings for RawConfig {
    type Config = Config;
    type Flags = NoFlags;

    fn validate(self, problems: &mut Problems) -> Option<Config> {
        let limits = &self.limits;
        limits.check(problems);
        let listen = self.listen.parse(problems);
        let expiry = self.expiry.parse(problems);
        let promotions = promotions(self.promote, self.environment, self.data_plane_id, problems);
        let aliases = aliases(self.aliases, &promotions, problems);
        Some(Config {
            listen: listen?,
            promotions,
            limits: Limits {
                series: limits.series,
                series_per_metric: limits.series_per_metric,
                sources: limits.sources,
                label_bytes: limits.label_bytes,
                buckets: limits.buckets,
            },
            expiry: expiry?,
            max_request: limits.request_bytes,
            max_in_flight: limits.in_flight_bytes,
            aliases,
        })
    }
}

impl RawListen {
    fn parse(self, problems: &mut Problems) -> Option<Listen> {
        let mut address = |key: &str, text: &str| {
            let address = text.parse().ok();
            if address.is_none() {
                let message =
                    format!("must be an IP address and a port, such as 127.0.0.1:4317, is `{text}`");
                problems.add(key, message);
            }
            address
        };
        let grpc = address("listen.grpc", &self.grpc);
        let http = address("listen.http", &self.http);
        let data = address("listen.data", &self.data);
        let self_metrics = address("listen.self_metrics", &self.self_metrics);
        let all = [
            ("listen.grpc", grpc),
            ("listen.http", http),
            ("listen.data", data),
            ("listen.self_metrics", self_metrics),
        ];
        for (index, (key, address)) in all.into_iter().enumerate() {
            let Some(address) = address.filter(|address: &SocketAddr| address.port() != 0) else {
                continue;
            };
            let earlier = all[..index].iter().find(|(_, other)| *other == Some(address));
            if let Some((other, _)) = earlier {
                problems.add(key, format!("must differ from {other}, is {address} too"));
            }
        }
        Some(Listen {
            grpc: grpc?,
            http: http?,
            data: data?,
            self_metrics: self_metrics?,
        })
    }
}

impl RawLimits {
    fn check(&self, problems: &mut Problems) {
        for (key, limit) in [
            ("limits.series", self.series),
            ("limits.series_per_metric", self.series_per_metric),
            ("limits.sources", self.sources),
            ("limits.label_bytes", self.label_bytes),
            ("limits.buckets", self.buckets),
            ("limits.request_bytes", self.request_bytes),
        ] {
            if limit == 0 {
                problems.add(key, "must be at least 1, is 0");
            }
        }
        if self.series > u32::MAX as usize {
            problems.add(
                "limits.series",
                format!("must be at most {}, is {}", u32::MAX, self.series),
            );
        }
        // a request that comes compressed is there twice
        let needed = self.request_bytes.saturating_mul(2);
        if self.in_flight_bytes < needed {
            problems.add(
                "limits.in_flight_bytes",
                format!(
                    "must be at least twice limits.request_bytes, which is {needed}, is {}",
                    self.in_flight_bytes
                ),
            );
        }
    }
}

impl RawExpiry {
    fn parse(&self, problems: &mut Problems) -> Option<Expiry> {
        let mut age = |key: &str, text: &str| match text {
            "never" => Some(None),
            _ => match humantime::parse_duration(text) {
                Ok(age) if age >= Duration::from_secs(1) => Some(Some(age)),
                _ => {
                    problems.add(
                        key,
                        format!("must be a time of at least 1s, such as 5m, or never, is `{text}`"),
                    );
                    None
                }
            },
        };
        let gauges = age("expiry.gauges", &self.gauges);
        let counters = age("expiry.counters", &self.counters);
        Some(Expiry {
            gauges: gauges?,
            counters: counters?,
        })
    }
}

fn promotions(
    Promote(promote): Promote,
    environment: Option<String>,
    data_plane_id: Option<String>,
    problems: &mut Problems,
) -> Vec<Promotion> {
    let mut fixed = BTreeMap::new();
    for (key, value) in [("environment", environment), ("data_plane_id", data_plane_id)] {
        let Some(value) = value else { continue };
        if value.is_empty() {
            problems.add(key, "must not be empty; leave it out to take what clients send");
        } else if promote.get(key).is_none_or(Vec::is_empty) {
            problems.add(key, format!("has no effect, because promote.{key} is empty"));
        }
        fixed.insert(key.to_owned(), value);
    }
    let mut promotions = Vec::new();
    for (label, from) in promote {
        let key = format!("promote.{label}");
        if !is_label_name(&label) {
            problems.add(
                &key,
                "must be a label's name: letters, digits and _, no digit first",
            );
        }
        if is_of_samples(&label) || is_of_origin(&label, &[]) {
            problems.add(&key, "cannot be promoted: this label has a meaning of its own");
        }
        // an empty list switches a promotion of the defaults off
        if !from.is_empty() {
            let fixed = fixed.remove(&label);
            promotions.push(Promotion { label, from, fixed });
        }
    }
    promotions
}

fn aliases(settings: Vec<RawAlias>, promotions: &[Promotion], problems: &mut Problems) -> Vec<Alias> {
    let mut aliases: Vec<Alias> = Vec::new();
    for RawAlias {
        metric,
        names,
        labels,
    } in settings
    {
        let mut problem = |message: String| problems.add("aliases", message);
        if !is_metric_name(&metric) {
            problem(format!(
                "metric must be the exposed name of a metric, is `{metric}`"
            ));
        }
        if names.is_empty() {
            problem(format!("`{metric}` needs at least one name in names"));
        }
        let mut new_names = BTreeSet::new();
        for (old, new) in &labels {
            if !is_label_name(old) || !is_label_name(new) {
                problem(format!(
                    "labels of `{metric}` must be label names, are `{old}` and `{new}`"
                ));
            } else if is_of_samples(new) || is_of_origin(new, promotions) {
                problem(format!(
                    "a label of `{metric}` cannot become `{new}`: this label has a meaning of its own"
                ));
            } else if !new_names.insert(new) {
                problem(format!("two labels of `{metric}` cannot both become `{new}`"));
            }
        }
        let labels: Vec<(String, String)> = labels.into_iter().collect();
        for name in names {
            let clash = aliases.iter().find(|other| share_a_sample(&other.name, &name));
            if !is_metric_name(&name) || is_reserved(&name) || name == metric {
                problem(format!("`{name}` cannot be another name of `{metric}`"));
            } else if let Some(Alias { name: other, .. }) = clash {
                problem(if *other == name {
                    format!("`{name}` is given twice")
                } else {
                    format!("`{name}` and `{other}` cannot both be names: one would be a sample of the other")
                });
            } else {
                let (metric, labels) = (metric.clone(), labels.clone());
                aliases.push(Alias { metric, name, labels });
            }
        }
    }
    aliases
}

/// Whether samples of some metric type need this label for themselves.
fn is_of_samples(label: &str) -> bool {
    matches!(label, "le" | "quantile")
}

/// Whether two metrics of these names, of whatever types, could have samples of one name.
fn share_a_sample(one: &str, other: &str) -> bool {
    let suffixes = MetricType::Histogram.suffixes();
    let is_sample = |name: &str, of: &str| {
        let suffix = name.strip_prefix(of);
        suffix.is_some_and(|suffix| suffix.is_empty() || suffixes.contains(&suffix))
    };
    is_sample(one, other) || is_sample(other, one)
}

#[cfg(test)]
mod tests;
