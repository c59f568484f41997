use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::demo::Demo;

async fn status_and_json(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_answers() {
    let demo = Demo::start(json!({})).await;
    let client = Client::new();
    let get = async |path: &str| status_and_json(client.get(demo.url(path)).send().await.unwrap()).await;

    assert_eq!(
        get("/health").await,
        (200, json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
    );
    let (status, products) = get("/api/products?category=cocoa").await;
    assert_eq!((status, &products["count"]), (200, &json!(1)));
    assert_eq!(
        products["products"][0],
        json!({"sku": "CO-301", "name": "Drinking cocoa, 400 g", "category": "cocoa", "priceCents": 650, "inStock": 220})
    );
    let (status, report) = get("/api/reports").await;
    assert_eq!((status, report["rows"].as_array().map(Vec::len)), (200, Some(4)));
    assert_eq!(
        report["rows"][0],
        json!({"category": "cocoa", "pieces": 220, "valueCents": 143_000})
    );
    let (status, found) = get("/api/search?q=beans").await;
    assert_eq!(
        (status, &found["count"], &found["results"][0]["sku"]),
        (200, &json!(2), &json!("CF-101"))
    );

    let order = json!({"customer": "c-1", "items": [{"sku": "TE-201", "quantity": 3}]});
    let (status, order) = status_and_json(
        client
            .post(demo.url("/api/orders"))
            .json(&order)
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (status, &order["totalCents"], &order["status"]),
        (201, &json!(2370), &json!("accepted"))
    );
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_told_what_is_wrong() {
    let demo = Demo::start(json!({})).await;
    let client = Client::new();
    let post = async |path: &str, body: &'static str| {
        let request = client
            .post(demo.url(path))
            .header("content-type", "application/json")
            .body(body);
        let (status, body) = status_and_json(request.send().await.unwrap()).await;
        (status, body["error"]["message"].as_str().unwrap().to_owned())
    };
    let cut_off = post("/api/orders", r#"{"customer": "c-1""#).await;
    assert_eq!(cut_off.0, 400);
    assert!(
        cut_off
            .1
            .contains("EOF while parsing an object at line 1 column 18"),
        "{}",
        cut_off.1
    );
    let unknown_field = post("/api/payments", r#"{"orderId": "o", "amount": 5}"#).await;
    assert_eq!(unknown_field.0, 400);
    assert!(
        unknown_field
            .1
            .contains("unknown field `amount`, expected `orderId` or `amountCents`"),
        "{}",
        unknown_field.1
    );
    let nothing_ordered = post("/api/orders", r#"{"customer": "c-1", "items": []}"#).await;
    assert_eq!(
        nothing_ordered,
        (422, "items is empty: an order needs at least one".to_owned())
    );
    let unknown_product = post(
        "/api/orders",
        r#"{"customer": "c-1", "items": [{"sku": "X", "quantity": 1}]}"#,
    )
    .await;
    assert_eq!(
        unknown_product,
        (
            422,
            "there is no product \"X\"; GET /api/products lists them".to_owned()
        )
    );

    let (status, body) = status_and_json(client.get(demo.url("/api/search")).send().await.unwrap()).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("bad_request")));
    assert_eq!(
        client.get(demo.url("/api/orders")).send().await.unwrap().status(),
        405
    );
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_is_served() {
    let demo = Demo::start(json!({"listen": ["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"]})).await;
    assert_eq!(demo.addresses.len(), 3);
    for address in &demo.addresses {
        let response = reqwest::get(format!("http://{address}/readyz")).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "ready\n", "{address}");
    }
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_change_while_it_serves() {
    let demo = Demo::start(json!({"fault": {"control": "127.0.0.1:0", "error_ratio": 1.0}})).await;
    let client = Client::new();
    let control = format!("http://{}/faults", demo.control.unwrap());
    let health = async || {
        client
            .get(demo.url("/health"))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(health().await, 500);

    let none = json!({"errorRatio": 0.0, "latency": "0s", "latencyRatio": 1.0, "acceptHeader": true});
    let replaced = status_and_json(client.put(&control).json(&json!({})).send().await.unwrap()).await;
    assert_eq!(replaced, (200, none.clone()));
    assert_eq!(health().await, 200);

    let wrong = json!({"errorRatio": 0.5, "latency": "slow"});
    let (status, body) = status_and_json(client.put(&control).json(&wrong).send().await.unwrap()).await;
    assert_eq!(status, 400);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("latency: must be a duration such as 250ms"),
        "{message}"
    );
    assert_eq!(
        status_and_json(client.get(&control).send().await.unwrap()).await,
        (200, none)
    );
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_collector_does_not_hurt() {
    // a port that was free a moment ago: connections to it are refused
    let refused = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let demo =
        Demo::start(json!({"export": {"endpoint": format!("http://{refused}"), "interval": "10ms"}})).await;
    for _ in 0..50 {
        assert_eq!(reqwest::get(demo.url("/health")).await.unwrap().status(), 200);
    }
    demo.stop().await;

    // one that takes the connection and never answers
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let demo =
        Demo::start(json!({"export": {"endpoint": endpoint, "interval": "10ms", "timeout": "1h"}})).await;
    assert_eq!(reqwest::get(demo.url("/health")).await.unwrap().status(), 200);
    drop(silent.accept().await.unwrap());
    demo.stop().await;
}
