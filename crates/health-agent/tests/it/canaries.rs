//! Canaries through collectors and stores that the test plays, and through a real Alertmanager.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use service::http::Server;
use service::tls::{Clients, Identity, Tls, certificates, private_key};

use crate::programs::{
    Agent, Program, checkout, client, doctor_alone, eventually, finding, host, of_the_stack, serve,
};

/// A data plane and a store that has what its collector took.
#[derive(Default)]
struct World {
    /// The newest value that was taken.
    newest: Mutex<Option<f64>>,
    /// What the newest request had as its authorization.
    authorization: Mutex<Option<String>>,
    /// The collector has no room.
    is_full: Mutex<bool>,
}

type Shared = Arc<World>;

fn collector(world: &Shared) -> Router {
    Router::new()
        .route("/v1/metrics", post(take))
        .with_state(Arc::clone(world))
}

async fn take(State(world): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let shown = headers
        .get("authorization")
        .map(|value| value.to_str().unwrap().to_owned());
    *world.authorization.lock().unwrap() = shown;
    if *world.is_full.lock().unwrap() {
        let rejected = json!({ "partialSuccess": { "rejectedDataPoints": "1", "errorMessage": "1 rejected (series_limit)" } });
        return Json(rejected).into_response();
    }
    let resource = &body["resourceMetrics"][0];
    assert_eq!(
        resource["resource"]["attributes"][0],
        json!({ "key": "service.name", "value": { "stringValue": "signalbox-health" } })
    );
    let metric = &resource["scopeMetrics"][0]["metrics"][0];
    assert_eq!(metric["name"], "signalbox_canary_timestamp_seconds");
    let point = &metric["gauge"]["dataPoints"][0];
    assert_eq!(point["attributes"][0]["value"]["stringValue"], "left");
    *world.newest.lock().unwrap() = point["asDouble"].as_f64();
    Json(json!({})).into_response()
}

#[derive(serde::Deserialize)]
struct Asked {
    query: String,
}

fn store(world: &Shared) -> Router {
    Router::new()
        .route("/api/v1/query", get(query))
        .with_state(Arc::clone(world))
}

async fn query(State(world): State<Shared>, Query(asked): Query<Asked>) -> Json<Value> {
    let series = match *world.newest.lock().unwrap() {
        Some(value)
            if asked
                .query
                .contains("signalbox_canary_timestamp_seconds{box=\"left\"}") =>
        {
            json!([{
                "metric": { "environment": "prod", "data_plane_id": "dp-prod-01" },
                "value": [1.0, value.to_string()],
            }])
        }
        _ => json!([]),
    };
    Json(json!({ "status": "success", "data": { "resultType": "vector", "result": series } }))
}

fn settings(host: Ipv4Addr, scheme: &str, canary: &str) -> String {
    format!(
        "box = \"left\"\ninterval = \"1s\"\n\
         [parts]\nprometheus = \"http://{host}:9090\"\nthanos_query_frontend = \"http://{host}:9090\"\n\
         [[collectors]]\nenvironment = \"prod\"\ndata_plane_id = \"dp-prod-01\"\n\
         otlp = \"{scheme}://{host}:4318\"\nself_metrics = \"http://{host}:8888\"\n\
         [canary]\nmetric_interval = \"1s\"\nalert_interval = \"1s\"\n{canary}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_is_seen_at_each_stage() {
    let (host, world) = (host(), Shared::default());
    serve((host, 4318), collector(&world)).await;
    serve((host, 9090), store(&world)).await;
    let agent = Agent::start(host, &settings(host, "http", "max_age = \"5m\"")).await;
    for (stage, id) in [
        ("collector", "canary-collector"),
        ("prometheus", "canary-prometheus"),
        ("thanos", "canary-thanos"),
    ] {
        let evidence = agent.finds(id, "ok").await;
        assert!(evidence.ends_with("1 data plane"), "{evidence}");
        let age = format!(
            "signalbox_canary_age_seconds{{stage=\"{stage}\",environment=\"prod\",data_plane_id=\"dp-prod-01\"}}"
        );
        let age = agent.metric(&age).await.unwrap();
        assert!((0.0..300.0).contains(&age), "{stage}: {age}");
    }
    let sent = agent.json("/canary").await;
    assert_eq!(sent["collectors"][0]["refusal"], Value::Null, "{sent}");
    let taken =
        "signalbox_canary_metrics_total{environment=\"prod\",data_plane_id=\"dp-prod-01\",outcome=\"taken\"}";
    assert!(agent.metric(taken).await.unwrap() >= 1.0);
    // the doctor is another process, and sees the same
    let report = agent.doctor("canaries");
    assert_eq!(finding(&report, "canary-agent").0, "ok");
    assert_eq!(
        finding(&report, "canary-collector"),
        ("ok", "taken by 1 data plane")
    );
    // without an Alertmanager there is no alert to wait for
    assert_eq!(agent.check("canary-alert").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_rejects_is_named_and_what_follows_is_not_blamed() {
    let (host, world) = (host(), Shared::default());
    serve((host, 4318), collector(&world)).await;
    serve((host, 9090), store(&world)).await;
    let agent = Agent::start(host, &settings(host, "http", "max_age = \"4s\"")).await;
    agent.finds("canary-prometheus", "ok").await;
    *world.is_full.lock().unwrap() = true;
    let evidence = agent.finds("canary-collector", "down").await;
    assert!(
        evidence.contains("rejected it: 1 rejected (series_limit)"),
        "{evidence}"
    );
    agent.finds("canary-prometheus", "no_traffic").await;
    *world.is_full.lock().unwrap() = false;
    agent.finds("canary-collector", "ok").await;
    // what collectors have and Prometheus does not is Prometheus' fault
    *world.newest.lock().unwrap() = None;
    serve_nothing_new(&world);
    let evidence = agent.finds("canary-prometheus", "stale").await;
    assert_eq!(evidence, "dp-prod-01: Prometheus has had none for an hour");
}

/// The store forgets whatever comes.
fn serve_nothing_new(world: &Shared) {
    let world = Arc::clone(world);
    tokio::spawn(async move {
        loop {
            *world.newest.lock().unwrap() = None;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
}

/// For as long as Prometheus has something for each moment, that was sent before the clock was put back, all that it is asked for now looks
/// young.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_put_back_is_seen_at_a_real_prometheus() {
    let (host, world) = (host(), Shared::default());
    serve((host, 4318), collector(&world)).await;
    let folder = tempfile::tempdir().unwrap();
    let _prometheus = prometheus_ahead(folder.path(), host).await;
    let look = async |category: &'static str| {
        let settings = settings(host, "http", "");
        let report = tokio::task::spawn_blocking(move || doctor_alone(host, &settings, category));
        report.await.unwrap()
    };
    let report = look("canaries").await;
    assert_eq!(
        finding(&report, "canary-collector"),
        ("ok", "taken by 1 data plane")
    );
    for (id, said) in [
        (
            "canary-prometheus",
            "dp-prod-01: the newest at Prometheus was sent ",
        ),
        ("canary-thanos", "dp-prod-01: the newest at Thanos was sent "),
    ] {
        let (verdict, evidence) = finding(&report, id);
        assert_eq!(verdict, "unknown", "{evidence}");
        assert!(
            evidence.starts_with(said) && evidence.ends_with(" after now: the clock was put back"),
            "{evidence}"
        );
    }
    let report = look("prometheus").await;
    let (verdict, evidence) = finding(&report, "prometheus-ingesting");
    assert_eq!(verdict, "unknown", "{evidence}");
    assert!(
        evidence.ends_with(" after now: the clock was put back, and nothing is taken until then"),
        "{evidence}"
    );
}

/// With a canary for every ten seconds, from an hour ago until fifty minutes after now.
async fn prometheus_ahead(folder: &Path, host: Ipv4Addr) -> Program {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut history = String::new();
    for at in (now - 3600..=now + 3000).step_by(10) {
        let labels = "box=\"left\",environment=\"prod\",data_plane_id=\"dp-prod-01\"";
        writeln!(
            history,
            "signalbox_canary_timestamp_seconds{{{labels}}} {at} {at}"
        )
        .unwrap();
    }
    std::fs::write(folder.join("history"), history + "# EOF\n").unwrap();
    std::fs::write(folder.join("prometheus.yml"), "global: {}\n").unwrap();
    let made = Command::new(of_the_stack("promtool"))
        .args(["tsdb", "create-blocks-from", "openmetrics", "history", "data"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let prometheus = Program::start(
        folder,
        &of_the_stack("prometheus"),
        &[
            "--config.file=prometheus.yml".to_owned(),
            "--storage.tsdb.path=data".to_owned(),
            format!("--web.listen-address={host}:9090"),
        ],
    );
    eventually("Prometheus is ready", async || {
        let answer = client()
            .get(format!("http://{host}:9090/-/ready"))
            .send()
            .await
            .ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    prometheus
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_sends_one_itself_where_no_agent_runs() {
    let (host, world) = (host(), Shared::default());
    serve((host, 4318), collector(&world)).await;
    serve((host, 9090), store(&world)).await;
    let report =
        tokio::task::spawn_blocking(move || doctor_alone(host, &settings(host, "http", ""), "canaries"));
    let report = report.await.unwrap();
    let (verdict, evidence) = finding(&report, "canary-agent");
    assert_eq!(verdict, "down");
    assert!(
        evidence.starts_with(&format!("the agent cannot be reached at {host}:8870")),
        "{evidence}"
    );
    assert_eq!(
        finding(&report, "canary-collector"),
        ("ok", "taken by 1 data plane")
    );
    assert_eq!(
        finding(&report, "canary-prometheus"),
        ("ok", "there of 1 data plane")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_collector_is_believed_by_its_authority_and_told_the_token() {
    let (host, world) = (host(), Shared::default());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let authority = authority();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![host.to_string()]).unwrap();
    std::fs::write(
        file("cert.pem"),
        params.signed_by(&key, &authority).unwrap().pem(),
    )
    .unwrap();
    std::fs::write(file("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(file("ca.pem"), authority.pem()).unwrap();
    std::fs::write(file("others.pem"), self::authority().pem()).unwrap();
    std::fs::write(file("token"), "secret-of-the-shop\n").unwrap();

    // it asks for a certificate too
    let clients = Clients::certified_by(&file("ca.pem")).unwrap();
    let identity = Identity::new(
        certificates(&file("cert.pem")).unwrap(),
        private_key(&file("key.pem")).unwrap(),
        clients,
    );
    let server = Server::new("otlp").tls(Tls::new(Some(identity.unwrap())));
    let listener = tokio::net::TcpListener::bind((host, 4318)).await.unwrap();
    tokio::spawn(server.serve(listener, collector(&world), std::future::pending()));

    let canary = |authorities: &str, certificate: &str| {
        let believing = format!(
            "bearer_token_file = \"{}\"\nca_file = \"{}\"\n",
            file("token").display(),
            file(authorities).display()
        );
        let showing = if certificate.is_empty() {
            String::new()
        } else {
            format!(
                "cert_file = \"{}\"\nkey_file = \"{}\"\n",
                file(certificate).display(),
                file("key.pem").display()
            )
        };
        settings(host, "https", &(believing + &showing))
    };
    let look = async |settings: String| {
        let report = tokio::task::spawn_blocking(move || doctor_alone(host, &settings, "canaries"));
        let report = report.await.unwrap();
        let (verdict, evidence) = finding(&report, "canary-collector");
        (verdict.to_owned(), evidence.to_owned())
    };
    let believed = look(canary("ca.pem", "cert.pem")).await;
    assert_eq!(believed, ("ok".to_owned(), "taken by 1 data plane".to_owned()));
    let shown = world.authorization.lock().unwrap().take();
    assert_eq!(shown.as_deref(), Some("Bearer secret-of-the-shop"));

    for (authorities, certificate, why) in [
        (
            "others.pem",
            "cert.pem",
            "cannot be believed: invalid peer certificate",
        ),
        ("ca.pem", "", "broke off: "),
        ("missing.pem", "cert.pem", "missing.pem: cannot be read"),
    ] {
        let (verdict, evidence) = look(canary(authorities, certificate)).await;
        assert_eq!(verdict, "down", "{evidence}");
        assert!(evidence.contains(why), "{evidence}");
        assert!(!evidence.contains("secret"), "{evidence}");
    }
    assert_eq!(
        *world.authorization.lock().unwrap(),
        None,
        "strangers are told no token"
    );
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Everything that people would be told.
type Told = Arc<Mutex<Vec<Value>>>;

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_comes_back_through_alertmanager_and_nobody_else_hears_of_it() {
    let host = host();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("webhook-url"),
        format!("http://{host}:8871/alerts\n"),
    )
    .unwrap();
    std::fs::write(
        folder.path().join("canary-url"),
        format!("http://{host}:8870/canary/alert\n"),
    )
    .unwrap();
    let told = Told::default();
    let people = Router::new()
        .route(
            "/alerts",
            post(async |State(told): State<Told>, Json(body): Json<Value>| told.lock().unwrap().push(body)),
        )
        .with_state(Arc::clone(&told));
    serve((host, 8871), people).await;
    let configuration = checkout().join("stack/alertmanager/alertmanager.yml");
    let alertmanager = Program::start(
        folder.path(),
        &of_the_stack("alertmanager"),
        &[
            format!("--config.file={}", configuration.display()),
            format!("--web.listen-address={host}:9093"),
            "--storage.path=data".to_owned(),
            "--cluster.listen-address=".to_owned(),
            "--enable-feature=utf8-strict-mode".to_owned(),
        ],
    );
    let settings = format!(
        "box = \"left\"\ninterval = \"1s\"\n[parts]\nalertmanager = \"http://{host}:9093\"\n\
         [canary]\nmetric_interval = \"1s\"\nalert_interval = \"1s\"\nmax_age = \"10s\"\n"
    );
    let agent = Agent::start(host, &settings).await;
    let evidence = agent.finds("canary-alert", "ok").await;
    assert!(evidence.ends_with("came back"), "{evidence}");
    let age = agent
        .metric("signalbox_canary_age_seconds{stage=\"alert\"}")
        .await
        .unwrap();
    assert!((0.0..300.0).contains(&age), "{age}");

    // several have come back, each at once; people were told of none
    let returned = async || agent.json("/canary").await["alert"]["returned_at"].as_f64();
    let first = returned().await.unwrap();
    eventually("the next ones come back", async || {
        (returned().await? > first + 2.0).then_some(())
    })
    .await;
    assert_eq!(told.lock().unwrap().len(), 0, "{told:?}");
    let log = alertmanager.log();
    assert!(!log.contains("level=ERROR") && !log.contains("Notify"), "{log}");

    // a silence over everything is somebody's wish, and no fault
    let silence = json!({
        "matchers": [{ "name": "alertname", "value": ".+", "isRegex": true }],
        "startsAt": humantime_now(0), "endsAt": humantime_now(3600),
        "createdBy": "somebody", "comment": "work on the box",
    });
    let silences = format!("http://{host}:9093/api/v2/silences");
    let made = client().post(silences).json(&silence).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let evidence = agent.finds("canary-alert", "degraded").await;
    let id = made["silenceID"].as_str().unwrap();
    assert!(
        evidence.starts_with(&format!(
            "Alertmanager holds it back because of the silence {id}: none came back"
        )),
        "{evidence}"
    );

    // what nobody has sent counts for nothing, and is no error
    let answer = async |body: String| {
        let posted = client().post(format!("{}/canary/alert", agent.url)).body(body);
        posted.send().await.unwrap().status()
    };
    let forged =
        json!({ "alerts": [{ "labels": { "alertname": "SignalboxCanary", "canary": "0".repeat(32) } }] });
    let strangers = "signalbox_canary_unknown_alerts_total";
    assert_eq!(agent.metric(strangers).await, Some(0.0));
    assert_eq!(answer(forged.to_string()).await, StatusCode::OK);
    assert_eq!(agent.metric(strangers).await, Some(1.0));
    assert_eq!(agent.json("/canary").await["alert"]["strangers"], 1);
    assert_eq!(answer("{}".to_owned()).await, StatusCode::BAD_REQUEST);
    assert_eq!(answer("x".repeat(70_000)).await, StatusCode::PAYLOAD_TOO_LARGE);
}

/// In RFC 3339, so many seconds from now.
fn humantime_now(seconds: u64) -> String {
    let at = SystemTime::now() + Duration::from_secs(seconds);
    humantime::format_rfc3339_millis(at).to_string()
}

/// One that starts with the agent takes nothing yet; the next alert would be half an hour away.
#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_refused_is_followed_by_the_next_one_soon() {
    let host = host();
    let asked = Arc::new(Mutex::new(0));
    let post_alerts = async |State(asked): State<Arc<Mutex<u32>>>| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        if *asked > 2 {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let alertmanager = Router::new()
        .route("/api/v2/alerts", post(post_alerts))
        .with_state(Arc::clone(&asked));
    serve((host, 9093), alertmanager).await;
    let settings = format!(
        "box = \"left\"\ninterval = \"1s\"\n[parts]\nalertmanager = \"http://{host}:9093\"\n\
         [canary]\nalert_interval = \"30m\"\nmax_age = \"1h\"\n"
    );
    let agent = Agent::start(host, &settings).await;
    eventually("it is taken", async || {
        agent.json("/canary").await["alert"]["taken_at"].as_f64()
    })
    .await;
    assert_eq!(*asked.lock().unwrap(), 3);
    let refused = "signalbox_canary_alerts_total{outcome=\"refused\"}";
    assert_eq!(agent.metric(refused).await, Some(2.0));
}
