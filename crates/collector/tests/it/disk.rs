//! A disk that takes nothing more, and then does again.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use prost::Message;
use reqwest::{Client, Response};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tonic::Code;

use crate::clients::{PROTOBUF, RpcStatus, decoded};
use crate::program::{Program, command};
use crate::requests::{delta, gauge, metric, point, request};

/// Kibibytes: what two thousand refused requests may leave behind.
const GROWTH: u64 = 16 * 1024;

/// The program with a state that is kept, which is told when it may not write more instead of being ended.
fn start(state: &Path, before: &str) -> Program {
    let program = command();
    let mut shell = Command::new("/bin/sh");
    shell
        .env_clear()
        .env("SIGNALBOX_COLLECTOR__STATE_DIR", state)
        .arg("-c")
        .arg(format!("{before} trap '' XFSZ && exec \"$0\" \"$@\""))
        .arg(program.get_program())
        .args(program.get_args());
    Program::start(shell)
}

/// Lets none of its files grow beyond this. A limit of files is a full disk that needs no file system of its own.
fn limit(program: &Program, bytes: Option<u64>) {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(Pid::from_child(&program.child)), Resource::Fsize, limit).unwrap();
}

struct Sender {
    client: Client,
    /// Nanoseconds after 1970.
    began: u64,
    /// What was answered, and so must be there.
    total: u64,
}

impl Sender {
    async fn post(&self, program: &Program, body: Vec<u8>) -> Response {
        let export = self.client.post(format!("http://{}/v1/metrics", program.http));
        export
            .header(PROTOBUF.0, PROTOBUF.1)
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// The delta that comes next; the same one until it was answered.
    fn next(&self) -> Vec<u8> {
        let next = NumberDataPoint {
            start_time_unix_nano: self.began + self.total,
            time_unix_nano: self.began + self.total + 1,
            ..point(&[("k", &"v".repeat(500))], 1.0)
        };
        request(&[], vec![metric("d", "", delta(vec![next]))])
    }

    /// Sends the next delta until the disk is full.
    async fn fill(&mut self, program: &Program) {
        for _ in 0..1000 {
            let answer = self.post(program, self.next()).await;
            if answer.status() != 200 {
                return is_sent_back(answer).await;
            }
            self.total += 1;
        }
        panic!("a thousand deltas were written down");
    }

    /// The values that are shown.
    async fn shown(&self, program: &Program, name: &str) -> Option<f64> {
        let scrape = self.client.get(format!("http://{}/metrics", program.data)).send();
        let text = scrape.await.unwrap().text().await.unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")))?;
        Some(line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }
}

async fn is_sent_back(answer: Response) {
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    let status = RpcStatus::decode(answer.bytes().await.unwrap()).unwrap();
    assert_eq!(status.code, Code::Unavailable as i32, "{}", status.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_sends_deltas_back_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let program = start(state.path(), "");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut sender = Sender {
        began: now.as_secs() * 1_000_000_000,
        client: Client::builder().no_proxy().build().unwrap(),
        total: 0,
    };
    let url = format!("http://{}", program.grpc);
    let mut grpc = MetricsServiceClient::connect(url).await.unwrap();
    let cumulative = |value| request(&[], vec![metric("g", "", gauge(vec![point(&[], value)]))]);

    for round in 1..=3 {
        limit(&program, Some(round * 20_000));
        sender.fill(&program).await;
        assert_eq!(sender.shown(&program, "d_total").await, Some(sender.total as f64));
        let before = program.resident();
        for turn in 0..2000 {
            if turn % 2 == 0 {
                is_sent_back(sender.post(&program, sender.next()).await).await;
                continue;
            }
            let refused = grpc.export(decoded(&sender.next())).await.unwrap_err();
            assert_eq!(refused.code(), Code::Unavailable, "{refused}");
            let details = RpcStatus::decode(refused.details()).unwrap().details;
            assert_eq!(details[0].type_url, "type.googleapis.com/google.rpc.RetryInfo");
        }
        let after = program.resident();
        assert!(after < before + GROWTH, "from {before} to {after} KiB");
        // what its senders repeat needs no disk
        let value = round as f64;
        assert_eq!(sender.post(&program, cumulative(value)).await.status(), 200);
        assert_eq!(sender.shown(&program, "g").await, Some(value));
        assert_eq!(sender.shown(&program, "d_total").await, Some(sender.total as f64));

        // there is room again
        limit(&program, None);
        for _ in 0..5 {
            assert_eq!(sender.post(&program, sender.next()).await.status(), 200);
            sender.total += 1;
        }
        // sent back or not, over whichever transport: each was counted once
        assert_eq!(sender.shown(&program, "d_total").await, Some(sender.total as f64));
    }
    drop(program);
    // it starts on a full disk as well, and shows what it can
    let program = start(state.path(), "ulimit -S -f 0 &&");
    assert_eq!(sender.shown(&program, "d_total").await, Some(sender.total as f64));
    is_sent_back(sender.post(&program, sender.next()).await).await;
    assert_eq!(sender.post(&program, cumulative(7.0)).await.status(), 200);
    assert_eq!(sender.shown(&program, "g").await, Some(7.0));
    limit(&program, None);
    assert_eq!(sender.post(&program, sender.next()).await.status(), 200);
    assert_eq!(
        sender.shown(&program, "d_total").await,
        Some(sender.total as f64 + 1.0)
    );
}
