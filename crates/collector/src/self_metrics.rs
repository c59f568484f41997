//! What the collector tells of itself, on its own port and apart from what it collects.

use std::time::Duration;

use exposition::Format;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::ingest::Outcome;
use crate::receive::{Refusal, Transport};
use crate::rejection::Reason;
use crate::series::Counts;

const ACCEPTED: &str = "signalbox_collector_accepted_datapoints_total";
const OVERTAKEN: &str = "signalbox_collector_overtaken_datapoints_total";
const REJECTED: &str = "signalbox_collector_rejected_datapoints_total";
const REQUESTS: &str = "signalbox_collector_requests_total";
const REFUSED: &str = "signalbox_collector_refused_requests_total";
const EXPIRED: &str = "signalbox_collector_expired_series_total";
const FILTERED: &str = "signalbox_collector_filtered_datapoints_total";
const STATE_FAILURES: &str = "signalbox_collector_state_failures_total";
const STATE_BYTES: &str = "signalbox_collector_state_bytes";
const BYTES: &str = "signalbox_collector_series_bytes";
const BYTES_LIMIT: &str = "signalbox_collector_series_bytes_limit";
const SERIES_LIMIT: &str = "signalbox_collector_series_limit";
const SERIES: &str = "signalbox_collector_series";
const FAMILIES: &str = "signalbox_collector_families";
const CONFLICTS: &str = "signalbox_collector_metadata_conflicts_total";
const SOURCES: &str = "signalbox_collector_sources";
const IN_FLIGHT: &str = "signalbox_collector_in_flight_bytes";
const SCRAPE_SECONDS: &str = "signalbox_collector_scrape_duration_seconds";
const REFUSED_SCRAPES: &str = "signalbox_collector_refused_scrapes_total";
const GIVEN_UP_SCRAPES: &str = "signalbox_collector_given_up_scrapes_total";
const SCRAPE_BYTES: &str = "signalbox_collector_scrape_bytes";

/// Gives every metric its help text, and every counter its zero: what has not happened yet is 0, not absent.
pub(crate) fn describe() {
    describe_counter!(ACCEPTED, "Data points that were taken into account.");
    describe_counter!(
        OVERTAKEN,
        "Data points among the accepted ones that changed nothing, because a newer one was there already."
    );
    describe_counter!(
        FILTERED,
        "Data points that a step of processing dropped; their senders were not told."
    );
    describe_counter!(
        REJECTED,
        "Data points that were not taken, by reason; their senders were told so in partial_success."
    );
    describe_counter!(
        REQUESTS,
        "Export requests that were answered with success, also those with rejected points."
    );
    describe_counter!(REFUSED, "Requests that were refused as a whole, by reason.");
    describe_counter!(
        EXPIRED,
        "Series that were removed because nothing was heard of them for too long."
    );
    describe_counter!(
        STATE_FAILURES,
        "What went wrong with the files in state_dir, by operation."
    );
    describe_gauge!(STATE_BYTES, "Bytes of the files in state_dir.");
    describe_gauge!(
        BYTES,
        "Bytes that series and sources take, as they are counted against limits.memory_bytes."
    );
    describe_gauge!(BYTES_LIMIT, "How many of these bytes there may be.");
    describe_gauge!(SERIES_LIMIT, "Series that there may be, limits.series.");
    describe_gauge!(SERIES, "Series that are kept; a histogram is one.");
    describe_gauge!(FAMILIES, "Metric names that are kept.");
    describe_counter!(
        CONFLICTS,
        "Metrics in requests whose help text or unit is not the one that is shown, which is the first that came."
    );
    describe_gauge!(SOURCES, "Resources and instrumentation scopes that are kept.");
    describe_gauge!(
        IN_FLIGHT,
        "Bytes of requests that are being received or taken in."
    );
    describe_histogram!(
        SCRAPE_SECONDS,
        "Time from the request for a scrape to its last byte."
    );
    describe_histogram!(SCRAPE_BYTES, "Size of a scrape as it was sent.");
    describe_counter!(
        REFUSED_SCRAPES,
        "Scrapes that were refused because too many were under way."
    );
    for transport in Transport::ALL {
        counter!(ACCEPTED, "transport" => transport.as_str()).absolute(0);
        counter!(OVERTAKEN, "transport" => transport.as_str()).absolute(0);
        counter!(FILTERED, "transport" => transport.as_str()).absolute(0);
        counter!(REQUESTS, "transport" => transport.as_str()).absolute(0);
    }
    for reason in Reason::ALL {
        counter!(REJECTED, "reason" => reason.as_str()).absolute(0);
    }
    for reason in Refusal::REASONS {
        counter!(REFUSED, "reason" => reason).absolute(0);
    }
    for operation in ["append", "sync", "snapshot", "torn"] {
        counter!(STATE_FAILURES, "operation" => operation).absolute(0);
    }
    counter!(EXPIRED).absolute(0);
    counter!(REFUSED_SCRAPES).absolute(0);
    describe_counter!(
        GIVEN_UP_SCRAPES,
        "Scrapes that were broken off because they took too long."
    );
    counter!(GIVEN_UP_SCRAPES).absolute(0);
}

pub(crate) fn taken(transport: Transport, outcome: &Outcome) {
    if outcome.unsaved {
        // it comes again
        return;
    }
    counter!(ACCEPTED, "transport" => transport.as_str()).increment(outcome.accepted);
    if outcome.overtaken > 0 {
        counter!(OVERTAKEN, "transport" => transport.as_str()).increment(outcome.overtaken);
    }
    if outcome.filtered > 0 {
        counter!(FILTERED, "transport" => transport.as_str()).increment(outcome.filtered);
    }
    for (reason, points) in outcome.rejections.by_reason() {
        counter!(REJECTED, "reason" => reason.as_str()).increment(points);
    }
    if outcome.malformed.is_none() {
        counter!(REQUESTS, "transport" => transport.as_str()).increment(1);
    }
}

pub(crate) fn refused(refusal: &Refusal) {
    counter!(REFUSED, "reason" => refusal.reason()).increment(1);
}

pub(crate) fn expired(series: usize) {
    counter!(EXPIRED).increment(series as u64);
}

pub(crate) fn kept(counts: Counts, in_flight: usize) {
    gauge!(SERIES).set(counts.series as f64);
    gauge!(FAMILIES).set(counts.families as f64);
    gauge!(SOURCES).set(counts.sources as f64);
    counter!(CONFLICTS, "field" => "help").absolute(counts.help_conflicts);
    counter!(CONFLICTS, "field" => "unit").absolute(counts.unit_conflicts);
    gauge!(BYTES).set(counts.bytes as f64);
    gauge!(IN_FLIGHT).set(in_flight as f64);
}

/// It changes when the configuration is read again.
pub(crate) fn room((series, bytes): (usize, usize)) {
    gauge!(SERIES_LIMIT).set(series as f64);
    gauge!(BYTES_LIMIT).set(bytes as f64);
}

pub(crate) fn scrape_refused() {
    counter!(REFUSED_SCRAPES).increment(1);
}

pub(crate) fn scrape_given_up() {
    counter!(GIVEN_UP_SCRAPES).increment(1);
}

pub(crate) fn scraped(format: Format, duration: Duration, bytes: usize) {
    let format = match format {
        Format::Text => "text",
        Format::OpenMetrics => "openmetrics",
        Format::Protobuf => "protobuf",
    };
    histogram!(SCRAPE_SECONDS, "format" => format).record(duration.as_secs_f64());
    histogram!(SCRAPE_BYTES, "format" => format).record(bytes as f64);
}

pub(crate) fn state_failed(operation: &'static str) {
    counter!(STATE_FAILURES, "operation" => operation).increment(1);
}

pub(crate) fn state(bytes: u64) {
    gauge!(STATE_BYTES).set(bytes as f64);
}
