//! Requests that are too large, torn, made up, or a bomb: each gets its answer, and the program stays as it was.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use prost::Message;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;

use crate::clients::{PROTOBUF, RpcStatus, announce, gzip, one, padded, status_line, zstd};
use crate::collector::Running;
use crate::program::{Program, command};
use crate::requests::request;

/// Kibibytes: the budget of 16 MiB in flight, what the codecs need beside it, and what the allocator does not give back.
const GROWTH: u64 = 96 * 1024;

struct Sender {
    client: reqwest::Client,
    url: String,
}

impl Sender {
    async fn post(&self, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, String) {
        let mut request = self.client.post(&self.url).header(PROTOBUF.0, PROTOBUF.1);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body).send().await.unwrap();
        let code = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        let message = if code == 200 {
            let answer = ExportMetricsServiceResponse::decode(body).unwrap();
            answer
                .partial_success
                .map_or_else(String::new, |part| part.error_message)
        } else {
            RpcStatus::decode(body).unwrap().message
        };
        (code, message)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_the_program_stays_as_it_is() {
    let mut command = command();
    command.args([
        "--set",
        "limits.request_bytes=4194304",
        "--set",
        "limits.in_flight_bytes=16777216",
    ]);
    let program = Program::start(command);
    let sender = Sender {
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
        url: format!("http://{}/v1/metrics", program.http),
    };
    let channel = Channel::from_shared(format!("http://{}", program.grpc)).unwrap();
    let channel = channel.connect().await.unwrap();
    assert_eq!(sender.post(&[], one(1.0)).await, (200, String::new()));
    let before = program.resident();

    let large =
        "the request is larger than 4194304 bytes; send smaller batches or raise limits.request_bytes";
    let zeroes = vec![0; 300_000_000];
    let bombs = [("gzip", gzip(&zeroes)), ("zstd", zstd(&zeroes))];
    drop(zeroes);
    let good = one(1.0);
    for round in 0..20 {
        let (code, message) = sender.post(&[], padded(8_000_000)).await;
        assert_eq!((code, message.as_str()), (413, large));
        for (encoding, bomb) in &bombs {
            let (code, message) = sender.post(&[("content-encoding", encoding)], bomb.clone()).await;
            assert_eq!((code, message.as_str()), (413, large), "{encoding}");
        }
        // every cut and every flipped byte is an answer, of one kind or another
        let cut = round * good.len() / 20;
        let (code, _) = sender.post(&[], good[..cut].to_vec()).await;
        assert!(code == 200 || code == 400, "{code} for {cut} bytes");
        let mut flipped = good.clone();
        flipped[cut] ^= 0xff;
        let (code, _) = sender.post(&[], flipped).await;
        assert!(code == 200 || code == 400, "{code} with byte {cut} flipped");

        for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
            let mut client = MetricsServiceClient::new(channel.clone()).send_compressed(encoding);
            let bomb = request(&[("k", &"x".repeat(10_000_000))], Vec::new());
            let status = client.export(crate::clients::decoded(&bomb)).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::InvalidArgument, large));
        }
    }
    // all at once
    let mut at_once = Vec::new();
    for _ in 0..50 {
        for (encoding, bomb) in &bombs {
            let sender = &sender;
            at_once.push(async move {
                let headers = [("content-encoding", *encoding)];
                sender.post(&headers, bomb.clone()).await
            });
        }
    }
    for (code, message) in futures_util::future::join_all(at_once).await {
        assert!(code == 413 || code == 429, "{code} {message}");
    }
    let most = program.resident_at_most();
    assert!(most < before + GROWTH, "from {before} to {most} KiB");
    assert_eq!(sender.post(&[], one(2.0)).await, (200, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_sender_holds_nobody_up() {
    let collector = Running::start("").await;
    let mut slow = announce(&collector, 100, "").await;
    slow.write_all(&[0; 50]).await.unwrap();
    // half a head, half a preface of HTTP/2, and nothing at all
    let mut silent = Vec::new();
    for said in [&b"POST /v1/metrics HT"[..], b"PRI * HTTP/2.0\r\n\r\n", b""] {
        for address in [collector.addresses.http, collector.addresses.grpc] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said).await.unwrap();
            silent.push(stream);
        }
    }
    collector.send(one(1.0)).await;
    // it is told, well before the whole time that a request may take
    assert_eq!(status_line(&mut slow).await, "HTTP/1.1 503 Service Unavailable");
    drop((slow, silent));
    collector.stop().await;
}
