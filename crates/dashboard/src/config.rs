//! The dashboard's configuration, as it is written and as it is used.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use service::{Problems, Settings};

use crate::fleet::MAX_ENVIRONMENTS;

/// What the dashboard runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it serves.
    pub listen: SocketAddr,
    /// The metrics store: the root of an API like that of Prometheus.
    pub upstream: Url,
    /// For one query to the store, and as long again for its turn.
    pub query_timeout: Duration,
    /// Queries to the store at the same time.
    pub max_concurrent_queries: usize,
    /// From one scrape of a data plane to the next; whole seconds.
    pub scrape_interval: Duration,
    /// From one export of a service to its next; whole seconds.
    pub export_interval: Duration,
    /// The order of the environments.
    pub environments: Vec<String>,
}

/// The configuration as a person writes it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    /// Where to serve the web app and its API.
    listen: String,
    /// The metrics store: the root of an API like that of Prometheus (Thanos has the same).
    upstream: String,
    /// How long a query to the store may take, and how long it may wait for others before it is asked.
    query_timeout: String,
    /// How many queries the store may be asked at the same time.
    max_concurrent_queries: usize,
    /// How often the data planes are scraped: `scrape_interval` of the store.
    scrape_interval: String,
    /// How often the services export their metrics. If that is less often than they are scraped, rates are taken over
    /// longer windows.
    export_interval: String,
    /// The environments in the order of their slots. Others that the store knows follow by name.
    environments: Vec<String>,
}

/// The dashboard's own options.
#[derive(Debug, Default, Args, Serialize)]
pub struct Flags {
    /// Where to serve the web app and its API [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "The metrics store [default: http://127.0.0.1:9090]"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<String>,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:3000".to_owned(),
            upstream: "http://127.0.0.1:9090".to_owned(),
            query_timeout: "2s".to_owned(),
            max_concurrent_queries: 16,
            scrape_interval: "10s".to_owned(),
            export_interval: "10s".to_owned(),
            environments: ["prod", "dev", "qa"].map(str::to_owned).to_vec(),
        }
    }
}

impl Settings for RawConfig {
    type Config = Config;
    type Flags = Flags;

    fn validate(self, problems: &mut Problems) -> Option<Config> {
        let listen = keep(problems, "listen", address(&self.listen));
        let upstream = keep(problems, "upstream", store(&self.upstream));
        let query_timeout = keep(problems, "query_timeout", query_timeout(&self.query_timeout));
        let max_concurrent_queries = keep(
            problems,
            "max_concurrent_queries",
            queries(self.max_concurrent_queries),
        );
        let scrape_interval = keep(problems, "scrape_interval", interval(&self.scrape_interval));
        let export_interval = keep(problems, "export_interval", interval(&self.export_interval));
        let environments = keep(problems, "environments", order(self.environments));
        Some(Config {
            listen: listen?,
            upstream: upstream?,
            query_timeout: query_timeout?,
            max_concurrent_queries: max_concurrent_queries?,
            scrape_interval: scrape_interval?,
            export_interval: export_interval?,
            environments: environments?,
        })
    }
}

/// The value, or None and one more problem.
fn keep<T>(problems: &mut Problems, key: &str, outcome: Result<T, String>) -> Option<T> {
    outcome.map_err(|problem| problems.add(key, problem)).ok()
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("must be an address and a port such as 127.0.0.1:3000, is {text:?}"))
}

fn store(text: &str) -> Result<Url, String> {
    // without the slash, the last part of its path would be replaced by the path of a query
    let url = if text.ends_with('/') {
        text.to_owned()
    } else {
        format!("{text}/")
    };
    match Url::parse(&url) {
        // each panel shows where its numbers come from
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("must not hold a user name or a password: viewers are shown this address".to_owned())
        }
        Ok(url) if url.scheme() == "http" && url.has_host() && url.query().is_none() => Ok(url),
        _ => Err(format!(
            "must be the root of a query API such as http://127.0.0.1:9090, is {text:?}"
        )),
    }
}

fn query_timeout(text: &str) -> Result<Duration, String> {
    let allowed = Duration::from_millis(100)..=Duration::from_mins(1);
    humantime::parse_duration(text)
        .ok()
        .filter(|time| allowed.contains(time))
        .ok_or_else(|| format!("must be between 100ms and 1m, is {text:?}"))
}

/// Steps and windows are whole seconds.
fn interval(text: &str) -> Result<Duration, String> {
    let allowed = Duration::from_secs(1)..=Duration::from_hours(1);
    humantime::parse_duration(text)
        .ok()
        .filter(|time| allowed.contains(time) && time.subsec_nanos() == 0)
        .ok_or_else(|| format!("must be whole seconds between 1s and 1h, is {text:?}"))
}

/// A page of one environment is some 24 queries at the same time, which take turns. Prometheus takes twenty from
/// everybody together, and those of its own rules among them.
fn queries(at_once: usize) -> Result<usize, String> {
    match at_once {
        1..=1000 => Ok(at_once),
        _ => Err(format!("must be between 1 and 1000, is {at_once}")),
    }
}

fn order(names: Vec<String>) -> Result<Vec<String>, String> {
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(format!("must name each environment once, names {twice:?} twice"));
    }
    if names.iter().any(String::is_empty) {
        return Err("must not hold an empty name".to_owned());
    }
    if names.len() > MAX_ENVIRONMENTS {
        return Err(format!(
            "must hold at most {MAX_ENVIRONMENTS} names, holds {}",
            names.len()
        ));
    }
    Ok(names)
}
