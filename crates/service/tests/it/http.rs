//! The HTTP server on its way out.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use service::Life;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn requests_in_flight_finish_and_new_ones_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (entered, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, release) = (Arc::clone(&entered), Arc::clone(&released));
    let slow = move || async move {
        enter.notify_one();
        release.notified().await;
        "done"
    };
    let life = Life::detached();
    let router = Router::new()
        .route("/slow", get(slow))
        .merge(service::http::health_routes(&life));
    let server = tokio::spawn(service::http::serve(listener, router, life.shutdown()));

    assert_eq!(
        reqwest::get(format!("http://{address}/readyz"))
            .await
            .unwrap()
            .status(),
        503,
        "not ready yet"
    );
    life.ready("serving");
    assert_eq!(
        reqwest::get(format!("http://{address}/readyz"))
            .await
            .unwrap()
            .status(),
        200
    );

    let in_flight = tokio::spawn(reqwest::get(format!("http://{address}/slow")));
    tokio::time::timeout(TIMEOUT, entered.notified()).await.unwrap();
    life.stop();
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, refused)
        .await
        .expect("the listener closes while the request is in flight");
    assert!(!server.is_finished(), "the server waits for the request");

    released.notify_one();
    let answer = tokio::time::timeout(TIMEOUT, in_flight)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(answer.text().await.unwrap(), "done");
    tokio::time::timeout(TIMEOUT, server)
        .await
        .expect("the server ends")
        .unwrap()
        .unwrap();
}

/// A client that connects and says nothing, or half a word, must not keep others out. Time is the runtime's: it runs as
/// soon as nothing else does.
#[tokio::test(start_paused = true)]
async fn connections_that_say_nothing_are_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let life = Life::detached();
    let server = tokio::spawn(service::http::serve(listener, Router::new(), life.shutdown()));
    for said in [&b""[..], b"P", b"GET / HTTP/1.1\r\nhost:"] {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(said).await.unwrap();
        // five minutes of the runtime's; of real time as much as the kernel needs to carry bytes from one end to the other
        let mut answer = [0; 256];
        let mut closed = false;
        for _ in 0..300 {
            std::thread::sleep(Duration::from_millis(1));
            let read = tokio::time::timeout(Duration::from_secs(1), client.read(&mut answer)).await;
            closed = matches!(read, Ok(Ok(0) | Err(_)));
            if closed {
                break;
            }
        }
        assert!(closed, "still open after {said:?}");
    }
    life.stop();
    server.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_off_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let entered = Arc::new(Notify::new());
    let enter = Arc::clone(&entered);
    let never = move || async move {
        enter.notify_one();
        std::future::pending::<()>().await;
    };
    let life = Life::detached();
    let router = Router::new().route("/never", get(never));
    let server = tokio::spawn(service::http::serve(listener, router, life.shutdown()));
    let mut client = TcpStream::connect(address).await.unwrap();
    client
        .write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    entered.notified().await;
    life.stop();
    let error = server.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "requests were still in flight after 8 s and were cut off"
    );
}

/// Clients that hold connections without using them must not keep others out.
#[tokio::test]
async fn idle_connections_make_room() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let life = Life::detached();
    let router = Router::new().route("/", get(|| async { "here" }));
    let server = service::http::Server::new("test").max_connections(3);
    let server = tokio::spawn(server.serve(listener, router, life.shutdown()));
    let mut held = Vec::new();
    for said in [
        &b""[..],
        b"P",
        b"GET / HTTP/1.1\r\nhost:",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        for _ in 0..3 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(said).await.unwrap();
            held.push(client);
        }
        let answer = tokio::time::timeout(TIMEOUT, reqwest::get(format!("http://{address}/")));
        let answer = answer.await.expect("an answer").unwrap();
        assert_eq!(answer.text().await.unwrap(), "here", "after {said:?}");
    }
    // the oldest have been closed
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(TIMEOUT, held[0].read_to_end(&mut rest)).await;
    assert!(closed.is_ok());
    drop(held);
    life.stop();
    server.await.unwrap().unwrap();
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// A request that was sent while the service was there is answered, even when the service stops before it has read it.
#[tokio::test(start_paused = true)]
async fn requests_on_their_way_are_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let life = Life::detached();
    let router = Router::new().route("/", get(|| async { "here" }));
    let server = tokio::spawn(service::http::serve(listener, router, life.shutdown()));

    let mut used = TcpStream::connect(address).await.unwrap();
    used.write_all(REQUEST).await.unwrap();
    let mut first = [0; 12];
    used.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut new = TcpStream::connect(address).await.unwrap();
    // the server has accepted it when it had nothing else to do
    tokio::time::sleep(Duration::from_millis(1)).await;

    life.stop();
    for client in [&mut used, &mut new] {
        client.try_write(REQUEST).unwrap();
    }
    for client in [&mut used, &mut new] {
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.contains("connection: close") && answer.ends_with("here"),
            "{answer}"
        );
    }
    server.await.unwrap().unwrap();
}

/// So is one on a connection for which there was no place yet.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_is_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (entered, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, release) = (Arc::clone(&entered), Arc::clone(&released));
    let slow = move || async move {
        enter.notify_one();
        release.notified().await;
        "here"
    };
    let life = Life::detached();
    let router = Router::new().route("/", get(slow));
    let server = service::http::Server::new("test").max_connections(1);
    let server = tokio::spawn(server.serve(listener, router, life.shutdown()));
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(REQUEST).await.unwrap();
    tokio::time::timeout(TIMEOUT, entered.notified()).await.unwrap();
    let mut waiting = TcpStream::connect(address).await.unwrap();
    waiting.write_all(REQUEST).await.unwrap();
    // the server has accepted it when it had nothing else to do
    tokio::time::sleep(Duration::from_millis(1)).await;
    life.stop();
    for mut client in [busy, waiting] {
        released.notify_one();
        let mut answer = String::new();
        let read = tokio::time::timeout(TIMEOUT, client.read_to_string(&mut answer));
        read.await.unwrap().unwrap();
        assert!(answer.ends_with("here"), "{answer}");
    }
    server.await.unwrap().unwrap();
}
