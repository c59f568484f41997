//! Asks over HTTP/1.1, one question after another on one connection.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bench_shared::response::Response;

/// Ends the questions of all clients that have it, from any thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker(Arc<(AtomicBool, Mutex<Vec<TcpStream>>)>);

impl Breaker {
    /// Closes every connection. Questions under way end with an error, and so does every question after.
    pub(crate) fn open(&self) {
        let (is_open, streams) = &*self.0;
        is_open.store(true, Ordering::SeqCst);
        for stream in streams.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // it may be closed already
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.0.load(Ordering::SeqCst)
    }

    fn add(&self, stream: &TcpStream) -> anyhow::Result<()> {
        let mut streams = self.0.1.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(!self.is_open(), "no more is asked");
        streams.push(stream.try_clone()?);
        Ok(())
    }
}

/// A connection, if one is open.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    /// For one question, from asking to the end of its answer.
    timeout: Duration,
    stream: Option<BufReader<TcpStream>>,
    breaker: Breaker,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, timeout: Duration) -> Self {
        Self::with_breaker(address, timeout, Breaker::default())
    }

    pub(crate) fn with_breaker(address: SocketAddr, timeout: Duration, breaker: Breaker) -> Self {
        Self {
            breaker,
            address,
            timeout,
            stream: None,
        }
    }

    /// Status and body of the answer.
    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        // after an error the connection may have the rest of an answer on it
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        let answer = self
            .exchange(&mut stream, path)
            .with_context(|| format!("{} does not answer", self.address))?;
        self.stream = Some(stream);
        Ok(answer)
    }

    /// The body of an answer that must be 200.
    pub(crate) fn body(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        let (status, body) = self.get(path)?;
        ensure!(
            status == 200,
            "{} answers {status} to {path}: {}",
            self.address,
            String::from_utf8_lossy(&body)
                .chars()
                .take(300)
                .collect::<String>()
        );
        Ok(body)
    }

    fn connect(&self) -> anyhow::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect_timeout(&self.address, self.timeout)
            .with_context(|| format!("no connection to {}", self.address))?;
        stream.set_nodelay(true)?;
        self.breaker.add(&stream)?;
        Ok(BufReader::new(stream))
    }

    fn exchange(&self, stream: &mut BufReader<TcpStream>, path: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        let end = Instant::now() + self.timeout;
        let left = || {
            let left = end.saturating_duration_since(Instant::now());
            ensure!(!left.is_zero(), "no answer in {:?}", self.timeout);
            Ok(left)
        };
        stream.get_ref().set_write_timeout(Some(self.timeout))?;
        stream.get_ref().set_read_timeout(Some(left()?))?;
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        stream.get_mut().write_all(head.as_bytes())?;
        let mut response = Response::read(&mut *stream)?;
        let mut body = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = response.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            body.extend_from_slice(&buffer[..read]);
            left()?;
        }
        Ok((response.status, body))
    }
}

/// Text as it stands in the query of a URL.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_breaker_ends_a_question_that_nobody_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let breaker = Breaker::default();
        let mut client = Client::with_breaker(address, Duration::from_mins(5), breaker.clone());
        let asking = std::thread::spawn(move || {
            let first = client.get("/");
            (first, client.get("/"))
        });
        // the question is under way when its connection is
        let (stream, _) = listener.accept().expect("a connection");
        breaker.open();
        let (first, second) = asking.join().expect("it ends");
        assert!(first.is_err() && second.is_err() && breaker.is_open());
        drop(stream);
    }

    #[test]
    fn a_query_is_encoded() {
        assert_eq!(
            encoded("rate(a_b{c=\"d\"}[5m])"),
            "rate%28a_b%7Bc%3D%22d%22%7D%5B5m%5D%29"
        );
    }
}
