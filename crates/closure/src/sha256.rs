//! SHA-256 in the spellings that Nix uses.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest;

/// A SHA-256 digest. Displayed as Nix displays it: `sha256:` and 52 characters of its own base-32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

/// Text that is no SHA-256 digest in any of Nix's spellings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no SHA-256 hash in base-16, base-32 or base-64")]
pub struct InvalidHash(String);

impl Sha256 {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In Nix's base-32, without a prefix.
    pub fn base32(&self) -> String {
        nix_base32::to_nix_base32(&self.0)
    }
}

impl From<[u8; 32]> for Sha256 {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.base32())
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256 {
    type Err = InvalidHash;

    /// All that Nix prints: base-16, base-32 or base-64, with or without `sha256:`, and `sha256-` with base-64.
    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        let digits = text
            .strip_prefix("sha256:")
            .or_else(|| text.strip_prefix("sha256-").filter(|digits| digits.len() == 44))
            .unwrap_or(text);
        // each spelling has a length of its own
        let bytes = match digits.len() {
            64 => base16(digits),
            52 => nix_base32::from_nix_base32(digits),
            44 => BASE64_STANDARD.decode(digits).ok(),
            _ => None,
        };
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| InvalidHash(text.to_owned()))
    }
}

fn base16(digits: &str) -> Option<Vec<u8>> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8)
        })
        .collect()
}

/// A digest in the making.
pub(crate) struct Hasher {
    context: digest::Context,
    bytes: u64,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self {
            context: digest::Context::new(&digest::SHA256),
            bytes: 0,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// How much has gone into it.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn finish(self) -> Sha256 {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.context.finish().as_ref());
        Sha256(bytes)
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_is_read() {
        // of the empty string, as `nix-hash` spells it
        let hash = Sha256::of(b"");
        assert_eq!(
            hash.to_string(),
            "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"
        );
        for text in [
            "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
            "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        ] {
            assert_eq!(text.parse(), Ok(hash), "{text}");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for text in [
            "",
            "sha256:",
            "0",
            // e is no digit
            "sha256:emdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
            // a first digit beyond the last bit
            "sha256:2mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
            "sha1:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
            "g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha256-0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU!",
        ] {
            assert!(text.parse::<Sha256>().is_err(), "{text}");
        }
    }

    /// Base-32 by its definition: the digest as a number, least significant byte first, divided by 32 again and again.
    fn naive_base32(bytes: &[u8; 32]) -> String {
        let mut number = bytes.to_vec();
        let mut digits = Vec::new();
        for _ in 0..52 {
            let mut rest = 0u32;
            for byte in number.iter_mut().rev() {
                let value = rest * 256 + u32::from(*byte);
                *byte = (value / 32) as u8;
                rest = value % 32;
            }
            digits.push(b"0123456789abcdfghijklmnpqrsvwxyz"[rest as usize]);
        }
        digits.reverse();
        String::from_utf8(digits).expect("digits")
    }

    proptest! {
        #[test]
        fn base32_is_what_its_definition_says(bytes in any::<[u8; 32]>()) {
            let hash = Sha256::from(bytes);
            prop_assert_eq!(hash.base32(), naive_base32(&bytes));
            prop_assert_eq!(hash.to_string().parse(), Ok(hash));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,70}") {
            let _ = text.parse::<Sha256>();
        }
    }
}
