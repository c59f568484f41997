//! Scrapers that hardly read.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::clients::{PROTOBUF, one};
use crate::program::{Program, command};
use crate::requests::{gauge, metric, point, request};

/// Kibibytes: far less than all these scrapes are.
const GROWTH: u64 = 32 * 1024;

/// One fewer than there may be scrapes at once.
const SCRAPERS: usize = 7;

/// Asks for a scrape and takes a byte of it each 100 ms.
async fn read_slowly(data: SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(data).await.unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    loop {
        assert_ne!(stream.read_u8().await.unwrap(), 0);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_scrapers_hold_nobody_up_and_cost_no_memory() {
    let program = Program::start(command());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |body: Vec<u8>| {
        let export = client.post(format!("http://{}/v1/metrics", program.http));
        let answer = export
            .header(PROTOBUF.0, PROTOBUF.1)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.bytes().await.unwrap().len(), 0);
    };
    let long = "x".repeat(1000);
    for batch in 0..10 {
        let of = |index| point(&[("k", &format!("{batch}-{index}-{long}"))], 1.0);
        let points = (0..1000).map(of).collect();
        send(request(&[], vec![metric("large", "", gauge(points))])).await;
    }
    let scrape = async || {
        let scrape = client.get(format!("http://{}/metrics", program.data)).send();
        scrape.await.unwrap().text().await.unwrap()
    };
    assert!(scrape().await.len() > 10_000_000);

    let before = program.resident();
    let slow: Vec<_> = (0..SCRAPERS)
        .map(|_| tokio::spawn(read_slowly(program.data)))
        .collect();
    for value in 1..=500 {
        send(one(f64::from(value))).await;
        if value % 100 == 0 {
            let text = scrape().await;
            let line = text.lines().find(|line| line.starts_with("g{")).unwrap();
            assert!(line.ends_with(&format!(" {value}")), "{line}");
            assert!(text.len() > 10_000_000);
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    for scraper in slow {
        assert!(!scraper.is_finished(), "it still reads");
        scraper.abort();
    }
    let after = program.resident_at_most();
    assert!(after < before + GROWTH, "from {before} to {after} KiB");
}
