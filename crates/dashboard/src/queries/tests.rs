use super::*;

#[test]
fn panels_ask_for_one_environment() {
    let rows = [
        (
            PanelName::RequestRate,
            vec![(
                "requests",
                r#"sum(rate(http_server_request_duration_seconds_count{environment="qa"}[40s]))"#,
            )],
        ),
        (
            PanelName::Latency,
            vec![
                (
                    "p50",
                    r#"histogram_quantile(0.5, sum by (le) (environment_le:http_request_duration_seconds_bucket:rate40s{environment="qa"}))"#,
                ),
                (
                    "p95",
                    r#"histogram_quantile(0.95, sum by (le) (environment_le:http_request_duration_seconds_bucket:rate40s{environment="qa"}))"#,
                ),
                (
                    "p99",
                    r#"histogram_quantile(0.99, sum by (le) (environment_le:http_request_duration_seconds_bucket:rate40s{environment="qa"}))"#,
                ),
            ],
        ),
        (
            PanelName::ErrorRatio,
            vec![(
                "errors",
                concat!(
                    r#"(sum(rate(http_server_request_duration_seconds_count{environment="qa",http_response_status_code=~"5.."}[40s]))"#,
                    r#" or sum(rate(http_server_request_duration_seconds_count{environment="qa"}[40s])) * 0)"#,
                    r#" / (sum(rate(http_server_request_duration_seconds_count{environment="qa"}[40s])) > 0)"#,
                ),
            )],
        ),
        (
            PanelName::ActiveRequests,
            vec![("active", r#"sum(http_server_active_requests{environment="qa"})"#)],
        ),
    ];
    for (panel, expected) in rows {
        let found = series(panel, "qa", 40);
        let found: Vec<_> = found
            .iter()
            .map(|(name, query)| (*name, query.as_str()))
            .collect();
        assert_eq!(found, expected, "{panel}");
    }
}

#[test]
fn over_a_longer_window_what_is_recorded_is_averaged() {
    let recorded = "environment_le:http_request_duration_seconds_bucket:rate40s";
    assert_eq!(
        series(PanelName::Latency, "qa", 330)[1].1,
        format!(
            r#"histogram_quantile(0.95, sum by (le) (avg_over_time({recorded}{{environment="qa"}}[300s])))"#
        )
    );
    assert_eq!(
        Overview::new(60).latency_p95,
        format!("histogram_quantile(0.95, sum by (environment, le) (avg_over_time({recorded}[30s])))")
    );
    assert_eq!(
        Overview::new(40).latency_p95,
        format!("histogram_quantile(0.95, sum by (environment, le) ({recorded}))")
    );
}

#[test]
fn limits_are_in_the_unit_of_the_series() {
    let rows = [
        (PanelName::RequestRate, None),
        (
            PanelName::Latency,
            Some(r#"min(signalbox_slo_objective_seconds{slo="http-latency-p95",environment="qa"})"#),
        ),
        (
            PanelName::ErrorRatio,
            Some(r#"1 - max(signalbox_slo_objective_ratio{slo="http-availability",environment="qa"})"#),
        ),
        (PanelName::ActiveRequests, None),
    ];
    for (panel, expected) in rows {
        assert_eq!(limit(panel, "qa").as_deref(), expected, "{panel}");
    }
}

#[test]
fn overview_asks_once_for_all_environments() {
    let found = Overview::new(60);
    assert_eq!(
        found.error_rate,
        r#"sum by (environment) (rate(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[60s]))"#
    );
    assert_eq!(
        found.availability_objective,
        r#"max by (environment) (signalbox_slo_objective_ratio{slo="http-availability"})"#
    );
    assert_eq!(
        sparkline(40),
        concat!(
            r#"(sum by (environment) (rate(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[40s]))"#,
            r" or sum by (environment) (rate(http_server_request_duration_seconds_count[40s])) * 0)",
            r" / (sum by (environment) (rate(http_server_request_duration_seconds_count[40s])) > 0)",
        )
    );
}

#[test]
fn whoever_is_named_anywhere_is_of_the_fleet() {
    let found = fleet();
    for part in [
        r#"max by (environment, data_plane) (timestamp(up{job=~"dataplane-.*"}) and up{job=~"dataplane-.*"} == 1)"#,
        concat!(
            r#" or group by (environment) ({__name__=~"signalbox_slo_objective_(ratio|seconds)",environment!=""}"#,
            r#" or ALERTS{alertstate="firing",environment!="",severity!="none"}) * 0"#,
        ),
    ] {
        assert!(found.contains(part), "no {part} in\n{found}");
    }
}

#[test]
fn a_label_value_stays_inside_its_quotes() {
    let rows = [
        ("prod", r#"environment="prod""#),
        (r#"a"} or up{x=""#, r#"environment="a\"} or up{x=\"""#),
        ("back\\slash", r#"environment="back\\slash""#),
        ("two\nlines", r#"environment="two\nlines""#),
    ];
    for (environment, expected) in rows {
        assert_eq!(matcher(environment), expected);
    }
}
