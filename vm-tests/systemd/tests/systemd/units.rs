//! Everything starts, is ready, listens where it should, and does its work.

use std::collections::BTreeSet;
use std::time::Duration;

use systemd_tests::{Http, Prometheus, eventually};

use crate::shared::site;

#[tokio::test(flavor = "multi_thread")]
async fn every_unit_is_ready_and_none_has_started_twice() {
    let site = site().await;
    for unit in site.control.golden.daemons() {
        let machine = &site.control.machine;
        assert_eq!(machine.property(&unit, "ActiveState").await, "active", "{unit}");
        assert_eq!(machine.property(&unit, "NRestarts").await, "0", "{unit}");
    }
    assert_eq!(
        site.control
            .machine
            .run("systemctl --failed --plain --no-legend")
            .await,
        ""
    );
    for plane in &site.planes {
        for unit in [
            "collector",
            "demo-api",
            &format!("load-gen@{}", plane.environment),
        ] {
            let unit = format!("signalbox-{unit}.service");
            assert_eq!(
                plane.machine.property(&unit, "ActiveState").await,
                "active",
                "{unit}"
            );
            assert_eq!(plane.machine.property(&unit, "NRestarts").await, "0", "{unit}");
            // each says in a line what it does
            assert_ne!(plane.machine.property(&unit, "StatusText").await, "", "{unit}");
        }
        assert_eq!(
            plane.machine.run("systemctl --failed --plain --no-legend").await,
            ""
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_listens_but_what_the_deployment_says() {
    let site = site().await;
    let machine = &site.control.machine;
    let said: BTreeSet<String> = site
        .control
        .golden
        .listeners()
        .into_iter()
        .map(|(address, _)| address)
        .collect();
    let seen = machine
        .run("ss --no-header --numeric --listening --tcp | awk '{ print $4 }'")
        .await;
    let seen: BTreeSet<String> = seen.lines().map(str::to_owned).collect();
    // with MinIO's browser off nobody opens the console, and its S3 listens on both loopback addresses
    let expected = said
        .iter()
        .filter(|address| *address != "127.0.0.1:9001")
        .cloned()
        .chain(["[::1]:9000".to_owned()])
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_services_of_all_data_planes_measure_comes_out_at_the_far_end() {
    let site = site().await;
    let machine = &site.control.machine;
    let query =
        "sum by (environment) (http_server_request_duration_seconds_count{service_name=\"api-service\"})";
    eventually(
        "requests of all environments, from the query-frontend",
        Duration::from_mins(1),
        async || {
            let answer = machine
            .run(&format!(
                "curl -sS --max-time 5 --data-urlencode 'query={query}' http://127.0.0.1:10908/api/v1/query"
            ))
            .await;
            let missing: Vec<_> = ["prod", "dev", "qa"]
                .into_iter()
                .filter(|environment| !answer.contains(&format!("{{\"environment\":\"{environment}\"}}")))
                .collect();
            if missing.is_empty() {
                Ok(())
            } else {
                Err(format!("{missing:?} missing: {answer}"))
            }
        },
    )
    .await;
    // and node_exporter asks systemd over D-Bus, from its sandbox
    let units = machine
        .run("curl -sS --max-time 5 http://127.0.0.1:9100/metrics | grep -c '^node_systemd_unit_state{'")
        .await;
    assert!(units.parse::<u32>().unwrap() > 100, "{units} states of units");
    // the dashboard is for people elsewhere, and asks by way of all of it
    let overview = eventually("the dashboard judges", Duration::from_secs(30), async || {
        let overview = Http::default()
            .json("http://10.20.0.10:3000/api/v1/overview", &[])
            .await?;
        if overview["environments"]
            .as_array()
            .is_some_and(|seen| seen.len() == 3)
        {
            Ok(overview)
        } else {
            Err(overview.to_string())
        }
    })
    .await;
    assert_eq!(overview["store"]["reachable"], true, "{overview}");
    // and nobody from elsewhere at the parts behind it
    let prometheus = Prometheus::at("http://10.20.0.10:9090").query("up").await;
    assert!(prometheus.is_err_and(|error| error.contains("refused")));
}
