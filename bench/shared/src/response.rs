//! An answer over HTTP/1.1: its head, and its body as it comes out of its chunks.

use std::io::{BufRead, Error, ErrorKind, Read};

/// An answer, to read the body from.
#[derive(Debug)]
pub struct Response<R> {
    /// Its status code.
    pub status: u16,
    /// What the body is, as the answer says.
    pub content_type: String,
    /// Whether the body is compressed.
    pub gzip: bool,
    /// Bytes of the body that were read.
    pub bytes: u64,
    inner: R,
    chunked: bool,
    /// Bytes up to the end of the chunk, or of the body.
    left: u64,
    ended: bool,
}

impl<R: BufRead> Response<R> {
    /// Reads the head.
    pub fn read(mut inner: R) -> std::io::Result<Self> {
        let mut line = String::new();
        inner.read_line(&mut line)?;
        let status = line
            .split_whitespace()
            .nth(1)
            .and_then(|status| status.parse().ok());
        let mut response = Self {
            status: status.ok_or_else(|| broken("no status line"))?,
            content_type: String::new(),
            gzip: false,
            bytes: 0,
            inner,
            chunked: false,
            // without a length it goes on until the connection is closed
            left: u64::MAX,
            ended: false,
        };
        loop {
            line.clear();
            response.inner.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-type" => value.clone_into(&mut response.content_type),
                "content-encoding" => response.gzip = value == "gzip",
                "content-length" => response.left = value.parse().map_err(|_| broken("content-length"))?,
                "transfer-encoding" => response.chunked = value == "chunked",
                _ => {}
            }
        }
        if response.chunked {
            response.left = 0;
            response.next_chunk()?;
        }
        Ok(response)
    }

    fn next_chunk(&mut self) -> std::io::Result<()> {
        let mut line = String::new();
        self.inner.read_line(&mut line)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        self.left = u64::from_str_radix(size, 16).map_err(|_| broken("the size of a chunk"))?;
        self.ended = self.left == 0;
        if self.ended {
            // what may follow the last chunk ends with an empty line; the next answer begins after it
            while self.inner.read_line(&mut line)? > 2 {}
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Response<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.ended || self.left == 0 {
            return Ok(0);
        }
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut buffer[..wanted])?;
        if read == 0 {
            let is_cut_off = self.chunked || self.left < u64::MAX / 2;
            return if is_cut_off {
                Err(ErrorKind::UnexpectedEof.into())
            } else {
                Ok(0)
            };
        }
        self.bytes += read as u64;
        self.left -= read as u64;
        if self.left == 0 && self.chunked {
            let mut end = [0; 2];
            self.inner.read_exact(&mut end)?;
            self.next_chunk()?;
        }
        Ok(read)
    }
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the answer is broken: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(answer: &[u8]) -> std::io::Result<(u16, String)> {
        let mut response = Response::read(answer)?;
        let mut body = String::new();
        response.read_to_string(&mut body)?;
        Ok((response.status, body))
    }

    #[test]
    fn a_body_ends_with_its_length_its_last_chunk_or_the_connection() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab\ncdrest",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\n\ncd\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nab\ncd",
        ] {
            assert_eq!(
                body(answer.as_bytes()).expect("a body"),
                (200, "ab\ncd".to_owned()),
                "{answer}"
            );
        }
    }

    #[test]
    fn the_next_answer_begins_where_one_ends() {
        let mut answers =
            &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx: y\r\n\r\n\
            HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n\
            HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nz"[..];
        let mut found = Vec::new();
        for _ in 0..3 {
            let mut response = Response::read(&mut answers).expect("an answer");
            let mut body = String::new();
            response.read_to_string(&mut body).expect("a body");
            found.push((response.status, body));
        }
        let expected = [(200, "ab"), (204, ""), (404, "z")];
        assert_eq!(found, expected.map(|(status, body)| (status, body.to_owned())));
    }

    #[test]
    fn a_body_that_is_cut_off_is_an_error() {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc",
        ] {
            let error = body(answer.as_bytes()).expect_err("it is cut off");
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{answer}");
        }
    }
}
