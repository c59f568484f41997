//! The process' metrics of itself.

use std::sync::OnceLock;

use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bucket bounds in seconds of every histogram whose name ends in `_seconds`: from a lookup in memory to a slow
/// request.
const SECONDS: &[f64] = &[
    0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Bucket bounds of every histogram whose name ends in `_bytes`: powers of four from 1 KiB to 256 MiB.
const BYTES: &[f64] = &[
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
];

/// The recorder behind the macros of the `metrics` crate, and the text that Prometheus scrapes.
#[derive(Clone)]
pub struct Metrics {
    recorder: PrometheusHandle,
    process: metrics_process::Collector,
}

impl Metrics {
    /// Installs the recorder of this process. Only the first call does: later ones return the same recorder, so that
    /// several services can live in one test process.
    pub fn install() -> Self {
        static INSTALLED: OnceLock<Metrics> = OnceLock::new();
        INSTALLED
            .get_or_init(|| {
                let recorder = PrometheusBuilder::new()
                    .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
                    .and_then(|builder| {
                        builder.set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), BYTES)
                    })
                    .expect("the bounds are not empty")
                    .install_recorder()
                    .expect("nothing else in this process installs a recorder");
                let process = metrics_process::Collector::default();
                process.describe();
                Self { recorder, process }
            })
            .clone()
    }

    /// Says what runs: `signalbox_build_info{service,version} 1`.
    pub fn build_info(&self, service: &'static str, version: &'static str) {
        metrics::describe_gauge!(
            "signalbox_build_info",
            "The version of the service that runs; the value is 1."
        );
        gauge!("signalbox_build_info", "service" => service, "version" => version).set(1.0);
    }

    /// The text exposition of everything recorded so far, and of the process' memory, CPU time and open files.
    pub fn render(&self) -> String {
        self.process.collect();
        self.recorder.render()
    }

    /// Folds recorded histogram values into their buckets. Without a scrape nothing else would, and memory would
    /// grow: call it every few seconds.
    pub fn upkeep(&self) {
        self.recorder.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_what_was_recorded() {
        let metrics = Metrics::install();
        metrics.build_info("signalbox-test", "1.2.3");
        metrics::counter!("signalbox_test_requests_total", "outcome" => "ok").increment(3);
        metrics::histogram!("signalbox_test_duration_seconds").record(0.02);
        metrics.upkeep();
        let text = metrics.render();
        for line in [
            "signalbox_build_info{service=\"signalbox-test\",version=\"1.2.3\"} 1",
            "signalbox_test_requests_total{outcome=\"ok\"} 3",
            "signalbox_test_duration_seconds_bucket{le=\"0.01\"} 0",
            "signalbox_test_duration_seconds_bucket{le=\"0.025\"} 1",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "no line {line} in\n{text}"
            );
        }
        assert!(text.contains("process_resident_memory_bytes "), "{text}");
    }
}
