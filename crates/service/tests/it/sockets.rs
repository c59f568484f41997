//! Sockets that are open before the process is, as systemd hands them over.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::{Minimal, TIMEOUT};

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Sends a request, and closes nothing.
async fn ask(address: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    client
}

async fn answer(mut client: TcpStream) -> String {
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(TIMEOUT), client.read_to_string(&mut answer));
    read.await.expect("an answer in time").unwrap();
    answer
}

#[tokio::test]
async fn connections_wait_from_one_process_to_the_next() {
    let (listener, address) = listener();
    // it is there before any process
    let early = ask(address).await;
    let mut first = Minimal::start_with(&[&listener], "greeting = 'one'");
    let ready = first.notification("READY=1").await;
    assert!(ready.contains(&format!("greeting on {address}")), "{ready}");
    let early = answer(early).await;
    assert!(
        early.starts_with("HTTP/1.1 200 OK") && early.ends_with("one"),
        "{early}"
    );

    first.signal(Signal::TERM);
    assert_eq!(first.exit_code().await, Some(0));
    let between = ask(address).await;
    let mut second = Minimal::start_with(&[&listener], "greeting = 'two'");
    let between = answer(between).await;
    assert!(between.ends_with("two"), "{between}");
    second.signal(Signal::KILL);
    second.exit_code().await;
}

#[tokio::test]
async fn an_address_that_is_set_must_be_that_of_the_socket() {
    let (listener, address) = listener();
    let mut same = Minimal::start_with(&[&listener], &format!("listen = '{address}'"));
    same.notification("READY=1").await;

    // nor can a reload set another one
    same.write_config("listen = '127.0.0.1:1'");
    same.signal(Signal::HUP);
    same.log_line(&format!(
        "listen: is `127.0.0.1:1`, but minimal.socket listens on {address}: make both the same, or leave out listen"
    ))
    .await;
    same.write_config("greeting = 'new'");
    same.signal(Signal::HUP);
    same.log_line("configuration reloaded").await;
    let greeting = answer(ask(address).await).await;
    assert!(greeting.ends_with("new"), "{greeting}");

    let mut other = Minimal::start_with(&[&listener], "listen = '127.0.0.1:1'");
    assert_eq!(other.exit_code().await, Some(78));
    let log = other.log().await;
    assert!(
        log.contains("minimal.toml: listen: is `127.0.0.1:1`, but minimal.socket"),
        "{log}"
    );
}

#[tokio::test]
async fn what_cannot_be_listened_on_is_a_wrong_configuration() {
    let (listener, _) = listener();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let local = UnixListener::bind(folder.path().join("socket")).unwrap();
    let connected = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let others: [&dyn AsFd; 3] = [&datagrams, &local, &connected];
    for other in others {
        let mut minimal = Minimal::start_with(&[other], "");
        assert_eq!(minimal.exit_code().await, Some(78));
        assert_eq!(
            minimal.log().await,
            "minimal: socket 3 of minimal.socket takes no TCP connections: ListenStream= must be an address and a port, with \
             Accept=no\n"
        );
    }
    let mut two = Minimal::start_with(&[&listener, &listener], "");
    assert_eq!(two.exit_code().await, Some(78));
    let log = two.log().await;
    assert!(
        log.contains("but there must be 1, in this order: listen"),
        "{log}"
    );
}
