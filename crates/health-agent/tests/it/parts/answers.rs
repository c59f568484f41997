//! What parts of a healthy box answer, cut down to what is read of it.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Url;
use serde_json::{Value, json};

/// The answer at a path of a part.
pub(super) fn of(path: &str, value: f64) -> Option<String> {
    let url = Url::parse("http://box").unwrap().join(path).unwrap();
    let (part, rest) = url.path().trim_start_matches('/').split_once('/')?;
    match (part, rest) {
        (_, "-/ready" | "readyz") => Some("OK".to_owned()),
        (_, "api/v1/query") => {
            let query = url.query_pairs().find(|(name, _)| name == "query")?.1;
            Some(result(&query, value).to_string())
        }
        (_, "api/v1/rules") => Some(data(json!({ "groups": [{
            "name": "http",
            "rules": [{ "name": "HighLatency", "health": "ok", "lastError": "" }, { "name": "http:requests:rate", "health": "ok" }]
        }] }))),
        (_, "metrics") => metrics(part),
        ("prometheus", "api/v1/targets") => Some(data(targets())),
        ("prometheus", "api/v1/status/config") => Some(data(json!({ "yaml": CONFIGURATION }))),
        ("prometheus", "api/v1/status/flags") => Some(data(json!({
            "enable-feature": "exemplar-storage",
            "storage.tsdb.delay-compact-file.path": "/data/thanos.shipper.json",
            "storage.tsdb.min-block-duration": "2h",
            "storage.tsdb.max-block-duration": "16h48m",
        }))),
        ("thanos-query", "api/v1/stores") => Some(data(stores())),
        ("alertmanager", "api/v2/status") => Some(
            json!({ "cluster": { "status": "ready", "peers": [{ "name": "a", "address": "x" }, { "name": "b" }] } })
                .to_string(),
        ),
        ("alertmanager", "api/v2/alerts") => Some(
            json!([{ "updatedAt": rfc3339(now() - 20.0), "status": { "state": "active", "silencedBy": [] } }])
                .to_string(),
        ),
        ("alertmanager", "api/v2/silences") => Some(
            json!([{
                "status": { "state": "active" },
                "matchers": [{ "name": "environment", "value": "qa", "isRegex": false, "isEqual": true }],
                "createdBy": "ann",
                "startsAt": rfc3339(now() - 60.0),
                "endsAt": rfc3339(now() + 3600.0),
            }])
            .to_string(),
        ),
        ("pushgateway", "api/v1/metrics") => Some(data(
            json!([{ "labels": { "job": "backup" }, "last_push_successful": true, "push_time_seconds": {} }]),
        )),
        _ => None,
    }
}

/// The objects in the bucket, as S3 lists them.
pub(super) fn listing<'a>(paths: impl Iterator<Item = &'a String>) -> String {
    let mut text = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>thanos</Name><Prefix></Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"#,
    );
    for path in paths {
        let key = path.trim_start_matches("/thanos/");
        let _ = write!(
            text,
            "<Contents><Key>{key}</Key><LastModified>2026-11-26T16:37:41.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>40</Size><StorageClass>STANDARD</StorageClass></Contents>"
        );
    }
    text + "</ListBucketResult>"
}

const CONFIGURATION: &str = "\
global:
  scrape_interval: 10s
  external_labels:
    cluster: demo
    region: local
    replica: a
storage:
  tsdb:
    outofordertimewindow: 0
    chunk_encoding:
      floats: xor
";

fn data(data: Value) -> String {
    json!({ "status": "success", "data": data }).to_string()
}

fn targets() -> Value {
    let target = |job: &str, instance: &str| {
        json!({
            "labels": { "job": job, "instance": instance, "box": "a" },
            "health": "up",
            "lastError": "",
            "scrapePool": job,
        })
    };
    let jobs = [
        "prometheus",
        "alertmanager",
        "pushgateway",
        "dashboard",
        "thanos-sidecar",
        "thanos-query",
        "thanos-query-frontend",
        "thanos-store",
        "thanos-compact",
        "thanos-rule",
        "dataplane-prod",
        "dataplane-qa",
    ];
    json!({ "activeTargets": jobs.map(|job| target(job, &format!("a:{job}"))) })
}

fn stores() -> Value {
    let replica = |replica: &str| json!([{ "cluster": "demo", "replica": replica }]);
    let (first, last) = (i64::MAX, i64::MIN);
    let hour_ago = ((now() - 3600.0) * 1e3) as i64;
    json!({
        "sidecar": [
            { "name": "a:10901", "lastError": null, "labelSets": replica("a"), "minTime": hour_ago, "maxTime": first },
            { "name": "b:10901", "lastError": null, "labelSets": replica("b"), "minTime": hour_ago, "maxTime": first },
        ],
        "store": [{ "name": "a:10905", "lastError": null, "labelSets": [], "minTime": first, "maxTime": last }],
        "rule": [{ "name": "a:10910", "lastError": null, "labelSets": replica("a"), "minTime": first, "maxTime": first }],
    })
}

/// Answers that are nothing, but to what must have an answer.
fn result(query: &str, value: f64) -> Value {
    let mut series = vec![];
    let mut sample = |labels: Value, value: f64| {
        series.push(json!({ "metric": labels, "value": [now(), value.to_string()] }));
    };
    if query.starts_with("scrape_duration_seconds") {
        sample(json!({ "instance": "a:9090", "job": "prometheus" }), value);
    } else if query.contains("thanos_alert_sender_alerts_dropped_total") {
        for asked in ["unsent-alerts", "unqueued-alerts"] {
            sample(json!({ "asked": asked }), 0.0);
        }
    } else if query.contains("up{job=~\"dataplane-.+\"}") {
        for environment in ["prod", "qa"] {
            for (asked, value) in [("up", 1.0), ("scraped", now() - 3.0), ("accepted", 1680.0)] {
                let id = format!("dp-{environment}-01");
                sample(
                    json!({ "asked": asked, "environment": environment, "data_plane_id": id }),
                    value,
                );
            }
        }
    }
    json!({ "status": "success", "data": { "resultType": "vector", "result": series } })
}

fn metrics(part: &str) -> Option<String> {
    let own = match part {
        "prometheus" => format!(
            "\
prometheus_config_last_reload_successful 1
prometheus_config_last_reload_success_timestamp_seconds {started}
prometheus_tsdb_head_max_time_seconds {now}
prometheus_tsdb_head_samples_appended_total{{type=\"float\"}} 1.5e+06
prometheus_tsdb_head_series 10091
prometheus_tsdb_lowest_timestamp_seconds {started}
prometheus_tsdb_retention_limit_bytes 5e+10
prometheus_tsdb_retention_limit_seconds 604800
prometheus_notifications_alertmanagers_discovered 2
prometheus_rule_group_interval_seconds{{rule_group=\"/rules/http.yml;http\"}} 10
prometheus_rule_group_last_duration_seconds{{rule_group=\"/rules/http.yml;http\"}} 0.002
prometheus_rule_group_last_evaluation_timestamp_seconds{{rule_group=\"/rules/http.yml;http\"}} {now}
",
            started = now() - 7200.0,
            now = now()
        ),
        "alertmanager" => "\
alertmanager_config_last_reload_successful 1
alertmanager_config_hash 1.5658501938126e+13
alertmanager_notifications_total{integration=\"webhook\"} 3
alertmanager_notifications_failed_total{integration=\"webhook\",reason=\"other\"} 0
"
        .to_owned(),
        "thanos-sidecar" => "\
thanos_sidecar_prometheus_up 1
thanos_shipper_dir_syncs_total 240
thanos_shipper_dir_sync_failures_total 0
"
        .to_owned(),
        "thanos-compact" => "\
thanos_compact_halted 0
thanos_compact_iterations_total 24
thanos_blocks_meta_synced{state=\"loaded\"} 12
"
        .to_owned(),
        // what was dropped some time ago is over
        "thanos-rule" => format!(
            "\
prometheus_rule_evaluations_total{{strategy=\"abort\"}} 50
prometheus_rule_group_interval_seconds 120
prometheus_rule_group_last_evaluation_timestamp_seconds {}
thanos_alert_sender_alerts_dropped_total 3
",
            now()
        ),
        "prod" | "qa" => "\
signalbox_collector_accepted_datapoints_total{transport=\"http\"} 960
signalbox_collector_rejected_datapoints_total{reason=\"late_delta\"} 0
signalbox_collector_series 28
signalbox_collector_series_limit 1000000
signalbox_collector_series_bytes 22975
signalbox_collector_series_bytes_limit 300000000
"
        .to_owned(),
        _ => return None,
    };
    Some(format!("process_start_time_seconds {}\n{own}", now() - 7200.0))
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs_f64()
}

/// With an offset, as a box that is not set to UTC writes it.
fn rfc3339(at: f64) -> String {
    let time = humantime::format_rfc3339_millis(UNIX_EPOCH + std::time::Duration::from_secs_f64(at + 3600.0));
    time.to_string().replace('Z', "+01:00")
}
