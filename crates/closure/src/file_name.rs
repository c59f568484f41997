use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::str::FromStr;

/// The path of a file within its store path, in bytes, as Unix has them; `.` is the store path itself.
///
/// Displayed with an escape, `\` and two digits of base-16, for each byte that would break a line of text apart, or is
/// no UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Box<[u8]>);

/// Text that is no escaped name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name of a file")]
pub struct InvalidFileName(String);

impl FileName {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The store path itself.
    pub fn root() -> Self {
        Self::new(b".")
    }

    /// As a path, relative to the store path.
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for FileName {
    type Err = InvalidFileName;

    fn from_str(text: &str) -> Result<Self, InvalidFileName> {
        unescape(text)
            .filter(|bytes| !bytes.is_empty())
            .map(|bytes| Self(bytes.into()))
            .ok_or_else(|| InvalidFileName(text.to_owned()))
    }
}

/// Bytes as text without white space and control characters.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let escaped = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            text.push('\\');
            text.push(hex(byte >> 4));
            text.push(hex(byte & 15));
        }
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_whitespace() || character.is_control() || character == '\\' {
                escaped(&mut text, character.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                text.push(character);
            }
        }
        escaped(&mut text, chunk.invalid());
    }
    text
}

/// The bytes that were escaped.
pub(crate) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'\\' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push((digit()? * 16 + digit()?) as u8);
        } else {
            bytes.push(byte);
        }
    }
    Some(bytes)
}

fn hex(digit: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(digit)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_stay_legible() {
        for (bytes, text) in [
            (&b"bin/x"[..], "bin/x"),
            ("F\u{151}tan\u{fa}s.crt".as_bytes(), "F\u{151}tan\u{fa}s.crt"),
            (b"a b\\c\n", "a\\20b\\5cc\\0a"),
            (b"\xff.", "\\ff."),
            ("\u{a0}".as_bytes(), "\\c2\\a0"),
        ] {
            assert_eq!(FileName::new(bytes).to_string(), text);
            assert_eq!(text.parse(), Ok(FileName::new(bytes)));
        }
        for text in ["", "\\", "\\4", "\\xy", "a\\g0"] {
            assert!(text.parse::<FileName>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_name_survives(bytes in proptest::collection::vec(any::<u8>(), 1..40)) {
            let text = FileName::new(&bytes).to_string();
            prop_assert!(!text.contains(char::is_whitespace));
            prop_assert_eq!(text.parse(), Ok(FileName::new(&bytes)));
        }
    }
}
