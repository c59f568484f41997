//! A collector on ports of its own.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message;
use reqwest::{Client, Response};
use service::{Life, Settings};
use signalbox_collector::{Addresses, Collector, RawConfig};
use tokio::task::JoinHandle;

/// Nothing here takes this long unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Running {
    pub(crate) addresses: Addresses,
    pub(crate) life: Life,
    pub(crate) task: JoinHandle<anyhow::Result<()>>,
    pub(crate) client: Client,
}

impl Running {
    /// Starts a collector with these settings.
    pub(crate) async fn start(settings: &str) -> Self {
        Self::start_on("127.0.0.1", settings).await
    }

    /// Starts a collector with these settings on an address of this machine.
    pub(crate) async fn start_on(host: &str, settings: &str) -> Self {
        let ports: String = ["grpc", "http", "data", "self_metrics"]
            .map(|port| format!("listen.{port} = \"{host}:0\"\n"))
            .concat();
        let settings: RawConfig = toml::from_str(&format!("{ports}{settings}")).unwrap();
        let collector = Collector::bind(settings.into_config().unwrap()).await.unwrap();
        let addresses = collector.addresses().unwrap();
        let life = Life::detached();
        life.ready("under test");
        let task = tokio::spawn(collector.run(life.clone()));
        let client = Client::builder().no_proxy().build().unwrap();
        Self {
            addresses,
            life,
            task,
            client,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses.http)
    }

    /// Sends a request over HTTP, without any header but its content type.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Response {
        let request = self.client.post(self.url("/v1/metrics"));
        request
            .header("content-type", "application/x-protobuf")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// Sends a request of which every point must be taken.
    pub(crate) async fn send(&self, body: Vec<u8>) {
        let response = self.post(body).await;
        assert_eq!(response.status(), 200);
        let answer = response.bytes().await.unwrap();
        let answer = ExportMetricsServiceResponse::decode(answer).unwrap();
        assert_eq!(answer.partial_success, None);
    }

    /// What Prometheus sees.
    pub(crate) async fn scrape(&self) -> String {
        let url = format!("http://{}/metrics", self.addresses.data);
        let response = self.client.get(url).send().await.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
        );
        response.text().await.unwrap()
    }

    /// What it tells of itself under this name and these labels.
    pub(crate) async fn tells(&self, metric: &str) -> u64 {
        let url = format!("http://{}/metrics", self.addresses.self_metrics);
        let text = self.client.get(url).send().await.unwrap().text().await.unwrap();
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
        found
            .unwrap_or_else(|| panic!("no {metric} in\n{text}"))
            .parse()
            .unwrap()
    }

    /// Stops it, and waits for its end.
    pub(crate) async fn stop(self) {
        self.life.stop();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("it ends")
            .unwrap()
            .unwrap();
    }
}
