//! The configuration: [`RawConfig`] as a person writes it, [`Config`] as the collector uses it.

mod listen;
mod process;
mod promote;
mod translation;
mod limits;
mod expiry;
mod expose;
mod aliases;
mod state_dir;
mod security;
mod debug;
mod texts;
mod explain;
mod restart;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use service::{NoFlags, Problems, Settings};

pub(crate) use self::listen::Listen;
pub(crate) use self::security::Security;

use self::aliases::{RawAlias, aliases};
use self::debug::RawDebug;
use self::expiry::RawExpiry;
use self::expose::RawExpose;
use self::limits::RawLimits;
use self::listen::RawListen;
use self::process::{RawStep, steps};
use self::promote::{Promote, promotions};
use self::security::{RawAuth, RawTls};
use crate::expose::View;
use crate::process::Pipeline;
use crate::series::Rules;

/// What the collector runs with.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) listen: Listen,
    /// What is taken, and how much of it is kept for how long.
    pub(crate) rules: Rules,
    /// How it is shown.
    pub(crate) view: View,
    /// Bytes of the process.
    pub(crate) max_memory: usize,
    /// Bytes of one request, unpacked.
    pub(crate) max_request: usize,
    /// Bytes of all requests at once.
    pub(crate) max_in_flight: usize,
    /// Connections at once, on each port of OTLP.
    pub(crate) max_connections: usize,
    pub(crate) security: Security,
    /// Where state is kept over restarts; `None`: nowhere.
    pub(crate) state_dir: Option<PathBuf>,
    /// So many data points per second are written into the log.
    pub(crate) debug_datapoints: u32,
}

/// The collector's settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    listen: RawListen,
    tls: RawTls,
    auth: RawAuth,
    /// The environment that this collector stands in, written over what clients send.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// The data plane that this collector belongs to, written over what clients send.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_plane_id: Option<String>,
    /// Where state is kept over restarts. Left out, the first of `$STATE_DIRECTORY`, which systemd sets; empty, nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    state_dir: Option<String>,
    translation_strategy: String,
    scope_labels: bool,
    promote: Promote,
    limits: RawLimits,
    expiry: RawExpiry,
    expose: RawExpose,
    debug: RawDebug,
    process: Vec<RawStep>,
    aliases: Vec<RawAlias>,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            listen: RawListen::default(),
            tls: RawTls::default(),
            auth: RawAuth::default(),
            environment: None,
            data_plane_id: None,
            state_dir: None,
            translation_strategy: "UnderscoreEscapingWithSuffixes".to_owned(),
            scope_labels: true,
            promote: Promote::default(),
            limits: RawLimits::default(),
            expiry: RawExpiry::default(),
            expose: RawExpose::default(),
            debug: RawDebug::default(),
            process: Vec::new(),
            aliases: Vec::new(),
        }
    }
}

impl Settings for RawConfig {
    type Config = Config;
    type Flags = NoFlags;

    const SOCKETS: &'static [&'static str] = &listen::KEYS;

    fn validate(self, problems: &mut Problems) -> Option<Config> {
        let limits = &self.limits;
        limits.check(problems);
        let listen = self.listen.parse(problems);
        let security = Security::of(self.tls, self.auth, problems);
        let expiry = self.expiry.parse(problems);
        let translation = translation::translation(&self.translation_strategy, problems);
        let elsewhere = problems.elsewhere();
        // those of another machine are not known, and what is shown of a step has their names alone
        let variable = |name: &str| {
            if elsewhere {
                Ok(name.to_owned())
            } else {
                std::env::var(name)
            }
        };
        let steps = steps(self.process, &variable, problems);
        let promotions = promotions(self.promote, self.environment, self.data_plane_id, problems);
        let aliases = aliases(
            self.aliases,
            &promotions,
            translation.unwrap_or_default(),
            problems,
        );
        let view = self.expose.parse(aliases, limits.buckets, problems);
        Some(Config {
            listen: listen?,
            rules: Rules {
                limits: limits.of_series(),
                expiry: expiry?,
                pipeline: Pipeline {
                    steps,
                    promotions,
                    scope_labels: self.scope_labels,
                    label_limits: limits.of_labels(),
                    translation: translation?,
                },
            },
            view,
            max_memory: limits.memory_bytes,
            max_request: limits.request_bytes,
            max_in_flight: limits.in_flight_bytes,
            max_connections: limits.connections,
            security,
            state_dir: state_dir::state_dir(self.state_dir, std::env::var_os("STATE_DIRECTORY")),
            debug_datapoints: self.debug.datapoints_per_second,
        })
    }

    fn explain(config: &Config) -> Option<String> {
        Some(explain::explain(config))
    }
}

#[cfg(test)]
mod tests;
