//! Sends the metrics by OTLP over HTTP, as protobuf.
//!
//! Metrics are cumulative, so an export that fails is not tried again: the next one carries everything. Nothing here
//! can hold up a request, which only ever adds to counters in memory.

use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_otlp::{MetricExporter, Protocol, RetryPolicy, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::resource::TelemetryResourceDetector;

use crate::config::{Export, Identity};

mod delivery;
mod reception;

use delivery::Delivery;

/// Collects metrics and exports them until it is stopped.
pub(crate) struct Exporter(SdkMeterProvider);

/// The last export has this long. The drain before it may take 8 of the 10 seconds that a service has to stop.
const LAST_EXPORT: Duration = Duration::from_millis(1500);

impl Exporter {
    /// Starts exporting. The tokio runtime that this is called on carries the connections.
    pub(crate) fn start(export: &Export, resource: Resource) -> anyhow::Result<Self> {
        let delivery = Delivery::new(tokio::runtime::Handle::current(), export)?;
        let exporter = MetricExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&export.url)
            .with_timeout(export.timeout)
            .with_retry_policy(RetryPolicy::disabled())
            .with_http_client(delivery)
            .with_temporality(Temporality::Cumulative)
            .build()
            .context("failed to set up the export of metrics")?;
        let reader = PeriodicReader::builder(exporter)
            .with_interval(export.interval)
            .build();
        Ok(Self(
            SdkMeterProvider::builder()
                .with_resource(resource)
                .with_reader(reader)
                .build(),
        ))
    }

    pub(crate) fn meter(&self) -> Meter {
        self.0.meter(env!("CARGO_PKG_NAME"))
    }

    /// Exports what there is a last time, and ends.
    pub(crate) async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || self.0.shutdown());
        match tokio::time::timeout(LAST_EXPORT, stopped).await {
            Ok(Ok(Ok(()))) => tracing::debug!("the last metrics are exported"),
            // why, the delivery has said
            Ok(_) => tracing::warn!("the last metrics were not exported"),
            Err(_) => tracing::warn!("the last metrics were not exported in time"),
        }
    }
}

/// The resource that all metrics belong to. `instance_id` stands in where none is configured.
pub(crate) fn resource(identity: Identity, instance_id: impl FnOnce() -> String) -> Resource {
    let own = [
        ("service.name", Some(identity.service_name)),
        (
            "service.instance.id",
            Some(identity.instance_id.unwrap_or_else(instance_id)),
        ),
        ("deployment.environment.name", identity.environment),
        ("data_plane_id", identity.data_plane_id),
    ];
    let own = own
        .into_iter()
        .filter_map(|(key, value)| Some(KeyValue::new(key, value?)));
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(
            identity
                .attributes
                .into_iter()
                .map(|(key, value)| KeyValue::new(key, value)),
        )
        .with_attributes(own)
        .build()
}
