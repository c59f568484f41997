use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

/// The receiver of notifications, on this host: where the alerts of all boxes go.
#[derive(Debug)]
pub struct Webhook;

/// Its port.
pub(crate) const PORT: u16 = 8871;

/// A sender may take so long.
const PATIENCE: Duration = Duration::from_secs(10);

static STARTED: Once = Once::new();
static RECEIVED: Mutex<Vec<serde_json::Value>> = Mutex::new(Vec::new());

impl Webhook {
    /// Listens from now on, for as long as the tests run.
    pub(crate) fn listen() {
        STARTED.call_once(|| {
            let listener = TcpListener::bind(("0.0.0.0", PORT))
                .expect("the receiver's port is free in the network of the tests");
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    // one that breaks off sends again
                    let _ = receive(stream);
                }
            });
        });
    }

    /// The alerts of a name that were notified of, from the box whose external URL begins so.
    pub fn alerts(box_url: &str, name: &str) -> Vec<serde_json::Value> {
        let received = RECEIVED.lock().unwrap_or_else(PoisonError::into_inner);
        received
            .iter()
            .filter(|message| {
                message["externalURL"]
                    .as_str()
                    .is_some_and(|url| url.starts_with(box_url))
            })
            .flat_map(|message| message["alerts"].as_array().cloned().unwrap_or_default())
            .filter(|alert| alert["labels"]["alertname"] == name)
            .collect()
    }
}

fn receive(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if let Ok(message) = serde_json::from_slice(&body) {
        RECEIVED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}
