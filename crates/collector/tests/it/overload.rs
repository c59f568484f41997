//! What senders see when there is too much.

use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;

use crate::clients::{RpcStatus, announce, decoded, grpc, one, padded, status_line};
use crate::collector::{PATIENCE, Running};
use crate::requests::request;

#[tokio::test(flavor = "multi_thread")]
async fn senders_are_told_to_come_back_when_too_much_is_in_flight() {
    let collector = Running::start("limits.request_bytes = 1000\nlimits.in_flight_bytes = 2000").await;
    // two requests that do not come to their end take almost the whole budget
    let body = padded(1000);
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = announce(&collector, 1000, "").await;
        stream.write_all(&body[..990]).await.unwrap();
        held.push(stream);
    }
    let used_up = async {
        // who only announces something takes nothing of the budget
        while status_line(&mut announce(&collector, 100, "expect: 100-continue\r\n").await).await
            == "HTTP/1.1 100 Continue"
        {}
    };
    tokio::time::timeout(PATIENCE, used_up)
        .await
        .expect("the budget is used up");

    let response = collector.post(one(1.0)).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    let status = RpcStatus::decode(response.bytes().await.unwrap()).unwrap();
    assert_eq!(status.code, Code::ResourceExhausted as i32);
    assert_eq!(status.message, "the collector is overloaded; try again later");

    let refused = grpc(&collector)
        .await
        .export(decoded(&one(1.0)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let details = RpcStatus::decode(refused.details()).unwrap().details;
    assert_eq!(details[0].type_url, "type.googleapis.com/google.rpc.RetryInfo");
    // one second, in a Duration, in a RetryInfo
    assert_eq!(details[0].value, [0x0a, 2, 0x08, 1]);

    // the rest comes after all, and makes room
    for stream in &mut held {
        stream.write_all(&body[990..]).await.unwrap();
        assert_eq!(status_line(stream).await, "HTTP/1.1 200 OK");
    }
    collector.send(one(1.0)).await;
    drop(held);
    collector.stop().await;
}

/// A refused request that is large, or larger than what is read of it: a client that sends all of it before it looks at
/// the answer must get the answer all the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_whatever_the_size_of_the_request() {
    let collector = Running::start("limits.request_bytes = 4000000\nlimits.in_flight_bytes = 8000000").await;
    let body = padded(4_000_000);
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = announce(&collector, body.len(), "").await;
        stream.write_all(&body[..3_999_990]).await.unwrap();
        held.push(stream);
    }
    let used_up = async { while collector.post(one(1.0)).await.status() == 200 {} };
    tokio::time::timeout(PATIENCE, used_up)
        .await
        .expect("the budget is used up");

    let mut client = grpc(&collector).await;
    for length in [1_000, 200_000, 4_000_000] {
        let response = collector.post(padded(length)).await;
        assert_eq!(response.status(), 429, "{length}");
        let status = RpcStatus::decode(response.bytes().await.unwrap()).unwrap();
        assert_eq!(status.code, Code::ResourceExhausted as i32);

        let large = request(&[("k", &"x".repeat(length))], Vec::new());
        let status = client.export(decoded(&large)).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{length}: {status}");
    }
    // what was refused has not broken the connection for the next one
    let mut stream = TcpStream::connect(collector.addresses.http).await.unwrap();
    for _ in 0..2 {
        let head = "POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
                    content-length: 100000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body[..100_000]).await.unwrap();
        assert_eq!(status_line(&mut stream).await, "HTTP/1.1 429 Too Many Requests");
        let mut rest = Vec::new();
        while !rest.ends_with(b"try again later\x1a\x30\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x01") {
            rest.push(stream.read_u8().await.unwrap());
        }
    }
    for stream in &mut held {
        stream.write_all(&body[3_999_990..]).await.unwrap();
        assert_eq!(status_line(stream).await, "HTTP/1.1 200 OK");
    }
    client.export(decoded(&one(1.0))).await.unwrap();
    drop((client, held));
    collector.stop().await;
}
