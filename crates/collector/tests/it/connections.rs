//! More connections than anybody needs.

use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::clients::{PROTOBUF, one};
use crate::program::{Program, command};

/// As many as this are held, or as many as the machine allows.
const HELD: usize = 10_000;

/// Each of which may cost so much, in kibibytes.
const EACH: u64 = 48;

/// Open files that this process may have; it holds the other ends.
fn open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    limit.maximum.map_or(usize::MAX, |limit| limit as usize)
}

async fn hold(address: SocketAddr, said: &[u8], answered: bool) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(said).await.unwrap();
    if answered {
        // as much of the answer as tells that it has come
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
    }
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_keep_nobody_out() {
    let held = HELD.min(open_files().saturating_sub(1000));
    let mut command = command();
    command.args(["--set", "limits.connections=2000"]);
    let program = Program::start(command);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async || {
        let request = client.post(format!("http://{}/v1/metrics", program.http));
        let sent = request.header(PROTOBUF.0, PROTOBUF.1).body(one(1.0)).send();
        assert_eq!(sent.await.unwrap().status(), 200);
    };
    send().await;
    let (before, files) = (program.resident(), program.open_files());

    let mut request =
        b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n".to_vec();
    let body = one(1.0);
    request.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    request.extend(body);
    // the preface, and an empty SETTINGS frame
    let http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let mut connections = Vec::with_capacity(held);
    for (said, address, answered) in [
        (&b""[..], program.http, false),
        (b"POST /v1/metrics HTTP/1.1\r\nhost:", program.http, false),
        (&request, program.http, true),
        (http2, program.grpc, true),
    ] {
        let sort = said.len();
        for _ in 0..held / 4 {
            connections.push(hold(address, said, answered).await);
        }
        send().await;
        println!(
            "{} connections held, {} open files: {} KiB resident (those of {sort} bytes are the last)",
            connections.len(),
            program.open_files(),
            program.resident()
        );
    }
    assert!(program.open_files() <= files + 2 * 2000 + 2);
    let grown = program.resident() - before;
    assert!(grown < EACH * 2 * 2000, "grown by {grown} KiB");
}
