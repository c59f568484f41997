//! Each part of the control plane dies, one after the other, and the doctors of both boxes say what that breaks, no less and
//! no more.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;

use crate::doctor::{Report, ask_of_the_box};
use crate::faults::{kill, restart};
use crate::harness::{Demo, PATIENCE};

/// What is not well when a part is dead: names of checks.
struct Diagnosis {
    part: &'static str,
    a: Red,
    b: Red,
    /// What may be not well besides: only when it happened to need the part meanwhile.
    perhaps: &'static str,
}

/// With spaces between them.
struct Red {
    broken: &'static str,
    to_look_into: &'static str,
}

/// Beside what each says of its part: a Prometheus has a target that is down, and the other box sees that something is broken.
const DIAGNOSES: [Diagnosis; 18] = [
    // whatever is known by asking it
    Diagnosis {
        part: "prometheus-a",
        a: Red {
            broken: "prometheus-ready prometheus-config prometheus-ingesting prometheus-targets prometheus-wal prometheus-rules \
                     prometheus-flags prometheus-labels prometheus-notifications collector-scraped thanos-ready thanos-stores \
                     thanos-round-trip canary-prometheus",
            to_look_into: "prometheus-jobs prometheus-compaction prometheus-series prometheus-retention thanos-upload",
        },
        b: Red {
            broken: "",
            to_look_into: "prometheus-targets peer-healthy peer-prometheus",
        },
        perhaps: "",
    },
    Diagnosis {
        part: "prometheus-b",
        a: Red {
            broken: "",
            to_look_into: "prometheus-targets thanos-stores peer-healthy peer-prometheus",
        },
        b: Red {
            broken: "prometheus-ready prometheus-config prometheus-ingesting prometheus-targets prometheus-wal prometheus-rules \
                     prometheus-flags prometheus-labels prometheus-notifications collector-scraped thanos-ready canary-prometheus",
            to_look_into: "prometheus-jobs prometheus-compaction prometheus-series prometheus-retention thanos-upload",
        },
        perhaps: "",
    },
    Diagnosis {
        part: "alertmanager-a",
        a: Red {
            broken: "alertmanager-ready alertmanager-config alertmanager-watchdog",
            to_look_into: "alertmanager-cluster alertmanager-pair alertmanager-silences prometheus-targets",
        },
        b: Red {
            broken: "",
            to_look_into: "alertmanager-cluster alertmanager-pair prometheus-targets peer-healthy peer-alertmanager",
        },
        perhaps: "",
    },
    Diagnosis {
        part: "alertmanager-b",
        a: Red {
            broken: "",
            to_look_into: "alertmanager-cluster alertmanager-pair prometheus-targets peer-healthy peer-alertmanager",
        },
        b: Red {
            broken: "alertmanager-ready alertmanager-config alertmanager-watchdog",
            to_look_into: "alertmanager-cluster alertmanager-pair alertmanager-silences prometheus-targets",
        },
        perhaps: "",
    },
    of_a(
        "pushgateway-a",
        "pushgateway-ready",
        "pushgateway-groups prometheus-targets",
    ),
    Diagnosis {
        part: "pushgateway-b",
        a: OTHER,
        b: Red {
            broken: "pushgateway-ready",
            to_look_into: "pushgateway-groups prometheus-targets",
        },
        perhaps: "",
    },
    of_a(
        "thanos-sidecar-a",
        "thanos-ready thanos-stores thanos-round-trip",
        "thanos-upload prometheus-targets",
    ),
    // the query of box a has one sidecar less
    Diagnosis {
        part: "thanos-sidecar-b",
        a: Red {
            broken: "",
            to_look_into: "thanos-stores prometheus-targets peer-healthy",
        },
        b: Red {
            broken: "thanos-ready",
            to_look_into: "thanos-upload prometheus-targets",
        },
        perhaps: "",
    },
    // the ruler asks it every two minutes
    Diagnosis {
        perhaps: "thanos-rules",
        ..of_a(
            "thanos-query",
            "thanos-ready thanos-stores thanos-labels thanos-round-trip canary-thanos",
            "thanos-history prometheus-targets",
        )
    },
    of_a(
        "thanos-query-frontend",
        "thanos-ready thanos-round-trip canary-thanos",
        "prometheus-targets",
    ),
    of_a("thanos-store", "thanos-ready thanos-stores", "prometheus-targets"),
    of_a(
        "thanos-compact",
        "thanos-ready",
        "thanos-compactor thanos-blocks prometheus-targets",
    ),
    of_a(
        "thanos-rule",
        "thanos-ready thanos-stores",
        "thanos-rules prometheus-targets",
    ),
    of_a(
        "minio",
        "object-store-reachable",
        "object-store-canary object-store-clock prometheus-targets",
    ),
    of_a("dashboard", "dashboard-ready", "prometheus-targets"),
    // it measures the machine, and nothing of the box waits for that
    Diagnosis {
        part: "node-exporter",
        a: TARGETS,
        b: TARGETS,
        perhaps: "",
    },
    Diagnosis {
        part: "health-a",
        a: Red {
            broken: "",
            to_look_into: "canary-agent prometheus-targets",
        },
        b: Red {
            broken: "",
            to_look_into: "peer-agent prometheus-targets",
        },
        perhaps: "",
    },
    Diagnosis {
        part: "health-b",
        a: Red {
            broken: "",
            to_look_into: "peer-agent prometheus-targets",
        },
        b: Red {
            broken: "",
            to_look_into: "canary-agent prometheus-targets",
        },
        perhaps: "",
    },
];

/// What every part's end is for a box that goes on.
const TARGETS: Red = Red {
    broken: "",
    to_look_into: "prometheus-targets",
};

const OTHER: Red = Red {
    broken: "",
    to_look_into: "prometheus-targets peer-healthy",
};

/// A part of box a that box b knows as a target alone.
const fn of_a(part: &'static str, broken: &'static str, to_look_into: &'static str) -> Diagnosis {
    Diagnosis {
        part,
        a: Red { broken, to_look_into },
        b: OTHER,
        perhaps: "",
    }
}

/// For what is not told at once to be told: all is scraped within 15 s, and an agent looks every five.
const ALL_TOLD: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_doctor_says_which_part_is_dead() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start("127.80.5", state.path(), &[]).await;
    demo.says("metrics of prod, dev and qa visible after").await;
    let addresses = demo.addresses();
    every_part_is_there(&demo);
    is_well(&demo).await;
    for diagnosis in &DIAGNOSES {
        kill(&demo, diagnosis.part).await;
        // what they say when the time is over is judged below
        drop(tokio::time::timeout(PATIENCE, told(&demo, diagnosis)).await);
        tokio::time::sleep(ALL_TOLD).await;
        for (replica, red) in diagnosis.boxes() {
            let (code, seen) = seen(&demo, replica, diagnosis.perhaps).await;
            assert_eq!(seen, red.wanted(), "box {replica} without {}", diagnosis.part);
            assert_eq!(code, if red.broken.is_empty() { 1 } else { 2 });
        }
        restart(&demo, diagnosis.part).await;
        is_well(&demo).await;
        println!(
            "without {} broken are: a [{}], b [{}]",
            diagnosis.part, diagnosis.a.broken, diagnosis.b.broken
        );
    }
    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    demo.assert_nothing_left(&addresses).await;
}

/// Until both boxes say what is broken.
async fn told(demo: &Demo, diagnosis: &Diagnosis) {
    for (replica, red) in diagnosis.boxes() {
        while seen(demo, replica, diagnosis.perhaps).await.1 != red.wanted() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// The control plane has no part that is not in the table. What receives in place of people is none of the box.
fn every_part_is_there(demo: &Demo) {
    let record = demo.record();
    let parts = record["parts"].as_array().unwrap().iter();
    let of_the_control_plane = parts.filter(|part| ["a", "b"].contains(&part["place"].as_str().unwrap()));
    let mut names: BTreeSet<_> = of_the_control_plane
        .map(|part| part["name"].as_str().unwrap())
        .collect();
    assert!(names.remove("receiver"));
    assert_eq!(names, DIAGNOSES.iter().map(|one| one.part).collect());
}

/// Both doctors find nothing, if need be after the ruler's next evaluation.
async fn is_well(demo: &Demo) {
    for replica in ["a", "b"] {
        let mut found = Levels::new();
        for _ in 0..3 {
            let (_, report) = ask_of_the_box(demo, replica, &["--wait", "60s"]).await;
            found = levels(&report);
            if found.is_empty() {
                break;
            }
        }
        assert_eq!(found, Levels::new(), "box {replica}");
    }
}

/// Checks that are not well, with their levels.
type Levels = BTreeSet<(String, u8)>;

/// The exit status of the doctor of that box, and what it finds, without what is found perhaps.
async fn seen(demo: &Demo, replica: &str, perhaps: &str) -> (i32, Levels) {
    let (code, report) = ask_of_the_box(demo, replica, &[]).await;
    let mut levels = levels(&report);
    levels.retain(|(id, _)| id != perhaps);
    (code, levels)
}

fn levels(report: &Report) -> Levels {
    let findings = report.of_the_box();
    let red = findings.into_values().filter(|one| one.level > 0);
    red.map(|one| (one.id.clone(), one.level)).collect()
}

impl Diagnosis {
    fn boxes(&self) -> [(&'static str, &Red); 2] {
        [("a", &self.a), ("b", &self.b)]
    }
}

impl Red {
    fn wanted(&self) -> Levels {
        let with = |ids: &str, level| -> Vec<_> {
            ids.split_whitespace().map(|id| (id.to_owned(), level)).collect()
        };
        [with(self.broken, 2), with(self.to_look_into, 1)]
            .concat()
            .into_iter()
            .collect()
    }
}
