//! What Prometheus tells of itself on its metrics page.

use std::collections::BTreeMap;

use crate::facts::prometheus::{Numbers, RuleGroup};
use crate::probe::samples::Samples;

/// What of the page matters.
pub(super) const WANTED: &[&str] = &[
    "process_start_time_seconds",
    "prometheus_config_last_reload_successful",
    "prometheus_config_last_reload_success_timestamp_seconds",
    "prometheus_tsdb_head_max_time_seconds",
    "prometheus_tsdb_lowest_timestamp_seconds",
    "prometheus_tsdb_head_samples_appended_total",
    "prometheus_tsdb_head_series",
    "process_resident_memory_bytes",
    "prometheus_tsdb_wal_writes_failed_total",
    "prometheus_tsdb_wal_corruptions_total",
    "prometheus_tsdb_storage_blocks_bytes",
    "prometheus_tsdb_wal_storage_size_bytes",
    "prometheus_tsdb_head_chunks_storage_size_bytes",
    "prometheus_tsdb_retention_limit_bytes",
    "prometheus_tsdb_retention_limit_seconds",
    "prometheus_notifications_alertmanagers_discovered",
    "prometheus_rule_group_interval_seconds",
    "prometheus_rule_group_last_duration_seconds",
    "prometheus_rule_group_last_evaluation_timestamp_seconds",
];

pub(super) fn of(page: &Samples) -> Numbers {
    let value = |name: &str| page.sum(name, &[]).unwrap_or(0.0);
    Numbers {
        started_at: value("process_start_time_seconds"),
        reload_successful: value("prometheus_config_last_reload_successful") > 0.0,
        reloaded_at: value("prometheus_config_last_reload_success_timestamp_seconds"),
        newest_sample_at: value("prometheus_tsdb_head_max_time_seconds"),
        oldest_sample_at: value("prometheus_tsdb_lowest_timestamp_seconds"),
        samples_appended: value("prometheus_tsdb_head_samples_appended_total"),
        series: value("prometheus_tsdb_head_series"),
        memory_bytes: value("process_resident_memory_bytes"),
        wal_writes_failed: value("prometheus_tsdb_wal_writes_failed_total"),
        wal_corruptions: value("prometheus_tsdb_wal_corruptions_total"),
        storage_bytes: value("prometheus_tsdb_storage_blocks_bytes")
            + value("prometheus_tsdb_wal_storage_size_bytes")
            + value("prometheus_tsdb_head_chunks_storage_size_bytes"),
        retention_bytes: value("prometheus_tsdb_retention_limit_bytes"),
        retention_seconds: value("prometheus_tsdb_retention_limit_seconds"),
        alertmanagers: value("prometheus_notifications_alertmanagers_discovered"),
        rule_groups: rule_groups(page),
    }
}

fn rule_groups(page: &Samples) -> Vec<RuleGroup> {
    let mut groups = BTreeMap::<_, RuleGroup>::new();
    let mut each = |name: &str, set: fn(&mut RuleGroup, f64)| {
        for (labels, value) in page.series(name) {
            if let Some(path) = labels.get("rule_group") {
                set(groups.entry(path.clone()).or_default(), value);
            }
        }
    };
    each("prometheus_rule_group_interval_seconds", |group, value| {
        group.interval = value;
    });
    each("prometheus_rule_group_last_duration_seconds", |group, value| {
        group.took = value;
    });
    each(
        "prometheus_rule_group_last_evaluation_timestamp_seconds",
        // before the first one it is far before 1970, or nothing
        |group, value| group.evaluated_at = (value > 0.0).then_some(value),
    );
    groups
        .into_iter()
        .map(|(path, group)| RuleGroup {
            // file;group
            name: path.rsplit(';').next().unwrap_or_default().to_owned(),
            ..group
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_there_is() {
        let page = Samples::parse(
            "\
process_start_time_seconds 1.7e+09
prometheus_tsdb_head_samples_appended_total{type=\"float\"} 10
prometheus_tsdb_head_samples_appended_total{type=\"histogram\"} 2
prometheus_tsdb_storage_blocks_bytes 100
prometheus_tsdb_wal_storage_size_bytes 20
prometheus_rule_group_interval_seconds{rule_group=\"/rules/http.yml;http\"} 10
prometheus_rule_group_last_evaluation_timestamp_seconds{rule_group=\"/rules/http.yml;http\"} -6.21355968e+10
",
        );
        let numbers = of(&page);
        assert_eq!((numbers.started_at, numbers.samples_appended), (1.7e9, 12.0));
        assert_eq!((numbers.storage_bytes, numbers.reload_successful), (120.0, false));
        let group = RuleGroup {
            name: "http".to_owned(),
            interval: 10.0,
            ..RuleGroup::default()
        };
        assert_eq!(numbers.rule_groups, [group]);
    }
}
