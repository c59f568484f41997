//! Settings as they are written, and the configuration that they become.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use service::{Problems, Settings};

use crate::endpoint::Endpoint;
use crate::pattern::{Pattern, Shape};
use crate::rate::Rate;
use crate::target::Target;

mod raw;

pub use raw::RawConfig;
use raw::{RawEndpoint, RawPattern};

/// What a run is made of.
#[derive(Debug)]
pub struct Config {
    pub(crate) loads: Vec<Load>,
    pub(crate) limits: Limits,
    pub(crate) endpoints: Arc<[Endpoint]>,
    /// How long each target is under load; None until the process is stopped.
    pub(crate) duration: Option<Duration>,
    /// How long each target may take to answer at the beginning; None for ever.
    pub(crate) wait: Option<Duration>,
    pub(crate) seed: u64,
}

/// The load of one target.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) target: Target,
    pub(crate) environment: String,
    pub(crate) pattern: Pattern,
}

/// What no request and no target may exceed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// A request may take so long, and may wait so long for its turn.
    pub(crate) timeout: Duration,
    /// So many requests to one target are on their way at once.
    pub(crate) concurrency: NonZeroUsize,
}

/// Options of the command line.
#[derive(Debug, Default, Args, Serialize)]
pub struct Flags {
    /// URL to send requests to, or ENVIRONMENT=URL; given several times, all are under load at once
    #[arg(long, value_name = "[ENVIRONMENT=]URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Vec<String>>,

    /// Environment of the targets that name none: its pattern is sent (prod, dev and qa are known)
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,

    /// Highest number of requests per second to each target, instead of the pattern's
    #[arg(long, value_name = "PER_SECOND")]
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,

    /// How long to send: seconds, or for example 5m; 0 is until stopped [default: 0]
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<String>,

    /// How long a target may take to answer at the beginning: seconds, or for example 30s [default: for ever]
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<String>,

    /// How long a request may take: seconds, or for example 500ms [default: 5s]
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,

    /// How many requests to one target may be on their way at once [default: 256]
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<usize>,

    /// The same seed sends the same requests in the same order [default: another one each time]
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

impl Settings for RawConfig {
    type Config = Config;
    type Flags = Flags;

    fn validate(self, problems: &mut Problems) -> Option<Config> {
        self.resolve(problems)
    }
}

/// The pattern of an environment that has none, unless a rate is given.
const RATE: f64 = 10.0;

/// The pattern of targets that name no environment.
const ENVIRONMENT: &str = "default";

impl RawConfig {
    fn resolve(self, problems: &mut Problems) -> Option<Config> {
        let rate = self.rate.map(|rate| problems.take("rate", Rate::try_from(rate)));
        let patterns: Vec<(String, Option<Pattern>)> = self
            .patterns
            .into_iter()
            .map(|(name, raw)| {
                let pattern = raw.resolve(&format!("patterns.{name}"), problems);
                (name, pattern)
            })
            .collect();
        let pattern_of = |environment: &str| {
            let known = patterns.iter().find(|(name, _)| name == environment);
            let pattern = known.map_or_else(
                || Some(Pattern::steady(Rate::try_from(RATE).ok()?)),
                |(_, pattern)| pattern.clone(),
            )?;
            match rate {
                Some(rate) => Some(Pattern {
                    shape: pattern.shape.with_peak(rate?),
                    ..pattern
                }),
                None => Some(pattern),
            }
        };
        let default_environment = self.environment.as_deref().unwrap_or(ENVIRONMENT);
        if self.target.is_empty() {
            problems.add(
                "target",
                "must name at least one, as in --target prod=http://127.0.0.11:8080",
            );
        }
        let loads: Vec<Option<Load>> = self
            .target
            .iter()
            .map(|text| {
                let target: Target = problems.take("target", text.parse())?;
                let environment = target
                    .environment
                    .clone()
                    .unwrap_or_else(|| default_environment.to_owned());
                let pattern = pattern_of(&environment)?;
                Some(Load {
                    target,
                    environment,
                    pattern,
                })
            })
            .collect();

        let endpoints: Vec<Option<Endpoint>> = self
            .endpoints
            .into_iter()
            .enumerate()
            .map(|(index, raw)| raw.resolve(&format!("endpoints.{index}"), problems))
            .collect();
        if !endpoints.iter().flatten().any(|endpoint| endpoint.weight > 0.0) {
            problems.add("endpoints", "must have at least one with a weight above 0");
        }
        let duration = self.duration.map(|text| problems.take("duration", time(&text)));
        let wait = self.wait.map(|text| problems.take("wait", time(&text)));
        let timeout = problems.take("timeout", time(&self.timeout));
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            problems.add("timeout", "must be more than 0");
        }
        let concurrency = NonZeroUsize::new(self.concurrency).ok_or("must be at least 1");
        let concurrency = problems.take("concurrency", concurrency);
        Some(Config {
            loads: loads.into_iter().collect::<Option<_>>()?,
            limits: Limits {
                timeout: timeout?,
                concurrency: concurrency?,
            },
            endpoints: endpoints.into_iter().collect::<Option<_>>()?,
            duration: duration
                .unwrap_or(Some(Duration::ZERO))
                .map(|time| (!time.is_zero()).then_some(time))?,
            wait: match wait {
                Some(wait) => Some(wait?),
                None => None,
            },
            seed: self.seed.unwrap_or_else(rand::random),
        })
    }
}

impl RawPattern {
    fn resolve(self, key: &str, problems: &mut Problems) -> Option<Pattern> {
        let peak = problems.take(&format!("{key}.rate"), Rate::try_from(self.rate));
        let quiet = self
            .quiet_rate
            .map(|rate| problems.take(&format!("{key}.quiet_rate"), Rate::try_from(rate)));
        if !(0.0..=1.0).contains(&self.fault_ratio) {
            problems.add(
                &format!("{key}.fault_ratio"),
                format!("must be from 0 to 1, is {}", self.fault_ratio),
            );
            return None;
        }
        let (peak, quiet) = (peak?, quiet.map_or(Some(None), |quiet| quiet.map(Some))?);
        let shape = match quiet {
            None => Shape::Steady(peak),
            Some(quiet) if quiet <= peak => Shape::Bursts { quiet, peak },
            Some(quiet) => {
                problems.add(
                    &format!("{key}.quiet_rate"),
                    format!("must be at most the rate of {peak}, is {quiet}"),
                );
                return None;
            }
        };
        Some(Pattern {
            shape,
            fault_ratio: self.fault_ratio,
        })
    }
}

impl RawEndpoint {
    fn resolve(self, key: &str, problems: &mut Problems) -> Option<Endpoint> {
        let method = self.method.parse::<http::Method>();
        let method = problems.take(
            &format!("{key}.method"),
            method.map_err(|_| format!("{:?} is no method", self.method)),
        );
        let paths: Vec<Option<http::Uri>> = self
            .paths
            .iter()
            .map(|path| {
                let parsed = path.parse::<http::Uri>().ok().filter(|_| path.starts_with('/'));
                problems.take(
                    &format!("{key}.paths"),
                    parsed.ok_or(format!("must begin with a slash, is {path:?}")),
                )
            })
            .collect();
        let weight = Some(self.weight).filter(|weight| weight.is_finite() && *weight >= 0.0);
        let weight = weight.ok_or(format!("must be 0 or more, is {}", self.weight));
        let weight = problems.take(&format!("{key}.weight"), weight);
        let Some(first) = self.paths.first() else {
            problems.add(&format!("{key}.paths"), "must have at least one");
            return None;
        };
        let name = format!("{} {}", self.method, first.split('?').next().unwrap_or(first));
        let paths = paths.into_iter().collect::<Option<_>>()?;
        Some(Endpoint {
            name,
            method: method?,
            paths,
            body: self.body.map(Into::into),
            weight: weight?,
        })
    }
}

/// A number is seconds.
fn time(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let seconds = text
        .parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .or_else(|| humantime::parse_duration(text).ok())
        .ok_or_else(|| format!("must be a number of seconds, or a time such as 5m or 500ms; is {text:?}"))
}

#[cfg(test)]
mod tests;
