//! Compresses a stream of chunks, chunk by chunk.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// The chunks of another iterator, compressed. Ends with what the compressor still held.
pub(super) struct Gzip<I> {
    chunks: I,
    /// `None` after the end.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl<I> Gzip<I> {
    pub(super) fn new(chunks: I) -> Self {
        Self {
            chunks,
            // label text compresses well at any level, and the fastest keeps a scrape short
            encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())),
        }
    }
}

impl<I: Iterator<Item = Bytes>> Iterator for Gzip<I> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            let encoder = self.encoder.as_mut()?;
            let compressed = if let Some(chunk) = self.chunks.next() {
                encoder.write_all(&chunk).expect("a vector takes every write");
                std::mem::take(encoder.get_mut())
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
        let compressed: Vec<u8> = Gzip::new(chunks.clone().into_iter().map(Bytes::from))
            .flatten()
            .collect();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&compressed[..])
            .read_to_string(&mut text)
            .expect("gzip");
        assert_eq!(text, chunks.concat());
        assert!(compressed.len() < text.len() / 10);
    }
}
