//! The alerts on what the agent says of its box: their metrics are there.

use std::collections::BTreeSet;

use crate::programs::{Agent, Program, checkout, client, eventually, host, of_the_stack, text};

/// Whose manifests would be believed.
const KEY: &str = "vendor-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// `stack/prometheus/rules/health.yml` has no metric that neither the agent nor Prometheus has.
#[tokio::test(flavor = "multi_thread")]
async fn every_metric_of_the_rules_is_in_a_scrape() {
    let rules = std::fs::read_to_string(checkout().join("stack/prometheus/rules/health.yml")).unwrap();
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics: BTreeSet<_> = words
        .filter(|word| word.starts_with("signalbox_") || word.starts_with("prometheus_"))
        // where links to runbooks lead is another file's
        .filter(|word| *word != "signalbox_dashboard_info")
        .collect();
    assert_eq!(
        metrics.iter().copied().collect::<Vec<_>>(),
        [
            "prometheus_tsdb_wal_writes_failed_total",
            "signalbox_canary_age_seconds",
            "signalbox_canary_max_age_seconds",
            "signalbox_check",
            "signalbox_check_timestamp_seconds",
            "signalbox_verify_sound",
        ]
    );

    let host = host();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("prometheus.yml"), "").unwrap();
    let _prometheus = Program::start(
        folder.path(),
        &of_the_stack("prometheus"),
        &[format!("--web.listen-address={host}:9090")],
    );
    std::fs::write(folder.path().join("last_verify.json"), "{\"outcome\": \"sound\"}").unwrap();
    // nothing answers there: an alert that is refused is a canary too
    let settings = format!(
        "interval = \"1s\"\nverify.state_dir = {:?}\nverify.manifest = \"/var/lib/signalbox/manifests\"\nverify.public_keys = [\"{KEY}\"]\n[parts]\nalertmanager = \"http://{host}:9093\"\n",
        folder.path()
    );
    let agent = Agent::start(host, &settings).await;
    agent.finds("canary-agent", "ok").await;
    let prometheus = format!("http://{host}:9090/metrics");
    eventually("Prometheus is ready", async || {
        client().get(&prometheus).send().await.ok()
    })
    .await;
    let page = text(&format!("{}/metrics", agent.url)).await + &text(&prometheus).await;
    for metric in metrics {
        let is_it = |line: &str| {
            line.strip_prefix(metric)
                .is_some_and(|rest| rest.starts_with([' ', '{']))
        };
        assert!(page.lines().any(is_it), "{metric}");
    }
}
