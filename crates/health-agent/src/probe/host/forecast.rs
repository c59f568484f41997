//! What only those can tell who remember: this box's Prometheus, of this box's `node_exporter`.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::probe::http::Client;
use crate::probe::promql;

/// Bytes that will be free in four hours, by mount point. Empty without a Prometheus, and in the first hour of its memory: what a
/// new box writes then tells nothing of later.
pub(super) async fn free_bytes(client: &Client, config: &Config) -> BTreeMap<String, f64> {
    let box_name = promql::quoted(&config.box_name);
    let series = format!("node_filesystem_avail_bytes{{box={box_name}}}");
    let query = format!("predict_linear({series}[6h], 4 * 3600) and ({series} offset 1h)");
    let Some(prometheus) = &config.parts.prometheus else {
        return BTreeMap::new();
    };
    // that Prometheus does not answer is told by its own check
    let samples = client.query(prometheus, &query).await.unwrap_or_default();
    samples
        .into_iter()
        .filter_map(|mut sample| Some((sample.labels.remove("mountpoint")?, sample.value)))
        .collect()
}

/// Processes that the kernel killed for want of memory.
pub(super) async fn kills_last_hour(client: &Client, config: &Config) -> Option<f64> {
    let box_name = promql::quoted(&config.box_name);
    let query = format!("max(increase(node_vmstat_oom_kill{{box={box_name}}}[1h]))");
    let samples = client
        .query(config.parts.prometheus.as_ref()?, &query)
        .await
        .ok()?;
    Some(samples.first()?.value)
}
