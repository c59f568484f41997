//! What is deleted from a real Pushgateway, and what is not.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tempfile::TempDir;

use crate::programs::{Agent, Program, client, eventually, host, json, of_the_stack, serve, text};

const DELETED: &str = "signalbox_reaper_groups_deleted_total";
const DOUBTS: &str = "signalbox_reaper_doubtful_rounds_total";

struct Pushgateway {
    host: Ipv4Addr,
    url: String,
    _program: Program,
    _folder: TempDir,
}

impl Pushgateway {
    async fn start() -> Self {
        let host = host();
        let folder = tempfile::tempdir().unwrap();
        let listen = format!("--web.listen-address={host}:9091");
        let started = Self {
            host,
            url: format!("http://{host}:9091"),
            _program: Program::start(folder.path(), &of_the_stack("pushgateway"), &[listen]),
            _folder: folder,
        };
        eventually("the Pushgateway is ready", async || {
            let answer = client()
                .get(format!("{}/-/ready", started.url))
                .send()
                .await
                .ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        started
    }

    async fn push(&self, group: &str, body: &'static str) {
        let url = format!("{}/metrics/{group}", self.url);
        let answer = client().put(url).body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{group}: {}", answer.status());
    }

    /// The jobs of all groups, sorted.
    async fn jobs(&self) -> Vec<String> {
        let answer = json(&format!("{}/api/v1/metrics", self.url)).await;
        let job = |group: &Value| group["labels"]["job"].as_str().unwrap_or("?").to_owned();
        let mut jobs: Vec<_> = answer["data"].as_array().unwrap().iter().map(job).collect();
        jobs.sort();
        jobs
    }

    /// An agent of which this, or what stands before it, is the only part.
    async fn agent(&self, pushgateway: &str, after: &str) -> Agent {
        let settings = format!(
            "[parts]\npushgateway = \"{pushgateway}\"\n[reaper]\ninterval = \"1s\"\nafter = \"{after}\"\n"
        );
        Agent::start(self.host, &settings).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_pushes_any_more_is_deleted_and_nothing_else() {
    let pushgateway = Pushgateway::start().await;
    // neither a slash nor nothing fits into a path as it is: /var/log, and an empty one
    pushgateway
        .push(
            "job/stale/path@base64/L3Zhci9sb2c/empty@base64/=",
            "rows_total 1\n",
        )
        .await;
    pushgateway
        .push("job/kept/signalbox_keep/yes", "last_success 1\n")
        .await;
    pushgateway
        .push("job/kept-too", "last_success{signalbox_keep=\"yes\"} 2\n")
        .await;
    pushgateway
        .push("job/not-kept/signalbox_keep@base64/=", "rows_total 2\n")
        .await;
    pushgateway.push("job/fresh", "rows_total 3\n").await;
    // in the answer, a metric of that name takes the place of the group's labels; it hides no other group
    pushgateway.push("job/unreadable", "labels 1\n").await;
    let agent = pushgateway.agent(&pushgateway.url, "20s").await;
    eventually("two groups are deleted", async || {
        pushgateway.push("job/fresh", "rows_total 3\n").await;
        (agent.metric(DELETED).await == Some(2.0)).then_some(())
    })
    .await;
    assert_eq!(pushgateway.jobs().await, ["?", "fresh", "kept", "kept-too"]);
    assert_eq!(
        agent.metric("signalbox_reaper_groups_unreadable").await,
        Some(1.0)
    );
    assert_eq!(agent.metric("signalbox_reaper_groups_kept").await, Some(2.0));
    assert_eq!(agent.metric("signalbox_reaper_failures_total").await, Some(0.0));
    // who it was is in the log
    let log = agent.program.log();
    assert!(log.contains("a group of the Pushgateway is deleted"), "{log}");
    assert!(log.contains("/var/log"), "{log}");
}

/// Stands before the Pushgateway, and pushes at the worst moment.
struct Meddler {
    pushgateway: String,
    /// Where it pushes: before the listing that is the last look, or before the deletion itself.
    before: &'static str,
    /// Requests for all metrics: the first one begins a round of deletions.
    rounds: AtomicUsize,
    listings: AtomicUsize,
    deletions: AtomicUsize,
    done: AtomicBool,
}

impl Meddler {
    async fn start(pushgateway: &Pushgateway, before: &'static str) -> (Arc<Self>, String) {
        let host = host();
        let meddler = Arc::new(Self {
            pushgateway: pushgateway.url.clone(),
            before,
            rounds: AtomicUsize::new(0),
            listings: AtomicUsize::new(0),
            deletions: AtomicUsize::new(0),
            done: AtomicBool::new(false),
        });
        let router = Router::new().fallback(forward).with_state(Arc::clone(&meddler));
        serve((host, 9091), router).await;
        (meddler, format!("http://{host}:9091"))
    }

    /// Whether this request is the one that must not be beaten.
    fn is_it(&self, request: &Request) -> bool {
        let is_deletion = request.method() == Method::DELETE;
        let path = request.uri().path();
        let rounds = self
            .rounds
            .fetch_add(usize::from(path == "/metrics"), Ordering::SeqCst);
        self.deletions
            .fetch_add(usize::from(is_deletion), Ordering::SeqCst);
        let in_round = rounds > 0 && path == "/api/v1/metrics";
        let listings = self.listings.fetch_add(usize::from(in_round), Ordering::SeqCst);
        match self.before {
            // the first listing of a round is what it compares with in the end
            "look" => in_round && listings == 1,
            "deletion" => is_deletion,
            other => panic!("{other}"),
        }
    }
}

async fn forward(State(meddler): State<Arc<Meddler>>, request: Request) -> Response {
    if meddler.is_it(&request) && !meddler.done.swap(true, Ordering::SeqCst) {
        let url = format!("{}/metrics/job/late", meddler.pushgateway);
        let pushed = client().put(url).body("rows_total 2\n").send().await.unwrap();
        assert!(pushed.status().is_success());
    }
    let url = format!("{}{}", meddler.pushgateway, request.uri());
    let answer = client()
        .request(request.method().clone(), url)
        .send()
        .await
        .unwrap();
    let status = answer.status();
    (status, Body::from(answer.bytes().await.unwrap())).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_pushed_after_it_was_found_old_survives() {
    let pushgateway = Pushgateway::start().await;
    pushgateway.push("job/late", "rows_total 1\n").await;
    let (meddler, url) = Meddler::start(&pushgateway, "look").await;
    let agent = pushgateway.agent(&url, "10s").await;
    eventually("it was pushed in time", async || {
        meddler.done.load(Ordering::SeqCst).then_some(())
    })
    .await;
    // the round that was beaten is over when the next one asks; in it nothing was deleted
    eventually("the next look", async || {
        (meddler.listings.load(Ordering::SeqCst) > 2).then_some(())
    })
    .await;
    let deleted = meddler.deletions.load(Ordering::SeqCst);
    assert_eq!(deleted, 0, "{}", agent.program.log());
    assert_eq!(pushgateway.jobs().await, ["late"]);
    let page = text(&format!("{}/metrics", pushgateway.url)).await;
    assert!(
        page.contains("rows_total{instance=\"\",job=\"late\"} 2"),
        "{page}"
    );
    // left alone, it goes too
    eventually("it is deleted", async || {
        (agent.metric(DELETED).await == Some(1.0)).then_some(())
    })
    .await;
    assert_eq!(agent.metric(DOUBTS).await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_went_with_its_group_is_told() {
    let pushgateway = Pushgateway::start().await;
    pushgateway.push("job/late", "rows_total 1\n").await;
    let (_meddler, url) = Meddler::start(&pushgateway, "deletion").await;
    let agent = pushgateway.agent(&url, "2s").await;
    eventually("it is doubted", async || {
        (agent.metric(DOUBTS).await == Some(1.0)).then_some(())
    })
    .await;
    assert_eq!(agent.metric(DELETED).await, Some(1.0));
    assert_eq!(pushgateway.jobs().await, Vec::<String>::new());
    let log = agent.program.log();
    assert!(log.contains("not every push can be found"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn right_after_the_start_and_while_most_groups_are_old_nothing_is_deleted() {
    let pushgateway = Pushgateway::start().await;
    for n in 0..12 {
        pushgateway.push(&format!("job/old-{n}"), "rows_total 1\n").await;
    }
    // all of them are older than that when the agent starts
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let agent = pushgateway.agent(&pushgateway.url, "4s").await;
    let waiting = "signalbox_reaper_groups_waiting";
    eventually("it waits", async || {
        (agent.metric(waiting).await == Some(12.0)).then_some(())
    })
    .await;
    assert_eq!(agent.metric(DELETED).await, Some(0.0));
    let log = agent.program.log();
    assert!(log.contains("the agent has only just started"), "{log}");
    eventually("all are deleted", async || {
        (agent.metric(DELETED).await == Some(12.0)).then_some(())
    })
    .await;
    assert_eq!(agent.metric(waiting).await, Some(0.0));
}
