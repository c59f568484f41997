//! The web app's files, and what is said to the browser about them.

use axum::body::Bytes;
use axum::http::HeaderMap;
use signalbox_dashboard::Assets;

use super::harness::{Running, config};
use super::store::Store;
use super::world;

const INDEX: &str = "<!doctype html><title>Signalbox</title>";

async fn dashboard() -> Running {
    let store = Store::start(world::mixed).await;
    let script = "console.log('a signal box');".repeat(100);
    let files = [
        ("index.html", INDEX),
        ("assets/index-4f3a.js", &script),
        ("favicon.svg", "<svg/>"),
    ];
    let files = files.map(|(path, content)| (path.to_owned(), Bytes::copy_from_slice(content.as_bytes())));
    Running::with_assets(config(&store.url), Assets::new(files)).await
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_web_app_knows_its_own_paths() {
    let dashboard = dashboard().await;
    for path in ["/", "/index.html", "/env/qa", "/env/v1.2/anything?range=1h"] {
        let response = dashboard.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(
            header(response.headers(), "content-type"),
            "text/html; charset=utf-8"
        );
        assert_eq!(header(response.headers(), "cache-control"), "no-cache");
        assert_eq!(response.text().await.unwrap(), INDEX, "{path}");
    }
}

#[tokio::test]
async fn a_hashed_file_is_kept_for_ever() {
    let dashboard = dashboard().await;
    let response = dashboard.get("/assets/index-4f3a.js").await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(response.headers(), "content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(
        header(response.headers(), "cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(header(response.headers(), "content-encoding"), "");
    let etag = header(response.headers(), "etag").to_owned();
    assert_eq!(response.bytes().await.unwrap().len(), 2800);

    let gzipped = dashboard
        .request("GET", "/assets/index-4f3a.js")
        .header("accept-encoding", "br, gzip");
    let gzipped = gzipped.send().await.unwrap();
    assert_eq!(header(gzipped.headers(), "content-encoding"), "gzip");
    assert_eq!(header(gzipped.headers(), "vary"), "accept-encoding");
    assert!(gzipped.bytes().await.unwrap().len() < 300);

    let again = dashboard
        .request("GET", "/assets/index-4f3a.js")
        .header("if-none-match", etag);
    assert_eq!(again.send().await.unwrap().status(), 304);
}

#[tokio::test]
async fn a_file_of_another_build_is_no_index() {
    let dashboard = dashboard().await;
    let response = dashboard.get("/assets/index-0000.js").await;
    assert_eq!(response.status(), 404);
    assert_ne!(response.text().await.unwrap(), INDEX);
    assert_eq!(
        dashboard.get("/assets/../Cargo.toml").await.text().await.unwrap(),
        INDEX
    );
}

#[tokio::test]
async fn only_reading() {
    let dashboard = dashboard().await;
    let head = dashboard.request("HEAD", "/").send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), header(head.headers(), "content-length")),
        (200, "39")
    );
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    let post = dashboard.request("POST", "/").send().await.unwrap();
    assert_eq!(
        (post.status().as_u16(), header(post.headers(), "allow")),
        (405, "GET, HEAD")
    );
}

#[tokio::test]
async fn every_answer_is_strict_with_the_browser() {
    let dashboard = dashboard().await;
    for path in [
        "/",
        "/assets/index-4f3a.js",
        "/assets/none.js",
        "/api/v1/environments",
        "/api/none",
        "/metrics",
    ] {
        let response = dashboard.get(path).await;
        let headers = response.headers();
        let policy = header(headers, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(header(headers, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(headers, "referrer-policy"), "no-referrer", "{path}");
        if path.starts_with("/api") {
            assert_eq!(header(headers, "cache-control"), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn the_api_is_compressed() {
    let dashboard = dashboard().await;
    let request = dashboard
        .request("GET", "/api/v1/overview")
        .header("accept-encoding", "gzip");
    assert_eq!(
        header(request.send().await.unwrap().headers(), "content-encoding"),
        "gzip"
    );
}

#[tokio::test]
async fn without_the_web_app_the_api_works() {
    let store = Store::start(world::mixed).await;
    let dashboard = Running::start(config(&store.url)).await;
    let response = dashboard.get("/").await;
    assert_eq!(response.status(), 503);
    assert_eq!(header(response.headers(), "cache-control"), "no-store");
    let page = response.text().await.unwrap();
    assert!(page.contains("pnpm build") && !page.contains("style"), "{page}");
    assert_eq!(dashboard.get("/api/v1/environments").await.status(), 200);
}
