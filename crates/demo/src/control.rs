//! How other runs of this program reach a running demo: a Unix socket in its state directory. One line of JSON asks, one
//! answers.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::supervision::{Order, Orders};

const SOCKET: &str = "control.sock";

/// A request is a short line; more is not read.
const LONGEST: u64 = 4096;

/// For a request to come in.
const PATIENCE: Duration = Duration::from_secs(5);

/// For an answer: longer than an order may take.
const OUTCOME: Duration = Duration::from_mins(2);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Request {
    Restart(String),
    Kill(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Done(String),
    Refused(String),
}

/// Listens in the state directory, for the user alone.
pub(crate) fn listen(state: &Path) -> io::Result<UnixListener> {
    let door = Door::of(state)?;
    match fs::remove_file(state.join(SOCKET)) {
        // that of a demo which was killed
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(door.path())?;
    fs::set_permissions(state.join(SOCKET), fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

pub(crate) fn forget(state: &Path) {
    drop(fs::remove_file(state.join(SOCKET)));
}

/// Serves until it is dropped.
pub(crate) async fn serve(listener: UnixListener, orders: Orders) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(answer(stream, orders.clone()))),
            // out of file descriptors, for now
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(mut stream: UnixStream, orders: Orders) {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let mut read = BufReader::new(read.take(LONGEST));
    if !matches!(
        tokio::time::timeout(PATIENCE, read.read_line(&mut line)).await,
        Ok(Ok(1..))
    ) {
        return;
    }
    let outcome = match serde_json::from_str(&line) {
        Ok(Request::Restart(part)) => orders.give(&part, Order::Restart).await,
        Ok(Request::Kill(part)) => orders.give(&part, Order::Kill).await,
        Err(error) => Err(format!("this demo does not understand: {error}")),
    };
    let answer = outcome.map_or_else(Answer::Refused, Answer::Done);
    let mut text = serde_json::to_vec(&answer).unwrap_or_default();
    text.push(b'\n');
    drop(write.write_all(&text).await);
}

/// Gives an order to the demo that uses `state`; what it says when that is done.
pub(crate) async fn give(state: &Path, part: &str, order: Order) -> anyhow::Result<String> {
    let request = match order {
        Order::Restart => Request::Restart(part.to_owned()),
        Order::Kill => Request::Kill(part.to_owned()),
    };
    let ask = async {
        let door = Door::of(state)?;
        let mut stream = UnixStream::connect(door.path()).await?;
        let mut text = serde_json::to_vec(&request)?;
        text.push(b'\n');
        stream.write_all(&text).await?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await?;
        io::Result::Ok(serde_json::from_str(&line)?)
    };
    let answer = tokio::time::timeout(OUTCOME, ask)
        .await
        .with_context(|| format!("the demo does not answer within {} s", OUTCOME.as_secs()))?;
    match answer {
        Ok(Answer::Done(text)) => Ok(text),
        Ok(Answer::Refused(text)) => bail!(text),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            bail!(nobody(state))
        }
        Err(error) => Err(error).context("the demo cannot be asked"),
    }
}

pub(crate) fn nobody(state: &Path) -> String {
    format!(
        "no demo runs with the state directory {}; start one by `make demo`, or name another with --state-dir",
        state.display()
    )
}

/// The way to the socket: the kernel takes no more than 107 bytes for one, and a state directory may lie deeper.
struct Door {
    folder: File,
}

impl Door {
    fn of(state: &Path) -> io::Result<Self> {
        Ok(Self {
            folder: File::open(state)?,
        })
    }

    fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}/{SOCKET}", self.folder.as_raw_fd()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_may_lie_deep_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("deep".repeat(40)).join("er".repeat(60));
        fs::create_dir_all(&state).unwrap();
        let told = give(&state, "part", Order::Kill).await.unwrap_err().to_string();
        assert!(
            told.starts_with("no demo runs with the state directory /"),
            "{told}"
        );
        for _ in 0..2 {
            let listener = listen(&state).unwrap();
            let mode = fs::metadata(state.join(SOCKET)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let server = tokio::spawn(serve(listener, Orders::default()));
            let told = give(&state, "part", Order::Restart)
                .await
                .unwrap_err()
                .to_string();
            assert_eq!(told, "this box has no part part; it has ");
            // its file stays, as that of a killed demo does
            server.abort();
            drop(server.await);
        }
        let told = give(&state, "part", Order::Kill).await.unwrap_err().to_string();
        assert!(
            told.starts_with("no demo runs with the state directory /"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn what_is_no_request_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let server = tokio::spawn(serve(listen(folder.path()).unwrap(), Orders::default()));
        let mut stream = UnixStream::connect(folder.path().join(SOCKET)).await.unwrap();
        stream.write_all(b"{\"explode\":\"all\"}\n").await.unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.unwrap();
        assert!(
            line.starts_with("{\"refused\":\"this demo does not understand: "),
            "{line}"
        );
        server.abort();
    }
}
