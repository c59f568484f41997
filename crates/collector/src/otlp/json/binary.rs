//! Bytes in text.

/// Appends the bytes of hexadecimal digits; false if they are none.
pub(super) fn write_hex(out: &mut Vec<u8>, text: &[u8]) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, odd) = text.as_chunks::<2>();
    for [high, low] in pairs {
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            return false;
        };
        out.push((high << 4 | low) as u8);
    }
    odd.is_empty()
}

/// Appends the bytes of base64 (RFC 4648, sections 4 and 5), padded or not; false if it is none.
pub(super) fn write_base64(out: &mut Vec<u8>, text: &[u8]) -> bool {
    let unpadded = match text {
        [rest @ .., b'=', b'='] | [rest @ .., b'='] if text.len().is_multiple_of(4) => rest,
        whole => whole,
    };
    for group in unpadded.chunks(4) {
        let mut bits = 0;
        for character in group {
            let Some(six) = six_bits(*character) else {
                return false;
            };
            bits = bits << 6 | u32::from(six);
        }
        // two characters are a byte, three are two
        let bytes = group.len() * 6 / 8;
        if bytes == 0 {
            return false;
        }
        bits <<= 32 - 6 * group.len();
        out.extend_from_slice(&bits.to_be_bytes()[..bytes]);
    }
    true
}

fn six_bits(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_every_form() {
        for (text, expected) in [
            ("", Some(&b""[..])),
            ("Zg==", Some(b"f")),
            ("Zg", Some(b"f")),
            ("Zm8=", Some(b"fo")),
            ("Zm8", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("Zm9vYg==", Some(b"foob")),
            ("-_+/", Some(&[0xfb, 0xff, 0xbf])),
            ("Z", None),
            ("Zm9vY", None),
            ("Zg=", None),
            ("Zg===", None),
            ("====", None),
            ("Zm8==", None),
            ("Z g=", None),
            ("Zm=v", None),
        ] {
            let mut bytes = Vec::new();
            let valid = write_base64(&mut bytes, text.as_bytes());
            assert_eq!(valid.then_some(&bytes[..]), expected, "{text}");
        }
    }

    #[test]
    fn hexadecimal_digits_come_in_pairs() {
        for (text, expected) in [
            ("", Some(&b""[..])),
            ("00fFaB", Some(&[0x00, 0xff, 0xab])),
            ("abc", None),
            ("0g", None),
            ("+1", None),
        ] {
            let mut bytes = Vec::new();
            let valid = write_hex(&mut bytes, text.as_bytes());
            assert_eq!(valid.then_some(&bytes[..]), expected, "{text}");
        }
    }
}
