//! The HTTP server on its way out.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use service::Life;
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
