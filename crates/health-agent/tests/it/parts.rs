//! The doctor at a box whose parts answer as they should, and not.

mod answers;
mod fake;

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use fake::{Box, Fault};

/// Of the doctor as a whole: many times the time-out of a request.
const DEADLINE: Duration = Duration::from_mins(1);

/// What the doctor says of one check.
#[derive(Debug, Clone, PartialEq)]
struct Finding {
    verdict: String,
    level: u64,
    evidence: String,
}

struct Report {
    code: i32,
    text: String,
    findings: BTreeMap<String, Finding>,
}

impl Report {
    #[track_caller]
    fn of(&self, id: &str) -> (&str, &str) {
        let finding = &self.findings[id];
        (&finding.verdict, &finding.evidence)
    }
}

async fn doctor(it: &Box) -> Report {
    doctor_with(it, Some(fake::KEYS)).await
}

async fn doctor_with(it: &Box, keys_of_bucket: Option<&str>) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("health.toml");
    let keys = folder.path().join("s3-credentials");
    if let Some(text) = keys_of_bucket {
        fs::write(&keys, text).unwrap();
    }
    fs::write(&settings, it.settings(&keys)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox-health"));
    command.arg("--config").arg(&settings).args(["doctor", "--json"]);
    for category in ["prometheus", "thanos", "alerting", "data-planes"] {
        command.args(["--category", category]);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output())
        .await
        .expect("the doctor ends")
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    let findings = report["checks"].as_array().unwrap().iter().map(|check| {
        let word = |key: &str| check[key].as_str().unwrap().to_owned();
        let finding = Finding {
            verdict: word("verdict"),
            level: check["level"].as_u64().unwrap(),
            evidence: word("evidence"),
        };
        (word("id"), finding)
    });
    Report {
        code: output.status.code().unwrap(),
        findings: findings.collect(),
        text: text + &String::from_utf8_lossy(&output.stderr),
    }
}

#[tokio::test]
async fn of_a_healthy_box_all_is_well() {
    let report = doctor(&Box::new().await).await;
    for (id, finding) in &report.findings {
        assert_eq!(finding.verdict, "ok", "{id}: {}", finding.evidence);
    }
    assert_eq!((report.code, report.findings.len()), (0, 41));
    assert_eq!(
        report.of("prometheus-targets").1,
        "12 of 12 targets up",
        "as the fake has them"
    );
    assert_eq!(
        report.of("thanos-stores").1,
        "1 rule, 2 sidecars, 1 store",
        "as the fake has them"
    );
}

/// Whoever hangs, fails, says too much or nonsense is named, and holds up nobody.
#[tokio::test]
async fn no_answer_is_a_reason() {
    for (fault, reason) in [
        (Fault::Status(500), "answered 500 Internal Server Error: it broke"),
        (Fault::Hang, "did not answer in time"),
        (Fault::Flood, "answered more than "),
        (Fault::BreakOff, "broke off"),
    ] {
        let mut it = Box::new().await;
        if fault == Fault::Hang {
            it.timeout = "1s";
        }
        it.fault("/", fault);
        let report = doctor(&it).await;
        assert_eq!(report.code, 2, "{fault:?}");
        for (id, finding) in &report.findings {
            if id == "collector-traffic" {
                assert_eq!(finding.verdict, "unknown", "{fault:?}");
                continue;
            }
            // nothing was learned of the bucket: object-store-reachable is what is down
            if id == "object-store-canary" {
                assert_eq!(
                    (finding.level, finding.evidence.rsplit(": ").next()),
                    (1, Some("it does not answer")),
                    "{fault:?}"
                );
                continue;
            }
            assert!(
                matches!(finding.verdict.as_str(), "unknown" | "down"),
                "{fault:?}: {id} is {}: {}",
                finding.verdict,
                finding.evidence
            );
            let expected = match id.as_str() {
                "object-store-reachable" | "object-store-clock" if matches!(fault, Fault::Status(_)) => {
                    "answered 500 Internal Server Error"
                }
                _ => reason,
            };
            assert!(
                finding.evidence.contains(expected),
                "{fault:?}: {id}: {}",
                finding.evidence
            );
        }
    }
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    let mut it = Box::new().await;
    it.fault("/", Fault::Garbage);
    let report = doctor(&it).await;
    let ready = [
        "alertmanager-ready",
        "collector-ready",
        "dashboard-ready",
        "object-store-clock",
        "object-store-reachable",
        "prometheus-ready",
        "pushgateway-ready",
        "thanos-ready",
    ];
    for (id, finding) in &report.findings {
        if ready.contains(&id.as_str()) {
            assert_eq!(finding.verdict, "ok", "{id}: {}", finding.evidence);
        } else {
            assert_ne!(finding.verdict, "ok", "{id}: {}", finding.evidence);
        }
    }
    assert_eq!(
        report.of("prometheus-config"),
        ("unknown", "its metrics: answered no metrics")
    );
    let (verdict, evidence) = report.of("thanos-stores");
    assert_eq!(verdict, "unknown");
    assert!(
        evidence.starts_with("api/v1/stores of the query answered what cannot be read: "),
        "{evidence}"
    );
}

#[tokio::test]
async fn one_part_that_hangs_is_told_from_the_others() {
    let mut it = Box::new().await;
    it.timeout = "5s";
    it.fault("/thanos-query/", Fault::Hang);
    it.fault("/qa/", Fault::Hang);
    let report = doctor(&it).await;
    assert_eq!(report.code, 2);
    let bad: Vec<_> = report
        .findings
        .iter()
        .filter(|(_, finding)| finding.level > 0)
        .map(|(id, finding)| (id.as_str(), finding.evidence.as_str()))
        .collect();
    let late = format!("did not answer in time at {}", it.address);
    let ready = format!("qa (dp-qa-01) {late}");
    let metrics = format!("qa (dp-qa-01): its metrics: {late}");
    let query = format!("thanos-query {late}");
    let stores = format!("api/v1/stores of the query {late}");
    assert_eq!(
        bad,
        [
            ("collector-ready", ready.as_str()),
            ("collector-rejections", metrics.as_str()),
            ("collector-room", metrics.as_str()),
            ("collector-state", metrics.as_str()),
            ("collector-traffic", "cannot be asked: qa (dp-qa-01)"),
            ("thanos-history", stores.as_str()),
            ("thanos-labels", stores.as_str()),
            ("thanos-ready", query.as_str()),
            ("thanos-stores", stores.as_str()),
        ]
    );
}

#[tokio::test]
async fn samples_that_thanos_changes_are_found() {
    let mut it = Box::new().await;
    it.fault("/thanos-query-frontend/api/v1/query", Fault::OtherValue);
    let report = doctor(&it).await;
    let (verdict, evidence) = report.of("thanos-round-trip");
    assert_eq!(verdict, "down");
    assert!(
        evidence.starts_with("of this replica's samples of 30 s ago, a:9090 is 0.75, not 0.005"),
        "{evidence}"
    );
}

#[tokio::test]
async fn a_bucket_that_loses_or_refuses_is_found_and_no_key_is_shown() {
    for (path, fault, expected) in [
        (
            "PUT /thanos/",
            Fault::Status(403),
            "PUT was answered 403 Forbidden SignatureDoesNotMatch",
        ),
        (
            "GET /thanos/signalbox-health/",
            Fault::Status(404),
            "GET was answered 404 Not Found SignatureDoesNotMatch",
        ),
        (
            "GET /thanos/signalbox-health/",
            Fault::Garbage,
            "gave back 11 bytes that are not the ",
        ),
        (
            "GET /thanos/?",
            Fault::Garbage,
            "LIST was answered with what cannot be read",
        ),
        ("DELETE /thanos/", Fault::Hang, "DELETE did not answer in time"),
    ] {
        let mut it = Box::new().await;
        if fault == Fault::Hang {
            it.timeout = "5s";
        }
        it.fault(path, fault);
        let report = doctor(&it).await;
        let (verdict, evidence) = report.of("object-store-canary");
        assert_eq!(verdict, "down", "{path}: {evidence}");
        assert!(evidence.contains(expected), "{path}: {evidence}");
        assert!(!report.text.contains(fake::SECRET), "{}", report.text);
        assert!(!report.text.contains("X-Amz-Signature"), "{}", report.text);
        // nothing is left in the bucket but what it did not let go
        let left = it.objects();
        assert_eq!(left, usize::from(path.starts_with("DELETE")), "{path}");
    }
}

/// Whoever may not read the keys learns nothing of the store, and says so.
#[tokio::test]
async fn keys_that_cannot_be_read_are_no_fault_of_the_store() {
    let it = Box::new().await;
    let report = doctor_with(&it, None).await;
    let finding = &report.findings["object-store-canary"];
    assert_eq!(
        (finding.verdict.as_str(), finding.level),
        ("degraded", 1),
        "{}",
        finding.evidence
    );
    assert!(
        finding.evidence.contains("was not tried: cannot read "),
        "{}",
        finding.evidence
    );
    assert_eq!(report.code, 1, "nothing is broken");
}

/// A write that was not answered may have been done all the same.
#[tokio::test]
async fn what_seems_not_to_have_been_written_is_deleted() {
    let mut it = Box::new().await;
    it.timeout = "5s";
    it.fault("PUT /thanos/", Fault::DoneAndHang);
    let report = doctor(&it).await;
    let (verdict, evidence) = report.of("object-store-canary");
    assert_eq!(verdict, "down");
    assert!(evidence.contains("PUT did not answer in time"), "{evidence}");
    assert_eq!((it.objects(), it.written()), (0, 1));
}

#[tokio::test]
async fn an_object_store_that_encrypts_is_believed_by_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = Box::new().await;
    it.encrypt_object_store(folder.path()).await;
    let report = doctor(&it).await;
    for id in [
        "object-store-reachable",
        "object-store-clock",
        "object-store-canary",
    ] {
        assert_eq!(report.of(id).0, "ok", "{}", report.of(id).1);
    }
    assert_eq!(it.objects(), 0);

    fs::write(&it.authorities, fake::authority().pem()).unwrap();
    let report = doctor(&it).await;
    let (verdict, evidence) = report.of("object-store-reachable");
    assert_eq!(verdict, "down");
    assert!(
        evidence.contains("cannot be believed: invalid peer certificate"),
        "{evidence}"
    );
    fs::remove_file(&it.authorities).unwrap();
    let report = doctor(&it).await;
    let (verdict, evidence) = report.of("object-store-reachable");
    assert_eq!(verdict, "down");
    assert!(evidence.contains("was not asked: "), "{evidence}");
}
