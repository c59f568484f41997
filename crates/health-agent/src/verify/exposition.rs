//! The newest comparison as metrics.

use metrics::{Unit, describe_gauge, gauge};

use crate::facts::Facts;
use crate::facts::generation::Verified;

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

/// Where nothing was ever compared there is nothing to show. A comparison that failed says nothing of the system: what was found before holds.
pub(crate) fn record(facts: &Facts) {
    let verified = facts.generation.as_ref().and_then(|it| it.verified.as_ref());
    let Some(Ok(Verified { last: Some(last), .. })) = verified else {
        return;
    };
    gauge!(AT).set(last.at);
    gauge!(TOOK).set(last.took);
    gauge!(SOUND).set(f64::from(u8::from(last.findings_total == 0)));
    gauge!(FINDINGS).set(last.findings_total as f64);
    gauge!(PATHS).set(last.paths as f64);
    gauge!(READ).set(last.read_bytes as f64);
}
