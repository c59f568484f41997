//! The daemon around the collector.

use std::process::ExitCode;

use signalbox_collector::{ABOUT, Collector, Config, RawConfig};

fn main() -> ExitCode {
    service::run::<RawConfig, _, _>(&ABOUT, |config: Config, life: service::Life| async move {
        let collector = Collector::bind(config).await?;
        let addresses = collector.addresses()?;
        life.ready(&format!(
            "taking OTLP on {} (gRPC) and {} (HTTP), serving it on {}",
            addresses.grpc, addresses.http, addresses.data
        ));
        collector.run(life).await
    })
}
