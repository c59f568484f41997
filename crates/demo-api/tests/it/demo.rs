//! A demo API within the test's process.

use std::net::SocketAddr;

use serde_json::{Value, json};
use service::Life;
use signalbox_demo_api::{Config, DemoApi};
use tokio::task::JoinHandle;

use crate::collector::PATIENCE;

pub(crate) struct Demo {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) control: Option<SocketAddr>,
    life: Life,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Demo {
    /// Starts it on free ports, without latencies and with what `settings` say beside that.
    pub(crate) async fn start(mut settings: Value) -> Self {
        let quick = json!({
            "products": "0s", "orders": "0s", "reports": "0s", "search": "0s", "search_cached": "0s", "payments": "0s",
        });
        let all = settings.as_object_mut().unwrap();
        all.entry("listen").or_insert(json!("127.0.0.1:0"));
        all.entry("latency").or_insert(quick);
        all.entry("export")
            .or_insert(json!({"endpoint": "http://127.0.0.1:9", "interval": "50ms"}));
        let config = Config::from_settings(serde_json::from_value(settings).unwrap()).unwrap();
        let demo = DemoApi::bind(config).await.unwrap();
        let (addresses, control) = (demo.local_addrs(), demo.fault_control_addr());
        let life = Life::detached();
        let running = tokio::spawn(demo.run(life.clone()));
        let ready = async {
            while !life.is_ready() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, ready)
            .await
            .expect("it is ready in time");
        Self {
            addresses,
            control,
            life,
            running,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses[0])
    }

    /// Stops it as SIGTERM does, and waits for its end.
    pub(crate) async fn stop(self) {
        self.life.stop();
        tokio::time::timeout(PATIENCE, self.running)
            .await
            .expect("it ends")
            .unwrap()
            .unwrap();
    }
}
