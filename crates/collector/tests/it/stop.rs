//! How it ends.

use service::Settings;
use signalbox_collector::{Collector, RawConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::collector::{PATIENCE, Running};
use crate::requests::{gauge, metric, point, request};

#[tokio::test(flavor = "multi_thread")]
async fn what_has_begun_is_finished_and_the_scrape_ports_close_last() {
    let collector = Running::start("").await;
    let body = request(
        &[("service.name", "last")],
        vec![metric("g", "", gauge(vec![point(&[], 1.0)]))],
    );
    let mut stream = TcpStream::connect(collector.addresses.http).await.unwrap();
    let head = format!(
        "POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 25];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();

    collector.life.stop();
    // not ready any more, but there
    let url = format!("http://{}/readyz", collector.addresses.self_metrics);
    let response = collector.client.get(url).send().await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.text().await.unwrap().as_str()
        ),
        (503, "stopping\n")
    );
    assert_eq!(collector.scrape().await, "");

    stream.write_all(&body).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let collector = Running::start("").await;
    let settings = format!(
        "listen.data = \"{}\"\nlisten.grpc = \"127.0.0.1:0\"\nlisten.http = \"127.0.0.1:0\"\nlisten.self_metrics = \"127.0.0.1:0\"",
        collector.addresses.data
    );
    let settings: RawConfig = toml::from_str(&settings).unwrap();
    let error = Collector::bind(settings.into_config().unwrap())
        .await
        .unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!(
            "cannot listen on {} (listen.data): Address already in use (os error 98)",
            collector.addresses.data
        )
    );
    collector.stop().await;
}
