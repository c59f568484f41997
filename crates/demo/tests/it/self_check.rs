//! The box judges itself: doctor and agents find a whole one well, and name what is broken.

use std::collections::BTreeSet;

use crate::doctor::{Finding, OF_THE_BOX, Report, ask, ask_of_the_box};
use crate::harness::{Demo, eventually, get};
use crate::prometheus::{Prometheus, Sample};

/// For what has just started to be well; less than a test waits for a program to end.
const WAIT: &str = "100s";

/// By what both boxes are judged.
const OF_EACH: &[&str] = &[
    "ports-free",
    "collector-ready",
    "collector-scraped",
    "collector-traffic",
    "collector-rejections",
    "collector-room",
    "collector-state",
    "prometheus-ready",
    "prometheus-config",
    "prometheus-ingesting",
    "prometheus-targets",
    "prometheus-jobs",
    "prometheus-wal",
    "prometheus-compaction",
    "prometheus-series",
    "prometheus-retention",
    "prometheus-rules",
    "prometheus-flags",
    "prometheus-labels",
    "prometheus-notifications",
    "thanos-ready",
    "thanos-upload",
    "alertmanager-ready",
    "alertmanager-config",
    "alertmanager-cluster",
    "alertmanager-pair",
    "alertmanager-notifications",
    "alertmanager-watchdog",
    "alertmanager-silences",
    "pushgateway-ready",
    "pushgateway-groups",
    "canary-agent",
    "canary-collector",
    "canary-prometheus",
    "canary-alert",
    "peer-reachable",
    "peer-agent",
    "peer-healthy",
    "peer-prometheus",
    "peer-alertmanager",
    "peer-clock",
    "peer-version",
];

/// By what box a is judged beside that: it has what there is one of.
const OF_A: &[&str] = &[
    "secrets-private",
    "thanos-stores",
    "thanos-labels",
    "thanos-history",
    "thanos-round-trip",
    "thanos-compactor",
    "thanos-blocks",
    "thanos-rules",
    "object-store-reachable",
    "object-store-clock",
    "object-store-canary",
    "dashboard-ready",
    "canary-thanos",
];

/// By what the machine under the box is judged at least. What is thought of it is not asserted: it is whoever's runs the test.
const OF_THE_MACHINE: [&str; 3] = ["disk-space", "file-systems-writable", "memory-available"];

/// A box, the host that its agent is on, and by what it is judged.
fn boxes() -> [(&'static str, u8, BTreeSet<&'static str>); 2] {
    let ids = |lists: &[&[&'static str]]| lists.concat().into_iter().collect();
    [("a", 1, ids(&[OF_EACH, OF_A])), ("b", 2, ids(&[OF_EACH]))]
}

/// Every check of a whole box is well, and none is left out; agents, Prometheus and Thanos say the same.
pub(crate) async fn all_is_well(demo: &Demo, thanos: &Prometheus) {
    for (replica, host, ids) in boxes() {
        let (code, report) = ask_of_the_box(demo, replica, &["--wait", WAIT]).await;
        assert_eq!((code, report.state.as_str()), (0, "ok"), "{:#?}", report.red());
        are_well(&report, &ids);
        let (code, report) = ask(demo, replica, &[]).await;
        are_well(&report, &ids);
        let worst = report.checks.iter().map(|one| i32::from(one.level)).max();
        assert_eq!(Some(code), worst);
        let machine = report.checks.iter().filter(|one| one.category == "host");
        let machine: Vec<_> = machine.filter(|one| one.verdict != "not_applicable").collect();
        for id in OF_THE_MACHINE {
            assert!(machine.iter().any(|one| one.id == id), "{id}: {machine:?}");
        }

        // it has seen the start of the box, and believes a change when it has seen it twice
        let url = format!("{}/status", demo.url_on(host, 8870));
        let status: Report = eventually("the agent finds all well", async || {
            let status: Report = serde_json::from_value(get(&url).await).unwrap();
            status.red().is_empty().then_some(status)
        })
        .await;
        are_well(&status, &ids);
        let well = format!(
            "signalbox_check{{box={replica:?},category=~{:?}}} == 0",
            OF_THE_BOX.join("|")
        );
        eventually("Thanos has the outcome of every check", async || {
            let samples = thanos.query(&well).await;
            let seen: BTreeSet<_> = samples
                .iter()
                .map(|sample| sample.labels["id"].as_str())
                .collect();
            (seen == ids).then_some(())
        })
        .await;
    }
    canaries_come_through(thanos).await;
}

fn are_well(report: &Report, ids: &BTreeSet<&str>) {
    let findings = report.of_the_box();
    assert_eq!(&findings.keys().copied().collect::<BTreeSet<_>>(), ids);
    for finding in findings.values() {
        assert!(
            ["ok", "no_traffic"].contains(&finding.verdict.as_str()),
            "{finding:?}"
        );
        assert!(!finding.evidence.is_empty(), "{finding:?}");
    }
}

/// A box without a peer and without a long memory is not judged by what it does not have.
pub(crate) async fn one_box_alone_is_well(demo: &Demo) {
    let (code, report) = ask_of_the_box(demo, "a", &["--wait", WAIT]).await;
    assert_eq!((code, report.state.as_str()), (0, "ok"), "{:?}", report.red());
    let findings = report.of_the_box();
    let categories: BTreeSet<_> = findings.values().map(|one| one.category.as_str()).collect();
    let wanted = ["alerting", "canaries", "data-planes", "prometheus", "security"];
    assert_eq!(categories, wanted.into());
    let of_a_pair = [
        "alertmanager-cluster",
        "alertmanager-pair",
        "canary-thanos",
        "pushgateway-ready",
    ];
    for id in of_a_pair {
        assert!(!findings.contains_key(id), "{:?}", findings[id]);
    }
    let (success, said) = demo.runs(&["doctor", "--box", "b"]).await;
    let told = "signalbox-demo: this demo has no box b: --profile simple has a alone\n";
    assert_eq!((success, said.as_str()), (false, told));
}

/// What was sent lately into each data plane has come as far as it can, and so has the test alert, on both boxes.
async fn canaries_come_through(thanos: &Prometheus) {
    let stages = "count by (box, stage) (signalbox_canary_age_seconds < 120)";
    let arrived = |sample: &Sample| {
        let label = |name: &str| sample.labels[name].clone();
        format!("{} {} {}", label("box"), label("stage"), sample.value)
    };
    let all: BTreeSet<_> = [
        "a collector 3",
        "a prometheus 3",
        "a thanos 3",
        "a alert 1",
        "b collector 3",
        "b prometheus 3",
        "b alert 1",
    ]
    .map(ToOwned::to_owned)
    .into();
    eventually("canaries come through", async || {
        let seen: BTreeSet<_> = thanos.query(stages).await.iter().map(arrived).collect();
        (seen == all).then_some(())
    })
    .await;
    // an age is that of one that was sent: each stage has had one since the start
    let sent = "min by (box) (signalbox_canary_metrics_total{outcome=\"taken\"}) > 0";
    assert_eq!(thanos.query(sent).await.len(), 2);
}

/// Prometheus of box a is dead, and nothing else.
pub(crate) async fn names_a_dead_prometheus(demo: &Demo) {
    let (code, report) = ask_of_the_box(demo, "a", &[]).await;
    assert_eq!((code, report.state.as_str()), (2, "broken"));
    let refused = format!(
        "cannot be reached at {}.1:9090: Connection refused (os error 111)",
        demo.network
    );
    let findings = report.of_the_box();
    let is = |id: &str, verdict: &str, level: u8, evidence: &str| {
        let Finding {
            verdict: is,
            level: of,
            evidence: seen,
            ..
        } = findings[id];
        assert_eq!((is.as_str(), *of), (verdict, level), "{id}: {seen}");
        assert!(seen.contains(evidence), "{id}: {seen}");
    };
    is("prometheus-ready", "down", 2, &format!("/-/ready {refused}"));
    is("prometheus-targets", "unknown", 2, &refused);
    is("canary-prometheus", "down", 2, &refused);
    // whatever is not told by it, or asked by way of it
    for well in [
        "collector-ready",
        "alertmanager-ready",
        "object-store-canary",
        "canary-thanos",
        "dashboard-ready",
    ] {
        is(well, "ok", 0, "");
    }
    // an open page shows it as soon as it was seen twice
    let (_, report) = ask_of_the_box(demo, "b", &[]).await;
    assert!(report.red().contains(&"peer-prometheus"), "{:?}", report.red());
    assert!(!report.red().contains(&"prometheus-ready"), "{:?}", report.red());
}

/// Nothing of the box runs, and the doctor names every part.
pub(crate) async fn names_all_that_is_down(demo: &Demo) {
    let (code, report) = ask_of_the_box(demo, "a", &[]).await;
    assert_eq!((code, report.state.as_str()), (2, "broken"));
    let named: [(&str, &[&str]); 9] = [
        (
            "collector-ready",
            &["prod (dp-prod-01)", "dev (dp-dev-01)", "qa (dp-qa-01)"],
        ),
        ("prometheus-ready", &[]),
        (
            "thanos-ready",
            &[
                "thanos-compact",
                "thanos-query ",
                "thanos-query-frontend",
                "thanos-rule",
                "thanos-sidecar",
                "thanos-store",
            ],
        ),
        ("object-store-reachable", &[]),
        ("alertmanager-ready", &[]),
        ("pushgateway-ready", &[]),
        ("dashboard-ready", &[]),
        ("canary-agent", &[]),
        ("peer-reachable", &["box b"]),
    ];
    let findings = report.of_the_box();
    for (id, parts) in named {
        let finding = findings[id];
        assert_eq!(finding.verdict, "down", "{finding:?}");
        assert!(
            finding.evidence.contains(": Connection refused") || id == "peer-reachable",
            "{finding:?}"
        );
        for part in parts {
            assert!(finding.evidence.contains(part), "{part}: {finding:?}");
        }
    }
    // the files are there, whatever runs
    assert_eq!(findings["secrets-private"].verdict, "ok");
}
