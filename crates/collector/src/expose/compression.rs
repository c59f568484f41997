//! Compresses a stream of chunks, chunk by chunk.

use std::io::{self, Write};

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::write::GzEncoder;

/// How a scrape is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    const ALL: [Self; 3] = [Self::Zstd, Self::Gzip, Self::Identity];

    /// The coding that a client likes best; of those that it likes as much, the one that is the least work. Without a
    /// word from the client, none (RFC 9110, section 12.5.3).
    pub(super) fn negotiate(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
        let wishes: Vec<(String, f32)> = accepted
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|wish| {
                let (name, parameters) = wish.split_once(';').unwrap_or((wish, ""));
                let quality = parameters
                    .trim()
                    .strip_prefix("q=")
                    .map_or(Some(1.0), |quality| quality.parse().ok());
                (name.trim().to_ascii_lowercase(), quality.unwrap_or(0.0))
            })
            .collect();
        let quality_of = |coding: Self| {
            let named = wishes.iter().find(|(name, _)| name == coding.as_str());
            let any = wishes
                .iter()
                .find(|(name, _)| name == "*" && coding != Self::Identity);
            // whoever says nothing of identity takes it, as a last resort
            let unnamed = if coding == Self::Identity {
                f32::MIN_POSITIVE
            } else {
                0.0
            };
            named.or(any).map_or(unnamed, |(_, quality)| *quality)
        };
        let mut best = Self::Identity;
        for coding in Self::ALL {
            if quality_of(coding) > quality_of(best) {
                best = coding;
            }
        }
        best
    }

    /// Its name in `Accept-Encoding` and `Content-Encoding`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Compresses chunks.
    pub(super) fn encode(
        self,
        chunks: impl Iterator<Item = Bytes> + Send + 'static,
    ) -> Box<dyn Iterator<Item = Bytes> + Send> {
        // label text compresses well at any level, and the fastest keeps a scrape short
        match self {
            Self::Identity => Box::new(chunks),
            Self::Gzip => Box::new(Compressed {
                chunks,
                encoder: Some(GzEncoder::new(Vec::new(), flate2::Compression::fast())),
            }),
            Self::Zstd => match zstd::stream::write::Encoder::new(Vec::new(), 1) {
                Ok(encoder) => Box::new(Compressed {
                    chunks,
                    encoder: Some(encoder),
                }),
                Err(error) => unreachable!("level 1 exists and a vector takes every write: {error}"),
            },
        }
    }
}

/// A compressor that writes into a vector.
trait Encoder: Write {
    /// What is ready.
    fn ready(&mut self) -> Vec<u8>;
    /// What is left at the end.
    fn finish(self) -> io::Result<Vec<u8>>;
}

impl Encoder for GzEncoder<Vec<u8>> {
    fn ready(&mut self) -> Vec<u8> {
        std::mem::take(self.get_mut())
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        self.finish()
    }
}

impl Encoder for zstd::stream::write::Encoder<'static, Vec<u8>> {
    fn ready(&mut self) -> Vec<u8> {
        std::mem::take(self.get_mut())
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        self.finish()
    }
}

/// The chunks of another iterator, compressed. Ends with what the compressor still held.
struct Compressed<I, E> {
    chunks: I,
    /// `None` after the end.
    encoder: Option<E>,
}

impl<I: Iterator<Item = Bytes>, E: Encoder> Iterator for Compressed<I, E> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            let encoder = self.encoder.as_mut()?;
            let compressed = if let Some(chunk) = self.chunks.next() {
                encoder.write_all(&chunk).expect("a vector takes every write");
                encoder.ready()
            } else {
                let encoder = self.encoder.take()?;
                encoder.finish().expect("a vector takes every write")
            };
            if !compressed.is_empty() {
                return Some(Bytes::from(compressed));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_was_compressed_reads_back() {
        let chunks = [
            "metric{a=\"1\"} 1\n".repeat(5000),
            String::new(),
            "end\n".to_owned(),
        ];
        let whole = chunks.concat();
        for coding in Coding::ALL {
            let sent: Vec<u8> = coding
                .encode(chunks.clone().into_iter().map(Bytes::from))
                .flatten()
                .collect();
            let mut text = String::new();
            match coding {
                Coding::Identity => text = String::from_utf8(sent.clone()).expect("text"),
                Coding::Gzip => {
                    flate2::read::GzDecoder::new(&sent[..])
                        .read_to_string(&mut text)
                        .expect("gzip");
                }
                Coding::Zstd => {
                    text = String::from_utf8(zstd::decode_all(&sent[..]).expect("zstd")).expect("text");
                }
            }
            assert_eq!(text, whole);
            assert!(
                coding == Coding::Identity || sent.len() < whole.len() / 10,
                "{coding:?}"
            );
        }
    }

    #[test]
    fn the_client_chooses() {
        for (value, expected) in [
            ("gzip", Coding::Gzip),
            ("deflate, gzip;q=0.5", Coding::Gzip),
            ("GZIP", Coding::Gzip),
            ("gzip;q=0", Coding::Identity),
            ("gzip; q=0.0", Coding::Identity),
            ("gzip, zstd", Coding::Zstd),
            ("gzip, zstd;q=0.9", Coding::Gzip),
            ("gzip;q=0.4, identity;q=0.5", Coding::Identity),
            ("*", Coding::Zstd),
            ("*;q=0.1, zstd;q=0", Coding::Gzip),
            ("identity", Coding::Identity),
            ("br", Coding::Identity),
            ("", Coding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().expect("a header"));
            assert_eq!(Coding::negotiate(&headers), expected, "{value:?}");
        }
        assert_eq!(Coding::negotiate(&HeaderMap::new()), Coding::Identity);
    }
}
