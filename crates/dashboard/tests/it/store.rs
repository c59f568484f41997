//! A metrics store that says what the test wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a query API was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) query: String,
    /// Of a range query.
    pub(crate) over: Option<Over>,
    pub(crate) parameters: HashMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) step: i64,
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The `data` of a successful answer, and its warnings.
    Data(Value, Vec<&'static str>),
    Status(StatusCode, String),
    Text(String),
    /// Seventeen MiB that begin like an answer.
    Huge,
    Never,
    /// Like this, after a while.
    Late(Duration, Box<Self>),
}

pub(crate) type Script = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

pub(crate) struct Store {
    pub(crate) url: String,
    desk: Arc<Desk>,
    task: JoinHandle<()>,
}

struct Desk {
    script: Mutex<Script>,
    asked: Mutex<Vec<Asked>>,
}

impl Store {
    pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let desk = Arc::new(Desk {
            script: Mutex::new(Arc::new(script)),
            asked: Mutex::default(),
        });
        let router = Router::new()
            .route("/api/v1/{kind}", get(answer))
            .with_state(Arc::clone(&desk));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, desk, task }
    }

    /// From now on, it answers like this.
    pub(crate) fn follow(&self, script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
        *self.desk.script.lock().unwrap() = Arc::new(script);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.desk.asked.lock().unwrap().clone()
    }

    /// How often it was asked something that has `part` in its query.
    pub(crate) fn times_asked(&self, part: &str) -> usize {
        self.asked()
            .iter()
            .filter(|asked| asked.query.contains(part))
            .count()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    Path(kind): Path<String>,
    Query(mut parameters): Query<HashMap<String, String>>,
) -> Response {
    let query = parameters.remove("query").unwrap_or_default();
    let number = |name| parameters.get(name).and_then(|text: &String| text.parse().ok());
    let over = (kind == "query_range").then(|| Over {
        start: number("start").unwrap(),
        end: number("end").unwrap(),
        step: number("step").unwrap(),
    });
    let asked = Asked {
        query,
        over,
        parameters: parameters.clone(),
    };
    let script = Arc::clone(&desk.script.lock().unwrap());
    desk.asked.lock().unwrap().push(asked.clone());
    let mut reply = script(&asked);
    while let Reply::Late(delay, later) = reply {
        tokio::time::sleep(delay).await;
        reply = *later;
    }
    match reply {
        Reply::Data(data, warnings) => {
            let body = serde_json::json!({"status": "success", "data": data, "warnings": warnings});
            json(StatusCode::OK, body.to_string())
        }
        Reply::Status(status, body) => json(status, body),
        Reply::Text(text) => text.into_response(),
        Reply::Huge => {
            let start = Bytes::from_static(br#"{"status":"success","data":""#);
            let chunk = Bytes::from(vec![b'x'; 1 << 20]);
            let chunks = std::iter::once(start).chain(std::iter::repeat_n(chunk, 17));
            Body::from_stream(stream::iter(chunks.map(Ok::<_, std::io::Error>))).into_response()
        }
        Reply::Never => std::future::pending().await,
        Reply::Late(..) => unreachable!("it is late no more"),
    }
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
