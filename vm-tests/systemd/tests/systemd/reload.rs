//! New settings are put in force without a restart.

use std::time::Duration;

use systemd_tests::{Http, eventually, sample};

use crate::shared::site;

const SEEN: Duration = Duration::from_secs(20);

/// A second name of a metric.
const ALIAS: &str = "request_duration_of_this_test";

#[tokio::test(flavor = "multi_thread")]
async fn the_collector_takes_new_settings_over_and_leaves_wrong_ones() {
    let site = site().await;
    let machine = &site.plane("dev").machine;
    let data = format!("http://{}:8889/metrics", machine.address());
    let scrape = async || Http::default().get(&data).await.unwrap().body;
    let requests = |text: &str| {
        sample(
            text,
            "http_server_request_duration_seconds_count",
            &["http_route=\"/api/products\""],
        )
    };

    let settings = "/etc/signalbox/collector.toml";
    let before = machine.run(&format!("cat {settings}")).await;
    let process = machine.property("signalbox-collector", "MainPID").await;
    eventually("requests are counted", SEEN, async || {
        requests(&scrape().await).ok_or("none")
    })
    .await;
    assert!(!scrape().await.contains(ALIAS));
    let count = requests(&scrape().await).unwrap();

    let alias =
        format!("[[aliases]]\nmetric = \"http_server_request_duration_seconds\"\nnames = [\"{ALIAS}\"]\n");
    machine.write(settings, &format!("{before}\n{alias}"));
    machine.run("systemctl reload signalbox-collector").await;
    eventually("the second name is there", SEEN, async || {
        if scrape().await.contains(ALIAS) {
            Ok(())
        } else {
            Err("it is not")
        }
    })
    .await;
    // no series was lost on the way
    assert!(requests(&scrape().await) >= Some(count));

    machine.write(settings, &format!("no_such_setting = 1\n{before}\n"));
    machine.run("systemctl reload signalbox-collector").await;
    eventually("the mistake is told", SEEN, async || {
        let errors = machine.journal("-u signalbox-collector PRIORITY=3").await;
        errors
            .iter()
            .find(|entry| entry.to_string().contains("no_such_setting"))
            .map(drop)
            .ok_or(format!("{errors:?}"))
    })
    .await;
    assert!(scrape().await.contains(ALIAS));

    machine.write(settings, &format!("{before}\n"));
    machine.run("systemctl reload signalbox-collector").await;
    eventually("the second name is gone", SEEN, async || {
        if scrape().await.contains(ALIAS) {
            Err("it is there")
        } else {
            Ok(())
        }
    })
    .await;
    assert_eq!(machine.property("signalbox-collector", "MainPID").await, process);
    assert_eq!(machine.property("signalbox-collector", "NRestarts").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_takes_new_rules_over() {
    let site = site().await;
    let machine = &site.control.machine;
    let process = machine.property("prometheus", "MainPID").await;
    let rules = async || {
        machine
            .run("curl -sS --max-time 5 http://127.0.0.1:9090/api/v1/rules")
            .await
    };
    assert!(!rules().await.contains("of_this_test"));
    machine.write(
        "/etc/prometheus/rules.d/test.yml",
        "groups: [{name: test, rules: [{record: of_this_test, expr: vector(1)}]}]\n",
    );
    // as a switch of NixOS does
    machine.run("systemctl reload prometheus-config-reload").await;
    eventually("the rule is there", SEEN, async || {
        if rules().await.contains("of_this_test") {
            Ok(())
        } else {
            Err("it is not")
        }
    })
    .await;
    machine
        .run("rm /etc/prometheus/rules.d/test.yml && systemctl reload prometheus-config-reload")
        .await;
    eventually("the rule is gone", SEEN, async || {
        if rules().await.contains("of_this_test") {
            Err("it is there")
        } else {
            Ok(())
        }
    })
    .await;
    assert_eq!(machine.property("prometheus", "MainPID").await, process);
}
