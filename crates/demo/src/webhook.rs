//! Receives what Alertmanager sends, in place of a chat or a pager: `POST /alerts` takes a notification,
//! `GET /notifications` shows the last ones, and each is a line of JSON in a log.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::Value;

use crate::interrupts::Interrupts;
use crate::log_file::{self, LogFile};

/// How many notifications `GET /notifications` remembers; the oldest go first.
const REMEMBERED: usize = 200;

/// Alertmanager groups alerts; a group of thousands still fits.
const LARGEST: usize = 4 * 1024 * 1024;

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    /// Unix seconds.
    received_at: f64,
    /// As it came.
    body: Value,
}

struct Inbox {
    notifications: VecDeque<Notification>,
    log: LogFile,
}

type Shared = Arc<Mutex<Inbox>>;

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(listen: SocketAddr, log: &Path) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(receive(listen, log))?;
    Ok(ExitCode::SUCCESS)
}

async fn receive(listen: SocketAddr, log: &Path) -> anyhow::Result<()> {
    let mut interrupts = Interrupts::listen()?;
    let inbox = Inbox {
        notifications: VecDeque::new(),
        log: LogFile::create(log, log_file::LIMIT)
            .with_context(|| format!("cannot write {}", log.display()))?,
    };
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let server = axum::serve(listener, router(Arc::new(Mutex::new(inbox))));
    server
        .with_graceful_shutdown(async move {
            interrupts.next().await;
        })
        .await?;
    Ok(())
}

fn router(inbox: Shared) -> Router {
    Router::new()
        .route("/alerts", post(take))
        .route("/notifications", get(show))
        .route("/readyz", get(|| async { StatusCode::NO_CONTENT }))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(inbox)
}

/// A notification that is not in the log was not received: Alertmanager sends it again.
async fn take(
    State(inbox): State<Shared>,
    Json(body): Json<Value>,
) -> Result<StatusCode, (StatusCode, String)> {
    let received_at = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64();
    let notification = Notification { received_at, body };
    let failed = |error: &dyn std::fmt::Display| {
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the notification cannot be kept: {error}\n"),
        )
    };
    let mut line = serde_json::to_vec(&notification).map_err(|error| failed(&error))?;
    line.push(b'\n');
    let mut inbox = inbox.lock().map_err(|error| failed(&error))?;
    inbox.log.write(&line).map_err(|error| failed(&error))?;
    if inbox.notifications.len() == REMEMBERED {
        inbox.notifications.pop_front();
    }
    inbox.notifications.push_back(notification);
    Ok(StatusCode::NO_CONTENT)
}

/// Oldest first.
async fn show(State(inbox): State<Shared>) -> Json<Vec<Notification>> {
    let inbox = inbox.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Json(inbox.notifications.iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::readiness::http_client;

    struct Receiver {
        url: String,
        folder: tempfile::TempDir,
        _server: tokio::task::JoinHandle<()>,
    }

    async fn receiver() -> Receiver {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile::create(&folder.path().join("alerts.log"), log_file::LIMIT).unwrap();
        let inbox = Inbox {
            notifications: VecDeque::new(),
            log,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = router(Arc::new(Mutex::new(inbox)));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Receiver {
            url,
            folder,
            _server: server,
        }
    }

    async fn post(receiver: &Receiver, body: String) -> StatusCode {
        let request = http_client().unwrap().post(format!("{}/alerts", receiver.url));
        let request = request.header("content-type", "application/json").body(body);
        request.send().await.unwrap().status()
    }

    async fn shown(receiver: &Receiver) -> Vec<Value> {
        let answer = http_client()
            .unwrap()
            .get(format!("{}/notifications", receiver.url));
        answer.send().await.unwrap().json().await.unwrap()
    }

    #[tokio::test]
    async fn keeps_what_comes_and_logs_it() {
        let receiver = receiver().await;
        let alert = json!({"status": "firing", "alerts": [{"labels": {"alertname": "Watchdog"}}]});
        assert_eq!(post(&receiver, alert.to_string()).await, StatusCode::NO_CONTENT);
        let shown = shown(&receiver).await;
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0]["body"], alert);
        let logged = std::fs::read_to_string(receiver.folder.path().join("alerts.log")).unwrap();
        let logged: Value = serde_json::from_str(&logged).unwrap();
        assert_eq!(logged, shown[0]);
    }

    #[tokio::test]
    async fn remembers_the_last_ones_only() {
        let receiver = receiver().await;
        for number in 0..=REMEMBERED {
            post(&receiver, number.to_string()).await;
        }
        let shown = shown(&receiver).await;
        assert_eq!(shown.len(), REMEMBERED);
        assert_eq!(shown[0]["body"], 1);
        assert_eq!(shown[REMEMBERED - 1]["body"], REMEMBERED);
    }

    #[tokio::test]
    async fn what_is_not_json_is_refused() {
        let receiver = receiver().await;
        assert_eq!(
            post(&receiver, "no json".to_owned()).await,
            StatusCode::BAD_REQUEST
        );
        assert_eq!(shown(&receiver).await, Vec::<Value>::new());
    }
}
