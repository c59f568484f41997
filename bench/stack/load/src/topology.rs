//! Which parts there are, where each listens, and the files that they read: the stack's own, and what a deployment adds.

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rand::RngExt;
use serde_json::json;

use crate::class::Class;
use crate::process::Launch;
use crate::shape::EXPOSED;

/// Series of a collector at most: a scrape of more than 100,000 samples fails as a whole.
const SERIES_OF_A_COLLECTOR: usize = 95_000;

/// Ports, the same as everywhere.
pub(crate) mod port {
    pub(crate) const OTLP_GRPC: u16 = 4317;
    pub(crate) const OTLP_HTTP: u16 = 4318;
    pub(crate) const COLLECTOR_SELF: u16 = 8888;
    pub(crate) const COLLECTOR_DATA: u16 = 8889;
    pub(crate) const PROMETHEUS: u16 = 9090;
    pub(crate) const OBJECT_STORE: u16 = 9000;
    pub(crate) const OBJECT_STORE_CONSOLE: u16 = 9001;
    pub(crate) const SIDECAR_GRPC: u16 = 10901;
    pub(crate) const SIDECAR_HTTP: u16 = 10902;
    pub(crate) const QUERY_HTTP: u16 = 10903;
    pub(crate) const QUERY_GRPC: u16 = 10904;
    pub(crate) const QUERY_FRONTEND: u16 = 10908;
    pub(crate) const DASHBOARD: u16 = 3000;
}

/// The bucket: a folder that the object store finds there.
const BUCKET: &str = "thanos";

/// What is measured, and where everything is.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Data, logs and configuration of this run.
    pub(crate) state: PathBuf,
    /// The first three numbers of the addresses that parts listen on.
    pub(crate) network: [u8; 3],
    /// Instances of services, [`EXPOSED`] series of each.
    pub(crate) instances: usize,
    /// Prometheus with their sidecars: one, or two.
    pub(crate) replicas: u8,
    /// How much memory parts are given; `None`: what they take.
    pub(crate) class: Option<Class>,
    /// Options besides those of the product.
    pub(crate) prometheus_options: Vec<String>,
    pub(crate) query_options: Vec<String>,
}

/// A collector, and the instances that send to it.
#[derive(Debug, Clone)]
pub(crate) struct DataPlane {
    pub(crate) host: u8,
    pub(crate) environment: &'static str,
    pub(crate) id: String,
    /// The first of its instances, and the first after them.
    pub(crate) instances: std::ops::Range<usize>,
}

impl Site {
    /// Where a part listens.
    pub(crate) fn at(&self, host: u8, port: u16) -> SocketAddr {
        let [a, b, c] = self.network;
        ([a, b, c, host], port).into()
    }

    /// The boxes of the control plane, by the last number of their addresses.
    pub(crate) fn boxes(&self) -> impl Iterator<Item = u8> + use<> {
        1..=self.replicas
    }

    /// The same number of instances for each, or one more. At least one of each environment; of eleven, seven are prod.
    pub(crate) fn data_planes(&self) -> Vec<DataPlane> {
        let count = (self.instances * EXPOSED).div_ceil(SERIES_OF_A_COLLECTOR).max(3);
        let first = |index: usize| self.instances * index / count;
        let plane = |index: usize| {
            let environment = ["prod", "dev", "qa", "prod", "prod", "prod"][index % 6];
            DataPlane {
                host: 11 + index as u8,
                environment,
                id: format!("dp-{environment}-{:02}", index + 1),
                instances: first(index)..first(index + 1),
            }
        };
        (0..count).map(plane).collect()
    }

    /// Everything, in the order in which it starts.
    pub(crate) fn launches(&self) -> Vec<Launch> {
        let mut launches: Vec<Launch> = self
            .data_planes()
            .iter()
            .map(|plane| self.collector(plane))
            .collect();
        launches.push(self.object_store());
        launches.extend(self.boxes().map(|host| self.prometheus(host)));
        launches.extend(self.boxes().map(|host| self.sidecar(host)));
        launches.extend([self.query(), self.query_frontend(), self.dashboard()]);
        for launch in &mut launches {
            let limit = self
                .class
                .as_ref()
                .and_then(|class| class.go_limit(kind(&launch.name)));
            let limit = limit.map(|limit| ("GOMEMLIMIT".to_owned(), limit));
            launch.environment.extend(limit);
        }
        launches
    }

    fn program(&self, name: &str) -> PathBuf {
        self.root.join("target/stack/bin").join(name)
    }

    fn release(&self, name: &str) -> PathBuf {
        self.root.join("target/release").join(name)
    }

    fn stack(&self, file: &str) -> PathBuf {
        self.root.join("stack").join(file)
    }

    /// The folder of a box's Prometheus.
    pub(crate) fn prometheus_folder(&self, host: u8) -> PathBuf {
        self.state.join(format!("prometheus-{}", letter(host)))
    }

    pub(crate) fn bucket(&self) -> PathBuf {
        self.state.join("object-store").join(BUCKET)
    }

    fn launch(
        &self,
        name: String,
        program: PathBuf,
        ports: Vec<SocketAddr>,
        ready: Option<(SocketAddr, &'static str)>,
    ) -> Launch {
        Launch {
            log: self.state.join(format!("{name}.log")),
            name,
            program,
            arguments: Vec::new(),
            environment: Vec::new(),
            ports,
            ready,
        }
    }

    fn collector(&self, plane: &DataPlane) -> Launch {
        let listen = [
            ("GRPC", port::OTLP_GRPC),
            ("HTTP", port::OTLP_HTTP),
            ("DATA", port::COLLECTOR_DATA),
            ("SELF_METRICS", port::COLLECTOR_SELF),
        ]
        .map(|(key, port)| (key, self.at(plane.host, port)));
        let ports = listen.iter().map(|(_, port)| *port).collect();
        let ready = Some((self.at(plane.host, port::COLLECTOR_SELF), "/readyz"));
        let name = format!("collector-{:02}", plane.host - 10);
        let variable = |key: &str, value: String| (format!("SIGNALBOX_COLLECTOR__{key}"), value);
        let mut environment = vec![
            variable("ENVIRONMENT", plane.environment.to_owned()),
            variable("DATA_PLANE_ID", plane.id.clone()),
            variable("STATE_DIR", text(&self.state.join(&name))),
        ];
        environment.extend(
            listen
                .iter()
                .map(|(key, port)| variable(&format!("LISTEN__{key}"), port.to_string())),
        );
        Launch {
            arguments: vec![
                "--config".to_owned(),
                text(&self.stack("collector/collector.toml")),
            ],
            environment,
            ..self.launch(name, self.release("signalbox-collector"), ports, ready)
        }
    }

    /// As stack/README.md says how it is started.
    fn prometheus(&self, host: u8) -> Launch {
        let folder = self.prometheus_folder(host);
        let address = self.at(host, port::PROMETHEUS);
        let option = |name: &str, value: String| format!("--{name}={value}");
        let data = folder.join("data");
        let variable = |key: &str, value: String| (format!("SIGNALBOX_{key}"), value);
        let samples = self.class.as_ref().and_then(Class::query_samples);
        let samples = samples.map(|samples| option("query.max-samples", samples.to_string()));
        Launch {
            arguments: [
                option("config.file", text(&folder.join("prometheus.yml"))),
                option("storage.tsdb.path", text(&data)),
                option(
                    "storage.tsdb.delay-compact-file.path",
                    text(&data.join("thanos.shipper.json")),
                ),
                option("web.listen-address", address.to_string()),
                option("web.external-url", format!("http://{address}/")),
                option("web.cors.origin", "none".to_owned()),
                option("enable-feature", "exemplar-storage".to_owned()),
            ]
            .into_iter()
            .chain(samples)
            .chain(self.prometheus_options.iter().cloned())
            .collect(),
            environment: vec![
                variable("CLUSTER", "bench".to_owned()),
                variable("REGION", "bench".to_owned()),
                variable("REPLICA", letter(host).to_string()),
            ],
            ..self.launch(
                format!("prometheus-{}", letter(host)),
                self.program("prometheus"),
                vec![address],
                Some((address, "/-/ready")),
            )
        }
    }

    fn object_store(&self) -> Launch {
        let ports = [port::OBJECT_STORE, port::OBJECT_STORE_CONSOLE].map(|port| self.at(1, port));
        let [address, console] = ports.map(|port| port.to_string());
        let data = self.state.join("object-store");
        let arguments = [
            "server",
            "--address",
            &address,
            "--console-address",
            &console,
            &text(&data),
        ];
        Launch {
            arguments: arguments.map(str::to_owned).to_vec(),
            environment: vec![(
                "MINIO_CONFIG_ENV_FILE".to_owned(),
                text(&self.state.join("minio.env")),
            )],
            ..self.launch(
                "minio".to_owned(),
                self.program("minio"),
                ports.to_vec(),
                Some((ports[0], "/minio/health/ready")),
            )
        }
    }

    fn sidecar(&self, host: u8) -> Launch {
        let mut launch = self.thanos(
            "sidecar",
            format!("thanos-sidecar-{}", letter(host)),
            self.at(host, port::SIDECAR_HTTP),
            Some(self.at(host, port::SIDECAR_GRPC)),
        );
        launch.arguments.extend([
            format!("--prometheus.url=http://{}", self.at(host, port::PROMETHEUS)),
            format!("--tsdb.path={}", text(&self.prometheus_folder(host).join("data"))),
            format!(
                "--objstore.config-file={}",
                text(&self.state.join("objstore.yml"))
            ),
        ]);
        let keys = text(&self.state.join("credentials"));
        launch
            .environment
            .push(("AWS_SHARED_CREDENTIALS_FILE".to_owned(), keys));
        launch
    }

    fn query(&self) -> Launch {
        let mut launch = self.thanos(
            "query",
            "thanos-query".to_owned(),
            self.at(1, port::QUERY_HTTP),
            Some(self.at(1, port::QUERY_GRPC)),
        );
        launch.arguments.extend([
            format!(
                "--endpoint.sd-config-file={}",
                text(&self.state.join("endpoints.yml"))
            ),
            "--query.replica-label=replica".to_owned(),
            "--query.replica-label=pushgateway".to_owned(),
            "--deduplication.func=penalty".to_owned(),
            "--store.response-timeout=10s".to_owned(),
            "--query.max-concurrent=4".to_owned(),
            "--web.disable-cors".to_owned(),
        ]);
        launch.arguments.extend(self.query_options.iter().cloned());
        launch
    }

    fn query_frontend(&self) -> Launch {
        let address = self.at(1, port::QUERY_FRONTEND);
        let mut launch = self.thanos(
            "query-frontend",
            "thanos-query-frontend".to_owned(),
            address,
            None,
        );
        launch.arguments.extend([
            format!(
                "--query-frontend.downstream-url=http://{}",
                self.at(1, port::QUERY_HTTP)
            ),
            format!(
                "--query-range.response-cache-config-file={}",
                text(&self.state.join("query-frontend-cache.yml"))
            ),
        ]);
        launch
    }

    fn thanos(&self, command: &str, name: String, http: SocketAddr, grpc: Option<SocketAddr>) -> Launch {
        let mut arguments = vec![command.to_owned(), format!("--http-address={http}")];
        arguments.extend(grpc.map(|grpc| format!("--grpc-address={grpc}")));
        let ports = std::iter::once(http).chain(grpc).collect();
        Launch {
            arguments,
            ..self.launch(name, self.program("thanos"), ports, Some((http, "/-/ready")))
        }
    }

    fn dashboard(&self) -> Launch {
        let address = self.at(1, port::DASHBOARD);
        let variable = |key: &str, value: String| (format!("SIGNALBOX_DASHBOARD__{key}"), value);
        Launch {
            environment: vec![
                variable("LISTEN", address.to_string()),
                variable("UPSTREAM", format!("http://{}", self.at(1, port::QUERY_FRONTEND))),
            ],
            ..self.launch(
                "dashboard".to_owned(),
                self.release("signalbox-dashboard"),
                vec![address],
                None,
            )
        }
    }

    /// Writes what the parts read, into a new folder.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        std::fs::create_dir_all(self.bucket())?;
        let secret = format!("{:032x}", rand::rng().random::<u128>());
        for (file, text) in [
            (
                "minio.env",
                format!("MINIO_ROOT_USER=bench\nMINIO_ROOT_PASSWORD={secret}\n"),
            ),
            (
                "credentials",
                format!("[default]\naws_access_key_id = bench\naws_secret_access_key = {secret}\n"),
            ),
        ] {
            std::fs::write(self.state.join(file), text)?;
        }
        let store = self.at(1, port::OBJECT_STORE).to_string();
        let config = json!({ "bucket": BUCKET, "endpoint": store, "insecure": true, "region": "us-east-1" });
        // JSON is YAML too
        self.write_json("objstore.yml", &json!({ "type": "S3", "config": config }))?;
        let mut cache = std::fs::read_to_string(self.stack("thanos/query-frontend-cache.yml"))?;
        if let Some(mebibytes) = self.class.as_ref().and_then(Class::response_cache) {
            cache = with_size(&cache, mebibytes);
        }
        std::fs::write(self.state.join("query-frontend-cache.yml"), cache)?;
        let sidecars: Vec<_> = self
            .boxes()
            .map(|host| json!({ "address": self.at(host, port::SIDECAR_GRPC).to_string() }))
            .collect();
        self.write_json("endpoints.yml", &json!({ "endpoints": sidecars }))?;
        self.boxes().try_for_each(|host| self.write_prometheus(host))
    }

    fn write_prometheus(&self, host: u8) -> anyhow::Result<()> {
        let folder = self.prometheus_folder(host);
        let (targets, data) = (folder.join("targets"), folder.join("data"));
        for folder in [&targets, &data] {
            std::fs::create_dir_all(folder)?;
        }
        for name in ["prometheus.yml", "rules"] {
            let real = self.stack("prometheus").join(name);
            symlink(&real, folder.join(name)).with_context(|| format!("no link to {}", real.display()))?;
        }
        std::fs::write(data.join("thanos.shipper.json"), r#"{"version":1,"uploaded":[]}"#)?;

        let planes = self.data_planes();
        let of_planes = |port: u16, component: &str| -> Vec<_> {
            let group = |plane: &DataPlane| {
                json!({
                    "targets": [self.at(plane.host, port).to_string()],
                    "labels": {
                        "environment": plane.environment,
                        "data_plane": plane.id,
                        "data_plane_id": plane.id,
                        "component": component,
                        "instance": format!("{}:{port}", plane.id),
                    },
                })
            };
            planes.iter().map(group).collect()
        };
        let of_boxes = |boxes: u8, port: u16| -> Vec<_> {
            let group = |host: u8| {
                json!({
                    "targets": [self.at(host, port).to_string()],
                    "labels": { "box": letter(host), "instance": format!("{}:{port}", letter(host)) },
                })
            };
            (1..=boxes).map(group).collect()
        };
        for (job, groups) in [
            ("dataplanes", of_planes(port::COLLECTOR_DATA, "data-plane")),
            (
                "otel-collectors",
                of_planes(port::COLLECTOR_SELF, "otel-collector"),
            ),
            ("prometheus", of_boxes(self.replicas, port::PROMETHEUS)),
            ("thanos-sidecar", of_boxes(self.replicas, port::SIDECAR_HTTP)),
            ("thanos-query", of_boxes(1, port::QUERY_HTTP)),
            ("thanos-query-frontend", of_boxes(1, port::QUERY_FRONTEND)),
        ] {
            let text = serde_json::to_string_pretty(&groups)?;
            std::fs::write(targets.join(format!("{job}.json")), text)?;
        }
        Ok(())
    }

    fn write_json(&self, file: &str, value: &serde_json::Value) -> anyhow::Result<()> {
        std::fs::write(self.state.join(file), serde_json::to_string_pretty(value)?)?;
        Ok(())
    }
}

/// The configuration of a cache with another size.
fn with_size(cache: &str, mebibytes: u64) -> String {
    let line = |line: &str| match line.split_once("max_size:") {
        Some((indent, _)) => format!("{indent}max_size: {mebibytes}MiB\n"),
        None => format!("{line}\n"),
    };
    cache.lines().map(line).collect()
}

/// What a part is: boxes and collectors are told apart by the ends of their names.
fn kind(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((kind, "a" | "b")) => kind,
        Some(("collector", _)) => "collector",
        _ => name,
    }
}

/// The name of a box.
pub(crate) fn letter(host: u8) -> char {
    char::from(b'a' + host - 1)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(instances: usize) -> Site {
        Site {
            root: PathBuf::new(),
            state: PathBuf::new(),
            network: [127, 99, 0],
            instances,
            replicas: 1,
            class: None,
            prometheus_options: Vec::new(),
            query_options: Vec::new(),
        }
    }

    #[test]
    fn no_collector_has_more_series_than_a_scrape_may_have() {
        for (instances, collectors) in [(3, 3), (285, 3), (286, 4), (1000, 11), (1001, 11)] {
            let planes = site(instances).data_planes();
            assert_eq!(planes.len(), collectors, "{instances}");
            let sizes: Vec<_> = planes.iter().map(|plane| plane.instances.len()).collect();
            assert_eq!(sizes.iter().sum::<usize>(), instances);
            assert!(
                sizes.iter().all(|size| size * EXPOSED <= SERIES_OF_A_COLLECTOR),
                "{sizes:?}"
            );
        }
    }

    #[test]
    fn parts_of_one_kind_are_told_by_their_names() {
        let kinds = [
            "prometheus-b",
            "collector-11",
            "thanos-query",
            "thanos-sidecar-a",
            "minio",
        ]
        .map(kind);
        assert_eq!(
            kinds,
            [
                "prometheus",
                "collector",
                "thanos-query",
                "thanos-sidecar",
                "minio"
            ]
        );
    }

    #[test]
    fn a_cache_gets_another_size() {
        let cache = "# of a cache\nconfig:\n  max_size: 32MiB\n";
        assert_eq!(
            with_size(cache, 128),
            "# of a cache\nconfig:\n  max_size: 128MiB\n"
        );
    }

    #[test]
    fn every_environment_has_a_data_plane() {
        let planes = site(1000).data_planes();
        let count = |environment| {
            planes
                .iter()
                .filter(|plane| plane.environment == environment)
                .count()
        };
        assert_eq!(["prod", "dev", "qa"].map(count), [7, 2, 2]);
        assert_eq!(planes[10].id, "dp-prod-11");
        assert_eq!(
            site(3).at(planes[10].host, port::OTLP_HTTP).to_string(),
            "127.99.0.21:4318"
        );
    }
}
