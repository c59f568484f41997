//! Compressed bodies.

use std::io::{self, Read};

use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;

use super::Refusal;
use crate::admission::Permit;

/// Compressed bodies are unpacked in steps of this many bytes, each of which must be admitted.
const UNPACK_STEP: u64 = 64 * 1024;

/// The window of a zstd frame, as a power of two, that every decoder should take (RFC 8878, section 3.1.1.1.2): 8 MiB. A
/// frame could ask for gigabytes.
const ZSTD_WINDOW: u32 = 23;

/// What a sender is told when it compresses in another way.
pub(super) const ACCEPTED: &str = "gzip, zstd";

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Packing {
    /// What `content-encoding` says, in however many headers.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut packing = Self::None;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let value = String::from_utf8_lossy(value.as_bytes());
            for coding in value.split(',').map(str::trim) {
                let found = match coding.to_ascii_lowercase().as_str() {
                    "" | "identity" => continue,
                    "gzip" | "x-gzip" => Self::Gzip,
                    "zstd" => Self::Zstd,
                    _ => return Err(Refusal::ContentEncoding(coding.to_owned())),
                };
                if packing != Self::None {
                    return Err(Refusal::ContentEncodings);
                }
                packing = found;
            }
        }
        Ok(packing)
    }

    /// Unpacks a body, or copies it.
    pub(super) fn unpack(self, body: &[u8], permit: &Permit, limit: usize) -> Result<Vec<u8>, Refusal> {
        match self {
            Self::None => Ok(body.to_vec()),
            Self::Gzip => read(MultiGzDecoder::new(body), 0, permit, limit),
            Self::Zstd => {
                let mut decoder =
                    zstd::stream::read::Decoder::with_buffer(body).map_err(|_| Refusal::Compression)?;
                decoder
                    .window_log_max(ZSTD_WINDOW)
                    .map_err(|_| Refusal::Compression)?;
                read(decoder, 1 << ZSTD_WINDOW, permit, limit)
            }
        }
    }
}

/// Reads to the end, in steps. `window` is how much of it a decoder keeps for itself.
fn read(mut decoder: impl Read, window: usize, permit: &Permit, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    loop {
        let step = decoder.by_ref().take(UNPACK_STEP).read_to_end(&mut unpacked);
        let step = step.map_err(|_: io::Error| Refusal::Compression)?;
        if step == 0 {
            return Ok(unpacked);
        }
        let kept = if unpacked.len() <= window { step } else { 0 };
        permit.grow(step + kept)?;
        if unpacked.len() > limit {
            return Err(Refusal::TooLarge { limit });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::admission::Admission;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("room");
        encoder.finish().expect("room")
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).expect("room")
    }

    #[test]
    fn one_coding_is_taken_and_others_are_told() {
        let of = |values: &[&str]| {
            let header = |value: &&str| {
                (
                    header::CONTENT_ENCODING,
                    HeaderValue::from_str(value).expect("a value"),
                )
            };
            Packing::of(&values.iter().map(header).collect())
        };
        for (values, expected) in [
            (&[][..], Ok(Packing::None)),
            (&[""], Ok(Packing::None)),
            (&["identity"], Ok(Packing::None)),
            (&["GZip"], Ok(Packing::Gzip)),
            (&["identity, zstd"], Ok(Packing::Zstd)),
            (&["identity", "x-gzip"], Ok(Packing::Gzip)),
            (&["gzip, zstd"], Err(Refusal::ContentEncodings)),
            (&["gzip", "gzip"], Err(Refusal::ContentEncodings)),
            (&["gzip, br"], Err(Refusal::ContentEncoding("br".to_owned()))),
        ] {
            assert_eq!(of(values), expected, "{values:?}");
        }
    }

    #[test]
    fn frames_and_members_are_joined_and_broken_ones_refused() {
        let permit = Admission::new(1_000_000).begin();
        for (packing, pack) in [
            (Packing::Gzip, gzip as fn(&[u8]) -> Vec<u8>),
            (Packing::Zstd, zstd),
        ] {
            let packed = [pack(b"one "), pack(b"two")].concat();
            assert_eq!(packing.unpack(&packed, &permit, 100), Ok(b"one two".to_vec()));
            let broken = Err(Refusal::Compression);
            assert_eq!(packing.unpack(&packed[..packed.len() - 1], &permit, 100), broken);
            assert_eq!(packing.unpack(b"one two", &permit, 100), broken);
            assert_eq!(
                packing.unpack(&[&packed[..], b"junk"].concat(), &permit, 100),
                broken
            );
        }
        assert_eq!(Packing::None.unpack(b"one", &permit, 1), Ok(b"one".to_vec()));
    }

    #[test]
    fn a_bomb_is_stopped_while_it_unpacks() {
        let zeroes = vec![0; 10_000_000];
        for (packing, packed) in [(Packing::Gzip, gzip(&zeroes)), (Packing::Zstd, zstd(&zeroes))] {
            let admission = Admission::new(1_000_000);
            let permit = admission.begin();
            let limit = 300_000;
            assert_eq!(
                packing.unpack(&packed, &permit, limit),
                Err(Refusal::TooLarge { limit })
            );
            assert_eq!(
                packing.unpack(&packed, &permit, 10_000_000),
                Err(Refusal::Overloaded)
            );
            assert!(admission.in_flight() <= 1_000_000);
        }
    }

    #[test]
    fn a_zstd_frame_cannot_ask_for_a_larger_window() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.window_log(24).expect("a window");
        encoder.write_all(&vec![7; 1000]).expect("room");
        let packed = encoder.finish().expect("room");
        let permit = Admission::new(1_000_000).begin();
        assert_eq!(
            Packing::Zstd.unpack(&packed, &permit, 10_000),
            Err(Refusal::Compression)
        );
    }
}
