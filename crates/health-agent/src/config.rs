//! What the agent is told of its box, as it is written and as it is used.

mod gate;
mod read;
mod verify;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use service::{Problems, Settings};

pub(crate) use gate::Gate;
use gate::RawGate;
use read::{duration, keep, keep_url};
use verify::RawVerify;
pub(crate) use verify::Verify;

/// What the agent runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// This box's name: `a` or `b` in a pair.
    pub box_name: String,
    /// Where it serves.
    pub listen: SocketAddr,
    /// From one round of checks to the next.
    pub interval: Duration,
    /// For each request to a part.
    pub timeout: Duration,
    /// The parts of this box.
    pub parts: Parts,
    /// Collectors, which may be on other machines.
    pub collectors: Vec<Collector>,
    /// The other box of a pair.
    pub peer: Option<Peer>,
    /// How many series Prometheus may hold in memory, by the class of the box. `None`: as many as come.
    pub max_series: Option<u64>,
    /// The bucket in which Thanos keeps blocks. `None`: nothing is tried there.
    pub bucket: Option<Bucket>,
    /// The authorities of an object store that encrypts, PEM.
    pub object_store_ca_file: PathBuf,
    /// The machine.
    pub system: System,
    /// What is sent through the pipeline.
    pub canary: Canary,
    /// Tidying up the Pushgateway.
    pub reaper: Reaper,
    /// Letting a new generation stay, or not.
    pub gate: Gate,
    /// Comparing with what was built.
    pub verify: Verify,
}

/// Where the parts of the box answer HTTP. `None`: the box has no such part.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Prometheus.
    pub prometheus: Option<Url>,
    /// Alertmanager.
    pub alertmanager: Option<Url>,
    /// Pushgateway.
    pub pushgateway: Option<Url>,
    /// `node_exporter`.
    pub node_exporter: Option<Url>,
    /// The dashboard.
    pub dashboard: Option<Url>,
    /// Thanos' sidecar, beside Prometheus.
    pub thanos_sidecar: Option<Url>,
    /// Thanos' query.
    pub thanos_query: Option<Url>,
    /// Thanos' query-frontend.
    pub thanos_query_frontend: Option<Url>,
    /// Thanos' store gateway.
    pub thanos_store: Option<Url>,
    /// Thanos' compactor.
    pub thanos_compact: Option<Url>,
    /// Thanos' ruler.
    pub thanos_rule: Option<Url>,
    /// The object store's S3 API.
    pub object_store: Option<Url>,
}

/// One collector.
#[derive(Clone, Debug)]
pub struct Collector {
    /// The environment that it writes on all that it takes.
    pub environment: String,
    /// The data plane that it writes on all that it takes.
    pub data_plane_id: String,
    /// Where it takes OTLP over HTTP.
    pub otlp: Url,
    /// Where its own metrics are.
    pub self_metrics: Url,
}

/// The other box of a pair, as this one sees it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name.
    pub box_name: String,
    /// Its health agent.
    pub health: Url,
    /// Its Prometheus.
    pub prometheus: Url,
    /// Its Alertmanager.
    pub alertmanager: Url,
}

/// A bucket of the object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The region that it is in.
    pub region: String,
    /// The file with its keys, as the tools of AWS keep them.
    pub credentials_file: PathBuf,
}

/// Where a system keeps the authorities that it believes.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The machine under the box.
#[derive(Clone, Debug)]
pub struct System {
    /// Units that must be active, beside those that `signalbox.target` wants. Without any of both, systemd is not asked.
    pub units: Vec<String>,
    /// Where there must be room.
    pub mounts: Vec<PathBuf>,
    /// Files that their owner alone may read.
    pub secrets: Vec<PathBuf>,
    /// Certificates in PEM, and the key beside each where there is one.
    pub certificates: Vec<Certificate>,
    /// Addresses on which something may listen beyond loopback, such as `10.0.0.10:9090`. Empty: not compared.
    pub listeners: Vec<SocketAddr>,
    /// The profile whose generations are booted: `/nix/var/nix/profiles/system`. Empty where there is none.
    pub profile: Option<PathBuf>,
    /// Whether the clock must be kept by a time server.
    pub clock: bool,
}

/// A certificate and its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "keys are called as other services' settings call them"
)]
pub struct Certificate {
    /// The chain, PEM.
    pub cert_file: PathBuf,
    /// Its key, PEM.
    pub key_file: Option<PathBuf>,
    /// The authorities that it must lead to, PEM.
    pub ca_file: Option<PathBuf>,
}

/// What is sent through the whole pipeline to see whether it arrives.
#[derive(Clone, Debug)]
pub struct Canary {
    /// Whether anything is sent.
    pub enabled: bool,
    /// From one metric to the next.
    pub metric_interval: Duration,
    /// From one alert to the next.
    pub alert_interval: Duration,
    /// A file with the token that collectors want to see.
    pub bearer_token_file: Option<PathBuf>,
    /// The authorities of collectors that encrypt, PEM.
    pub ca_file: Option<PathBuf>,
    /// What is shown to collectors that ask for a certificate.
    pub identity: Option<Identity>,
    /// Older than this, the newest canary at a stage is stale.
    pub max_age: Duration,
}

/// A client's certificate and its key, PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The chain.
    pub cert_file: PathBuf,
    /// Its key.
    pub key_file: PathBuf,
}

/// Tidying up what batch jobs pushed and left behind.
#[derive(Clone, Debug)]
pub struct Reaper {
    /// From one look to the next.
    pub interval: Duration,
    /// Groups that were not pushed for so long are deleted; `None` keeps all.
    pub after: Option<Duration>,
    /// A group that has this label, with any value but the empty one, is kept.
    pub keep_label: String,
}

impl Config {
    /// Whether nothing but the machine itself can be judged.
    pub(crate) fn names_nothing(&self) -> bool {
        self.parts.are_none() && self.collectors.is_empty() && self.system.units.is_empty()
    }
}

impl Parts {
    fn are_none(&self) -> bool {
        [
            &self.prometheus,
            &self.alertmanager,
            &self.pushgateway,
            &self.node_exporter,
            &self.dashboard,
            &self.thanos_sidecar,
            &self.thanos_query,
            &self.thanos_query_frontend,
            &self.thanos_store,
            &self.thanos_compact,
            &self.thanos_rule,
            &self.object_store,
        ]
        .into_iter()
        .all(Option::is_none)
    }
}

/// The configuration as a person writes it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    /// This box's name. In a pair, the two differ in it.
    #[serde(rename = "box")]
    box_name: String,
    /// Where status, checks and metrics are served.
    listen: String,
    /// From one round of checks to the next.
    interval: String,
    /// For each request to a part.
    timeout: String,
    parts: RawParts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    collectors: Vec<RawCollector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<RawPeer>,
    prometheus: RawPrometheus,
    object_store: RawObjectStore,
    system: RawSystem,
    canary: RawCanary,
    reaper: RawReaper,
    gate: RawGate,
    verify: RawVerify,
}

/// Where the parts answer HTTP; `""` says that the box has no such part.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawParts {
    prometheus: String,
    alertmanager: String,
    pushgateway: String,
    node_exporter: String,
    dashboard: String,
    thanos_sidecar: String,
    thanos_query: String,
    thanos_query_frontend: String,
    thanos_store: String,
    thanos_compact: String,
    thanos_rule: String,
    object_store: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCollector {
    environment: String,
    data_plane_id: String,
    otlp: String,
    self_metrics: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPeer {
    #[serde(rename = "box")]
    box_name: String,
    health: String,
    prometheus: String,
    alertmanager: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawPrometheus {
    /// How many series it may hold in memory; 0 is as many as come.
    max_series: u64,
}

/// What a small object is put into, read from and taken out of every few minutes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawObjectStore {
    bucket: String,
    region: String,
    /// `""`: nothing is tried.
    credentials_file: String,
    /// The authorities of one that encrypts, PEM.
    ca_file: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawSystem {
    units: Vec<String>,
    mounts: Vec<PathBuf>,
    secrets: Vec<PathBuf>,
    certificates: Vec<Certificate>,
    listeners: Vec<String>,
    profile: String,
    clock: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawCanary {
    enabled: bool,
    metric_interval: String,
    alert_interval: String,
    max_age: String,
    bearer_token_file: String,
    ca_file: String,
    cert_file: String,
    key_file: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawReaper {
    interval: String,
    after: String,
    keep_label: String,
}

/// The agent's own options.
#[derive(Debug, Default, Args, Serialize)]
pub struct Flags {
    /// Where to serve status, checks and metrics [default: 127.0.0.1:8870]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            box_name: "a".to_owned(),
            listen: "127.0.0.1:8870".to_owned(),
            interval: "15s".to_owned(),
            timeout: "5s".to_owned(),
            parts: RawParts::default(),
            collectors: vec![],
            peer: None,
            prometheus: RawPrometheus::default(),
            object_store: RawObjectStore::default(),
            system: RawSystem::default(),
            canary: RawCanary::default(),
            reaper: RawReaper::default(),
            gate: RawGate::default(),
            verify: RawVerify::default(),
        }
    }
}

impl Default for RawObjectStore {
    fn default() -> Self {
        Self {
            bucket: "thanos".to_owned(),
            region: "us-east-1".to_owned(),
            credentials_file: String::new(),
            ca_file: PathBuf::from(AUTHORITIES),
        }
    }
}

impl Default for RawSystem {
    fn default() -> Self {
        Self {
            units: vec![],
            mounts: vec![PathBuf::from("/")],
            secrets: vec![],
            certificates: vec![],
            listeners: vec![],
            profile: String::new(),
            clock: false,
        }
    }
}

impl Default for RawCanary {
    fn default() -> Self {
        Self {
            enabled: true,
            metric_interval: "10s".to_owned(),
            alert_interval: "1m".to_owned(),
            max_age: "2m".to_owned(),
            bearer_token_file: String::new(),
            ca_file: String::new(),
            cert_file: String::new(),
            key_file: String::new(),
        }
    }
}

impl Default for RawReaper {
    fn default() -> Self {
        Self {
            interval: "1m".to_owned(),
            after: "1h".to_owned(),
            keep_label: "signalbox_keep".to_owned(),
        }
    }
}

impl Settings for RawConfig {
    type Config = Config;
    type Flags = Flags;

    fn validate(self, problems: &mut Problems) -> Option<Config> {
        let listen = keep(problems, "listen", read::address(&self.listen));
        let interval = keep(
            problems,
            "interval",
            duration(&self.interval, Duration::from_secs(1)..=Duration::from_mins(5)),
        );
        let timeout = keep(
            problems,
            "timeout",
            duration(&self.timeout, Duration::from_millis(100)..=Duration::from_mins(1)),
        );
        if self.box_name.is_empty() {
            problems.add("box", "must be the name of this box, such as \"a\"");
        }
        let parts = self.parts.validate(problems);
        let collectors = self
            .collectors
            .into_iter()
            .enumerate()
            .map(|(index, collector)| collector.validate(index, problems))
            .collect::<Option<Vec<_>>>();
        let peer = self.peer.map(|peer| peer.validate(&self.box_name, problems));
        let object_store_ca_file = self.object_store.ca_file.clone();
        let is_tried = !self.object_store.credentials_file.is_empty();
        let bucket = is_tried.then(|| self.object_store.validate(&parts, problems));
        let system = self.system.validate(problems);
        let canary = self.canary.validate(problems);
        let reaper = self.reaper.validate(problems);
        let gate = self.gate.validate(problems);
        let verify = self.verify.validate(problems);
        Some(Config {
            box_name: self.box_name,
            listen: listen?,
            interval: interval?,
            timeout: timeout?,
            parts,
            collectors: collectors?,
            peer: match peer {
                Some(peer) => Some(peer?),
                None => None,
            },
            max_series: (self.prometheus.max_series > 0).then_some(self.prometheus.max_series),
            bucket: match bucket {
                Some(bucket) => Some(bucket?),
                None => None,
            },
            object_store_ca_file,
            system: system?,
            canary: canary?,
            reaper: reaper?,
            gate: gate?,
            verify: verify?,
        })
    }
}

impl RawParts {
    fn validate(self, problems: &mut Problems) -> Parts {
        let mut part = |key: &str, url: String| {
            let key = format!("parts.{key}");
            (!url.is_empty())
                .then(|| keep_url(problems, &key, &url))
                .flatten()
        };
        Parts {
            prometheus: part("prometheus", self.prometheus),
            alertmanager: part("alertmanager", self.alertmanager),
            pushgateway: part("pushgateway", self.pushgateway),
            node_exporter: part("node_exporter", self.node_exporter),
            dashboard: part("dashboard", self.dashboard),
            thanos_sidecar: part("thanos_sidecar", self.thanos_sidecar),
            thanos_query: part("thanos_query", self.thanos_query),
            thanos_query_frontend: part("thanos_query_frontend", self.thanos_query_frontend),
            thanos_store: part("thanos_store", self.thanos_store),
            thanos_compact: part("thanos_compact", self.thanos_compact),
            thanos_rule: part("thanos_rule", self.thanos_rule),
            object_store: part("object_store", self.object_store),
        }
    }
}

impl RawCollector {
    fn validate(self, index: usize, problems: &mut Problems) -> Option<Collector> {
        let otlp = keep_url(problems, &format!("collectors.{index}.otlp"), &self.otlp);
        let self_metrics = keep_url(
            problems,
            &format!("collectors.{index}.self_metrics"),
            &self.self_metrics,
        );
        Some(Collector {
            environment: self.environment,
            data_plane_id: self.data_plane_id,
            otlp: otlp?,
            self_metrics: self_metrics?,
        })
    }
}

impl RawPeer {
    fn validate(self, own: &str, problems: &mut Problems) -> Option<Peer> {
        if self.box_name == own {
            problems.add(
                "peer.box",
                format!("must be the other box's name, is {own:?} like this one's"),
            );
        }
        let health = keep_url(problems, "peer.health", &self.health);
        let prometheus = keep_url(problems, "peer.prometheus", &self.prometheus);
        let alertmanager = keep_url(problems, "peer.alertmanager", &self.alertmanager);
        Some(Peer {
            box_name: self.box_name,
            health: health?,
            prometheus: prometheus?,
            alertmanager: alertmanager?,
        })
    }
}

impl RawObjectStore {
    fn validate(self, parts: &Parts, problems: &mut Problems) -> Option<Bucket> {
        if parts.object_store.is_none() {
            problems.add("parts.object_store", "must say where the bucket is");
        }
        if self.bucket.is_empty() {
            problems.add("object_store.bucket", "must be the name of a bucket");
            return None;
        }
        Some(Bucket {
            name: self.bucket,
            region: self.region,
            credentials_file: PathBuf::from(self.credentials_file),
        })
    }
}

impl RawSystem {
    fn validate(self, problems: &mut Problems) -> Option<System> {
        let listeners = self
            .listeners
            .iter()
            .map(|text| keep(problems, "system.listeners", read::address(text)))
            .collect::<Vec<_>>()
            .into_iter()
            .collect::<Option<Vec<_>>>();
        Some(System {
            units: self.units,
            mounts: self.mounts,
            secrets: self.secrets,
            certificates: self.certificates,
            listeners: listeners?,
            profile: read::path(self.profile),
            clock: self.clock,
        })
    }
}

impl RawCanary {
    fn validate(self, problems: &mut Problems) -> Option<Canary> {
        let second = Duration::from_secs(1);
        let hour = Duration::from_hours(1);
        let mut time =
            |key: &str, text: &str| keep(problems, &format!("canary.{key}"), duration(text, second..=hour));
        let metric_interval = time("metric_interval", &self.metric_interval);
        let alert_interval = time("alert_interval", &self.alert_interval);
        let max_age = time("max_age", &self.max_age);
        if max_age.is_some() && max_age <= metric_interval.max(alert_interval) {
            problems.add(
                "canary.max_age",
                format!(
                    "must be longer than metric_interval and alert_interval, is {:?}",
                    self.max_age
                ),
            );
        }
        let identity = match (read::path(self.cert_file), read::path(self.key_file)) {
            (Some(cert_file), Some(key_file)) => Some(Identity { cert_file, key_file }),
            (None, None) => None,
            _ => {
                problems.add("canary.cert_file", "must be there together with canary.key_file");
                None
            }
        };
        Some(Canary {
            enabled: self.enabled,
            metric_interval: metric_interval?,
            alert_interval: alert_interval?,
            max_age: max_age?,
            bearer_token_file: read::path(self.bearer_token_file),
            ca_file: read::path(self.ca_file),
            identity,
        })
    }
}

impl RawReaper {
    fn validate(self, problems: &mut Problems) -> Option<Reaper> {
        let second = Duration::from_secs(1);
        let interval = keep(
            problems,
            "reaper.interval",
            duration(&self.interval, second..=Duration::from_hours(1)),
        );
        let after = if self.after.is_empty() {
            Some(None)
        } else {
            let allowed = second..=Duration::from_hours(24 * 365);
            keep(problems, "reaper.after", duration(&self.after, allowed)).map(Some)
        };
        if self.keep_label.is_empty() {
            problems.add("reaper.keep_label", "must be the name of a label");
        }
        Some(Reaper {
            interval: interval?,
            after: after?,
            keep_label: self.keep_label,
        })
    }
}
