use std::fs;
use std::path::Path;

use super::*;
use crate::part::Probe;
use crate::programs::Program;

/// Parts that are shell scripts, and what they write into one common file.
struct Stand {
    folder: tempfile::TempDir,
    assignments: Vec<Assignment>,
}

impl Stand {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            assignments: vec![],
        }
    }

    fn part(mut self, name: &str, stage: Stage, needs: &[&str], script: &str) -> Self {
        self.assignments.push(Assignment {
            part: Part {
                name: name.to_owned(),
                place: "a".to_owned(),
                program: Program::Collector,
                arguments: vec!["-c".to_owned(), script.to_owned()],
                environment: vec![("PART".to_owned(), name.to_owned())],
                folder: self.folder.path().to_owned(),
                files: vec![],
                ports: vec![],
                probe: Probe::Running,
                needs: needs.iter().map(|need| (*need).to_owned()).collect(),
                stage,
                grace: Duration::from_mins(1),
            },
            program: "/bin/sh".into(),
            log: self.folder.path().join(format!("{name}.log")),
        });
        self
    }

    fn start(&self) -> Supervision {
        let ground = Ground {
            attacher: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacher.sh"),
            http: readiness::http_client().unwrap(),
        };
        Supervision::start(&self.assignments, &ground)
    }

    /// What the scripts wrote into `story`.
    fn story(&self) -> String {
        fs::read_to_string(self.folder.path().join("story")).unwrap_or_default()
    }

    async fn story_has(&self, lines: usize) {
        while self.story().lines().count() < lines {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

const STAYS: &str = "trap 'echo $PART stops >> story; exit' TERM; echo $PART starts >> story; \
                     sleep 600 & wait";

async fn ready(supervision: &mut Supervision, count: usize) -> Vec<usize> {
    let mut order = Vec::new();
    while order.len() < count {
        let event = supervision.next().await;
        match event.what {
            What::Ready { .. } => order.push(event.part),
            What::Started { .. } => {}
            other => panic!("part {}: {other:?}", event.part),
        }
    }
    order
}

#[tokio::test]
async fn starts_by_need_and_stops_by_stage() {
    let stand = Stand::new()
        .part("load", Stage::Load, &["api"], STAYS)
        .part("api", Stage::Service, &["collector"], STAYS)
        .part("collector", Stage::Collector, &[], STAYS);
    let mut supervision = stand.start();
    assert_eq!(ready(&mut supervision, 3).await, [2, 1, 0]);
    stand.story_has(3).await;
    assert_eq!(supervision.stop().await, []);
    let stops: Vec<_> = stand.story().lines().skip(3).map(ToOwned::to_owned).collect();
    assert_eq!(stops, ["load stops", "api stops", "collector stops"]);
}

#[tokio::test]
async fn a_part_that_dies_at_once_is_told_and_what_needs_it_never_starts() {
    let stand = Stand::new()
        .part("api", Stage::Service, &["collector"], STAYS)
        .part("collector", Stage::Collector, &[], "echo 'port is taken'; exit 1");
    // it has no port, so it counts as ready when it runs: give it one that never answers
    let mut stand = stand;
    stand.assignments[1].part.probe = Probe::Http("http://127.0.0.1:1/readyz".to_owned());
    let mut supervision = stand.start();
    let mut told = Vec::new();
    for _ in 0..3 {
        let event = supervision.next().await;
        if !matches!(event.what, What::Started { .. }) {
            told.push((event.part, event.what));
        }
    }
    let ended = What::Ended {
        how: "ended (exit status: 1)".to_owned(),
        ordered: false,
    };
    let not_started = What::NotStarted {
        needs: "collector".to_owned(),
    };
    assert_eq!(told, [(1, ended), (0, not_started)]);
    assert_eq!(
        crate::log_file::tail(&stand.assignments[1].log, 5),
        ["port is taken"]
    );
    assert_eq!(stand.story(), "");
    supervision.stop().await;
}

#[tokio::test]
async fn hurry_kills_what_does_not_listen() {
    let stand = Stand::new().part(
        "deaf",
        Stage::Store,
        &[],
        "trap '' TERM; echo deaf >> story; sleep 600 & wait",
    );
    let mut supervision = stand.start();
    ready(&mut supervision, 1).await;
    stand.story_has(1).await;
    supervision.hurry().cancel();
    let killed = Killed {
        part: "deaf".to_owned(),
        hurried: true,
    };
    assert_eq!(supervision.stop().await, [killed]);
}

#[tokio::test]
async fn what_does_not_listen_is_killed_when_its_time_is_over() {
    let script = "trap '' TERM; echo deaf >> story; sleep 600 & wait";
    let mut stand = Stand::new().part("deaf", Stage::Store, &[], script);
    stand.assignments[0].part.grace = Duration::from_millis(1);
    let mut supervision = stand.start();
    ready(&mut supervision, 1).await;
    stand.story_has(1).await;
    let killed = Killed {
        part: "deaf".to_owned(),
        hurried: false,
    };
    assert_eq!(supervision.stop().await, [killed]);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told() {
    let mut stand = Stand::new().part("part", Stage::Store, &[], "");
    stand.assignments[0].log = Path::new("/nowhere/part.log").to_owned();
    let mut supervision = stand.start();
    let event = supervision.next().await;
    let how = "cannot be started: No such file or directory (os error 2)".to_owned();
    assert_eq!(event.what, What::Ended { how, ordered: false });
}

/// An order to one part, while nothing else happens.
async fn order(supervision: &Supervision, part: &str, order: Order) -> Result<String, String> {
    supervision.orders().give(part, order).await
}

#[tokio::test]
async fn a_part_is_killed_and_restarted_as_ordered() {
    let stand = Stand::new().part("prometheus", Stage::Store, &[], STAYS);
    let mut supervision = stand.start();
    ready(&mut supervision, 1).await;
    stand.story_has(1).await;
    let told = order(&supervision, "prometheus", Order::Kill).await.unwrap();
    assert_eq!(
        told,
        "prometheus is killed; `signalbox-demo restart prometheus` starts it"
    );
    assert_eq!(supervision.next().await.what, What::Killed);
    assert_eq!(stand.story(), "prometheus starts\n", "it was not asked to stop");
    let told = order(&supervision, "prometheus", Order::Kill).await.unwrap_err();
    assert_eq!(told, "prometheus does not run");
    for lines in [2, 4] {
        let told = order(&supervision, "prometheus", Order::Restart).await.unwrap();
        assert!(told.starts_with("prometheus is ready after "), "{told}");
        ready(&mut supervision, 1).await;
        // from then on it listens to SIGTERM
        stand.story_has(lines).await;
    }
    assert_eq!(
        stand.story(),
        "prometheus starts\nprometheus starts\nprometheus stops\nprometheus starts\n"
    );
    let told = order(&supervision, "thanos", Order::Restart).await.unwrap_err();
    assert_eq!(told, "this box has no part thanos; it has prometheus");
    supervision.stop().await;
}

#[tokio::test]
async fn one_order_at_a_time_and_none_to_what_waits() {
    let stand = Stand::new()
        .part(
            "collector",
            Stage::Collector,
            &[],
            "trap '' TERM; sleep 600 & wait",
        )
        .part("api", Stage::Service, &["collector"], STAYS);
    let mut stand = stand;
    // never ready, never stopping by itself
    stand.assignments[0].part.probe = Probe::Http("http://127.0.0.1:1/readyz".to_owned());
    let mut supervision = stand.start();
    assert!(matches!(supervision.next().await.what, What::Started { .. }));
    let told = order(&supervision, "api", Order::Kill).await.unwrap_err();
    assert_eq!(told, "api has not started yet: it waits for what it needs");
    let orders = supervision.orders();
    let first = tokio::spawn(async move { orders.give("collector", Order::Restart).await });
    tokio::task::yield_now().await;
    let told = order(&supervision, "collector", Order::Kill).await.unwrap_err();
    assert_eq!(told, "collector is being stopped or started already");
    supervision.hurry().cancel();
    supervision.stop().await;
    assert_eq!(
        first.await.unwrap().unwrap_err(),
        "collector is being stopped with all others"
    );
}

#[tokio::test]
async fn a_restart_that_fails_is_told_to_who_ordered_it() {
    let script = "[ -e broken ] && exit 3; echo $PART starts >> story; sleep 600 & wait";
    let mut stand = Stand::new().part("store", Stage::Query, &[], script);
    let mut supervision = stand.start();
    ready(&mut supervision, 1).await;
    stand.story_has(1).await;
    assert!(order(&supervision, "store", Order::Kill).await.is_ok());
    assert_eq!(supervision.next().await.what, What::Killed);
    drop(supervision);
    // it is ready only when it answers, which it never does
    stand.assignments[0].part.probe = Probe::Http("http://127.0.0.1:1/readyz".to_owned());
    let mut supervision = stand.start();
    assert!(matches!(supervision.next().await.what, What::Started { .. }));
    fs::write(stand.folder.path().join("broken"), "").unwrap();
    let told = order(&supervision, "store", Order::Restart).await.unwrap_err();
    assert_eq!(
        told,
        "store ended (exit status: 3); `signalbox-demo logs store` shows why"
    );
    assert!(matches!(supervision.next().await.what, What::Started { .. }));
    let how = "ended (exit status: 3)".to_owned();
    assert_eq!(supervision.next().await.what, What::Ended { how, ordered: true });
    supervision.stop().await;
}
