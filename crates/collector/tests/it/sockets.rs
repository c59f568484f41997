//! Ports that stay open while the program restarts.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::collector::PATIENCE;
use crate::program::{Program, with_sockets};
use crate::requests::{delta, metric, point, request};

/// Clients at once.
const CLIENTS: usize = 8;

/// As in a .socket: OTLP over gRPC, OTLP over HTTP, what is collected, the collector itself.
fn sockets() -> Vec<TcpListener> {
    (0..4)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect()
}

/// A request on a connection of its own: its answer, or what became of it.
async fn say(address: SocketAddr, said: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(said).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn adds_one() -> Vec<u8> {
    let body = request(
        &[("service.name", "shop")],
        vec![metric("sold", "", delta(vec![point(&[], 1.0)]))],
    );
    let mut said = format!(
        "POST /v1/metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    said.extend(body);
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_under_load_refuse_nobody_and_lose_nothing() {
    let sockets = sockets();
    let state = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = with_sockets(&sockets);
        command.env("SIGNALBOX_COLLECTOR__STATE_DIR", state.path());
        Program::start_as_it_is(command)
    };
    let (http, data) = (sockets[1].local_addr().unwrap(), sockets[2].local_addr().unwrap());
    let mut program = start();
    assert_eq!(
        (program.grpc, program.http, program.data),
        (sockets[0].local_addr().unwrap(), http, data)
    );

    let (enough, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let said: Arc<[u8]> = adds_one().into();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (said, enough, answered) = (Arc::clone(&said), Arc::clone(&enough), Arc::clone(&answered));
            tokio::spawn(async move {
                while !enough.load(Ordering::Relaxed) {
                    let answer = tokio::time::timeout(PATIENCE, say(http, &said));
                    let answer = answer.await.expect("an answer in time").expect("an answer");
                    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 1..=3 {
        let before = answered.load(Ordering::Relaxed);
        let more = async {
            while answered.load(Ordering::Relaxed) < before + 100 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, more).await.expect("answers");
        program = tokio::task::block_in_place(|| {
            kill_process(Pid::from_child(&program.child), Signal::TERM).unwrap();
            let status = program.child.wait().unwrap();
            assert!(status.success(), "{status} in round {round}");
            start()
        });
    }
    enough.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    let scrape = say(
        data,
        b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    let scrape = scrape.await.unwrap();
    let sold = scrape
        .lines()
        .find(|line| line.starts_with("sold_total{"))
        .expect("the sum");
    let (_, sold) = sold.rsplit_once(' ').unwrap();
    assert_eq!(sold, answered.load(Ordering::Relaxed).to_string());
    drop(program);
}

#[test]
fn an_address_beside_that_of_its_socket_is_a_wrong_configuration() {
    let sockets = sockets();
    let mut command = with_sockets(&sockets);
    command.args(["--set", "listen.data=127.0.0.1:8889"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!(
            "signalbox-collector: wrong configuration: command line: listen.data: is `127.0.0.1:8889`, but \
             signalbox-collector.socket listens on {}: make both the same, or leave out listen.data\n",
            sockets[2].local_addr().unwrap()
        )
    );
}
