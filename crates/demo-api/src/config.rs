//! Settings as they are written, and the configuration that they become.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use service::{Problems, Settings};

use crate::breaker::Thresholds;
use crate::fault::Faults;
use crate::latency::Latency;
use crate::ratio::Ratio;
use crate::variables::Variables;

mod export;
mod raw;
mod restart;

pub use raw::RawConfig;

/// What the service runs with.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) listen: Vec<SocketAddr>,
    /// Where the faults can be changed.
    pub(crate) fault_control: Option<SocketAddr>,
    pub(crate) identity: Identity,
    pub(crate) export: Export,
    pub(crate) latencies: Latencies,
    pub(crate) payments: Payments,
    pub(crate) faults: Faults,
}

/// Who sends the metrics: the attributes of the OpenTelemetry resource.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) service_name: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) data_plane_id: Option<String>,
    /// Further attributes; the others win over them.
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Where the metrics go, and how often.
#[derive(Debug, Clone)]
pub(crate) struct Export {
    /// The whole URL, path included.
    pub(crate) url: String,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

/// How long the endpoints take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latencies {
    pub(crate) health: Latency,
    pub(crate) products: Latency,
    pub(crate) orders: Latency,
    pub(crate) reports: Latency,
    pub(crate) search: Latency,
    /// A search that was made a moment ago.
    pub(crate) search_cached: Latency,
    pub(crate) payments: Latency,
}

/// How payments fare with the bank.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payments {
    pub(crate) failure_ratio: Ratio,
    pub(crate) breaker: Thresholds,
}

/// Options of the command line.
#[derive(Debug, Default, Args, Serialize)]
pub struct Flags {
    /// Address and port to serve on; the option may be given several times [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<Vec<String>>,

    /// The environment that the service belongs to, such as prod
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,

    /// The data plane that the service belongs to, such as dp-prod-01
    #[arg(long, value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_plane_id: Option<String>,
}

impl Settings for RawConfig {
    type Config = Config;
    type Flags = Flags;

    fn validate(self, problems: &mut Problems) -> Option<Config> {
        let variables = Variables::read(|name| std::env::var(name).ok());
        self.resolve(variables, problems)
    }
}

impl Config {
    /// The configuration that settings amount to by themselves, whatever the process' environment variables say.
    pub fn from_settings(raw: RawConfig) -> Result<Self, Box<Problems>> {
        let mut problems = Problems::default();
        match raw.resolve(Variables::default(), &mut problems) {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Box::new(problems)),
        }
    }
}

impl RawConfig {
    fn resolve(self, variables: Variables, problems: &mut Problems) -> Option<Config> {
        let listen: Vec<Option<SocketAddr>> = self
            .listen
            .iter()
            .map(|text| problems.take("listen", address(text)))
            .collect();
        if listen.is_empty() {
            problems.add("listen", "must have at least one address, such as 127.0.0.1:8080");
        }
        let control = self
            .fault
            .control
            .as_deref()
            .map(|text| problems.take("fault.control", loopback(text)));
        let identity = Identity {
            service_name: self
                .service_name
                .or(variables.service_name)
                .unwrap_or_else(|| SERVICE_NAME.to_owned()),
            instance_id: self.instance_id.or(variables.instance_id),
            environment: self.environment.or(variables.environment),
            data_plane_id: self.data_plane_id.or(variables.data_plane_id),
            attributes: variables.attributes,
        };
        for (key, value) in [
            ("service_name", Some(&identity.service_name)),
            ("instance_id", identity.instance_id.as_ref()),
            ("environment", identity.environment.as_ref()),
            ("data_plane_id", identity.data_plane_id.as_ref()),
        ] {
            if value.is_some_and(|value| value.trim().is_empty()) {
                problems.add(key, "must not be empty; leave it out instead");
            }
        }
        let export = self.export.resolve(
            variables.endpoint,
            variables.interval,
            variables.timeout,
            problems,
        );

        let mut latency = |key, text: &str| problems.take(key, text.parse::<Latency>());
        let latencies = self.latency;
        let (health, products) = (
            latency("latency.health", &latencies.health),
            latency("latency.products", &latencies.products),
        );
        let (orders, reports) = (
            latency("latency.orders", &latencies.orders),
            latency("latency.reports", &latencies.reports),
        );
        let search = latency("latency.search", &latencies.search);
        let search_cached = latency("latency.search_cached", &latencies.search_cached);
        let payments = latency("latency.payments", &latencies.payments);
        let fault_latency = latency("fault.latency", &self.fault.latency);

        let error_ratio = match (self.fault.error_ratio, variables.error_ratio) {
            (Some(configured), _) => Ratio::try_from(configured).map_err(|error| error.to_string()),
            (None, Some(given)) => given
                .text
                .parse()
                .map_err(|error| format!("{} {error}", given.variable)),
            (None, None) => Ratio::try_from(0.0).map_err(|error| error.to_string()),
        };
        let error_ratio = problems.take("fault.error_ratio", error_ratio);
        let latency_ratio = problems.take("fault.latency_ratio", self.fault.latency_ratio.try_into());
        let failure_ratio = problems.take("payments.failure_ratio", self.payments.failure_ratio.try_into());
        let failures = NonZeroU32::new(self.payments.breaker.failures).ok_or("must be at least 1");
        let failures = problems.take("payments.breaker.failures", failures);
        let open_for = duration(&self.payments.breaker.open_for, Duration::from_millis(1));
        let open_for = problems.take("payments.breaker.open_for", open_for);

        Some(Config {
            listen: listen.into_iter().collect::<Option<_>>()?,
            fault_control: match control {
                Some(address) => Some(address?),
                None => None,
            },
            identity,
            export: export?,
            latencies: Latencies {
                health: health?,
                products: products?,
                orders: orders?,
                reports: reports?,
                search: search?,
                search_cached: search_cached?,
                payments: payments?,
            },
            payments: Payments {
                failure_ratio: failure_ratio?,
                breaker: Thresholds {
                    failures: failures?,
                    open_for: open_for?,
                },
            },
            faults: Faults {
                error_ratio: error_ratio?,
                latency_ratio: latency_ratio?,
                latency: fault_latency?,
                accept_header: self.fault.accept_header,
            },
        })
    }
}

/// What the service is called unless it is told otherwise.
const SERVICE_NAME: &str = "api-service";

fn address(text: &str) -> Result<SocketAddr, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("must be an IP address and a port such as 127.0.0.1:8080, is {text:?}"))
}

/// Whoever reaches the control can break the service: not over the network.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = address(text)?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!(
            "must be a loopback address such as 127.0.0.1:8079, is {text:?}"
        ))
    }
}

/// Longer than a day is a typing mistake.
const LONGEST: Duration = Duration::from_hours(24);

fn duration(text: &str, least: Duration) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text.trim());
    let parsed = parsed.map_err(|_| format!("must be a duration such as 5s or 250ms, is {text:?}"))?;
    if (least..=LONGEST).contains(&parsed) {
        Ok(parsed)
    } else {
        Err(format!(
            "must be from {} to {}, is {text}",
            humantime::format_duration(least),
            humantime::format_duration(LONGEST)
        ))
    }
}

#[cfg(test)]
mod tests;
