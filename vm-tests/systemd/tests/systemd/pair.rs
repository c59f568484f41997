//! Two boxes, of which one is switched off and on again.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use systemd_tests::{Control, Golden, Http, Plane, Prometheus, eventually};

/// Something is scraped every ten seconds, and told of within a minute.
const SEEN: Duration = Duration::from_secs(90);

/// Jobs of things that are not there: a database and the pods of a cluster, which this customer has.
const ABSENT: &str = "job!~\"batch|postgresql|kubernetes-pods\"";

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_off_is_shown_as_off_and_the_other_has_everything() {
    let (a, b, plane) = tokio::join!(
        Control::boot(
            "pair-a",
            Golden::named("pair-a").with_minio(),
            Ipv4Addr::new(10, 0, 0, 10)
        ),
        Control::boot(
            "pair-b",
            Golden::named("pair-b").with_minio(),
            Ipv4Addr::new(10, 0, 0, 20)
        ),
        Plane::boot("pair-prod", "prod", Ipv4Addr::new(10, 0, 0, 11), None),
    );
    tokio::join!(a.is_ready(), b.is_ready());
    for each in [&a, &b] {
        sees_both(each).await;
        peers(each, 2).await;
        counts_requests(each).await;
        shows_peer(each, "ok").await;
    }

    b.machine.kill().await;
    sees_a_alone(&a).await;
    peers(&a, 1).await;
    shows_peer(&a, "down").await;
    counts_requests(&a).await;
    let overview = Http::default()
        .json(&format!("http://{}/api/v1/overview", a.address("dashboard")), &[])
        .await
        .unwrap();
    assert_eq!(overview["store"]["reachable"], true, "{overview}");
    let off = now();

    b.machine.boot().await;
    b.is_ready().await;
    for each in [&a, &b] {
        sees_both(each).await;
        peers(each, 2).await;
        counts_requests(each).await;
        shows_peer(each, "ok").await;
    }
    // what was measured while b was off: its own Prometheus has none of it, and all of it comes out at its far end
    let scrapes = "max(count_over_time(up{instance=\"dp-prod-01:8889\"}[20s]))";
    let alone = Prometheus::at(&format!("http://{}", b.address("Prometheus")))
        .query_at(scrapes, off)
        .await
        .unwrap();
    assert_eq!(alone.len(), 0, "{alone:?}");
    let far_end = far_end(&b).query_at(scrapes, off).await.unwrap();
    assert!(
        far_end.first().is_some_and(|scrapes| scrapes.value >= 1.0),
        "{far_end:?}"
    );
    drop(plane);
}

fn far_end(control: &Control) -> Prometheus {
    Prometheus::at(&format!(
        "http://{}",
        control.address("Thanos query-frontend, http")
    ))
}

async fn sees_both(control: &Control) {
    let prometheus = Prometheus::at(&format!("http://{}", control.address("Prometheus")));
    eventually("all parts of both boxes are up", SEEN, async || {
        let down = prometheus.query(&format!("up{{{ABSENT}}} == 0")).await?;
        let boxes = prometheus
            .query(&format!("count by (box) (up{{box=~\"a|b\",{ABSENT}}} == 1)"))
            .await?;
        // the object store's own metrics are on loopback, so that each box sees its own alone
        let up: Vec<_> = boxes
            .iter()
            .map(|sample| (sample.labels["box"].clone(), sample.value))
            .collect();
        if down.is_empty() && up.len() == 2 {
            Ok(())
        } else {
            Err(format!("up: {up:?}, down: {down:?}"))
        }
    })
    .await;
}

async fn sees_a_alone(control: &Control) {
    let prometheus = Prometheus::at(&format!("http://{}", control.address("Prometheus")));
    eventually("all parts of b are down, and all of a up", SEEN, async || {
        let down = prometheus
            .query(&format!("up{{box=\"a\",{ABSENT}}} == 0"))
            .await?;
        let up = prometheus.query("up{box=\"b\"} == 1").await?;
        let off = prometheus.query("count(up{box=\"b\"} == 0)").await?;
        if down.is_empty() && up.is_empty() && off.first().is_some_and(|off| off.value > 5.0) {
            Ok(())
        } else {
            Err(format!("of a down: {down:?}, of b up: {up:?}, down: {off:?}"))
        }
    })
    .await;
}

/// The mesh of the Alertmanagers.
async fn peers(control: &Control, expected: usize) {
    let url = format!("http://{}/api/v2/status", control.address("Alertmanager"));
    eventually("the mesh of the Alertmanagers", SEEN, async || {
        let status = Http::default().json(&url, &[]).await?;
        match status["cluster"]["peers"].as_array().map(Vec::len) {
            Some(peers) if peers == expected => Ok(()),
            _ => Err(format!("{}", status["cluster"])),
        }
    })
    .await;
}

/// What the health agent says of the other box, and that it says of its own that all that must be well is.
async fn shows_peer(control: &Control, expected: &str) {
    let url = format!("http://{}/status", control.address("health agent"));
    eventually("the state of both boxes", SEEN, async || {
        let status = Http::default().json(&url, &[]).await?;
        let checks = status["checks"].as_array().ok_or("no checks")?;
        let peer: Vec<_> = [
            "peer-reachable",
            "peer-agent",
            "peer-prometheus",
            "peer-alertmanager",
        ]
        .into_iter()
        .filter_map(|id| checks.iter().find(|check| check["id"] == id))
        .collect();
        let told = peer.iter().any(|check| check["id"] == "peer-reachable")
            && peer.iter().all(|check| check["verdict"] == expected);
        let red: Vec<_> = checks
            .iter()
            .filter(|check| check["severity"] == "required" && check["level"] == 2)
            .collect();
        if told && red.is_empty() {
            Ok(())
        } else {
            Err(format!("of the other box: {peer:?}, of its own: {red:?}"))
        }
    })
    .await;
}

/// Requests of the data plane go on being counted, as the query-frontend tells.
async fn counts_requests(control: &Control) {
    let far_end = far_end(control);
    let query = "sum(http_server_request_duration_seconds_count{environment=\"prod\"})";
    let count = async || match far_end.query(query).await?.first() {
        Some(sample) => Ok(sample.value),
        None => Err(format!(
            "{} has none",
            control.address("Thanos query-frontend, http")
        )),
    };
    let before = eventually("requests are counted", SEEN, count).await;
    eventually("requests go on being counted", SEEN, async || {
        match count().await {
            Ok(now) if now > before => Ok(()),
            now => Err(format!("{before}, now {now:?}")),
        }
    })
    .await;
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time after 1970")
        .as_secs_f64()
}
