//! A dashboard on a free port, and one who asks it.

use std::time::Duration;

use axum::http::StatusCode;
use reqwest::Response;
use serde_json::Value;
use service::Life;
use signalbox_dashboard::{Assets, Config, Dashboard};
use tokio::task::JoinHandle;

use super::world;

pub(crate) struct Running {
    pub(crate) url: String,
    client: reqwest::Client,
    life: Life,
    task: JoinHandle<anyhow::Result<()>>,
}

/// What the tests run with. A store that hangs is given up after `query_timeout`.
pub(crate) fn config(upstream: &str) -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        upstream: format!("{upstream}/").parse().unwrap(),
        // long enough for the slowest machine: a test that wants a time-out sets its own
        query_timeout: Duration::from_secs(30),
        max_concurrent_queries: 16,
        scrape_interval: Duration::from_secs(10),
        export_interval: Duration::from_secs(5),
        environments: ["prod", "dev", "qa"].map(str::to_owned).to_vec(),
    }
}

impl Running {
    pub(crate) async fn start(config: Config) -> Self {
        Self::with_assets(config, Assets::new([])).await
    }

    pub(crate) async fn with_assets(config: Config, assets: Assets) -> Self {
        let dashboard = Dashboard::bind(config)
            .await
            .unwrap()
            .with_clock(world::now)
            .with_assets(assets);
        let url = format!("http://{}", dashboard.local_addr().unwrap());
        let life = Life::detached();
        life.ready("under test");
        let task = tokio::spawn(dashboard.run(life.clone()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            url,
            client,
            life,
            task,
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> (StatusCode, Value) {
        let response = self.get(path).await;
        (response.status(), response.json().await.unwrap())
    }

    /// The answer to a question that has one.
    #[track_caller]
    pub(crate) fn answer(&self, path: &str) -> impl Future<Output = Value> {
        let asked = self.json(path);
        async move {
            let (status, body) = asked.await;
            assert_eq!(status, StatusCode::OK, "{body}");
            body
        }
    }

    /// The status and code of a question that has no answer.
    pub(crate) async fn problem(&self, path: &str) -> (u16, String) {
        let (status, body) = self.json(path).await;
        let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
        assert!(!text("message").is_empty() && !text("hint").is_empty(), "{body}");
        (status.as_u16(), text("code"))
    }

    pub(crate) async fn stop(self) {
        self.life.stop();
        self.task.await.unwrap().unwrap();
    }
}
