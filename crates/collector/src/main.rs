//! The daemon around the collector.

use std::process::ExitCode;

use signalbox_collector::{ABOUT, Collector, Config, RawConfig};

/// Gives memory back that a burst has taken: what stays with the process counts against `limits.memory_bytes`, and would keep
/// new series out.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    service::run::<RawConfig, _, _>(&ABOUT, |config: Config, life: service::Life| async move {
        Collector::bind(config).await?.run(life).await
    })
}
