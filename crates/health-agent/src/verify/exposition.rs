//! The newest comparison as metrics.

use metrics::{Unit, describe_gauge, gauge};

use super::record::{Outcome, Record};
use crate::config::Config;

const SOUND: &str = "signalbox_verify_sound";
const FINDINGS: &str = "signalbox_verify_findings";
const PATHS: &str = "signalbox_verify_store_paths";
const READ: &str = "signalbox_verify_read_bytes";
const AT: &str = "signalbox_verify_timestamp_seconds";
const TOOK: &str = "signalbox_verify_duration_seconds";

pub(crate) fn describe() {
    describe_gauge!(
        SOUND,
        "Whether the installed system was as it was built when it was compared last"
    );
    describe_gauge!(FINDINGS, "How many things were not as they were built");
    describe_gauge!(PATHS, "How many store paths were compared");
    describe_gauge!(READ, Unit::Bytes, "How much the last comparison has read");
    describe_gauge!(AT, Unit::Seconds, "When it ended, in Unix time");
    describe_gauge!(TOOK, Unit::Seconds, "How long it took");
}

/// Where nothing was ever compared there is nothing to show.
pub(crate) fn record(config: &Config) {
    let Ok(Some(record)) = Record::read(&config.verify.state_dir) else {
        return;
    };
    gauge!(SOUND).set(f64::from(u8::from(record.outcome == Outcome::Sound)));
    gauge!(FINDINGS).set(record.findings_total as f64);
    gauge!(PATHS).set(record.paths as f64);
    gauge!(READ).set(record.bytes_read as f64);
    gauge!(AT).set(record.at);
    gauge!(TOOK).set(record.took_seconds);
}
