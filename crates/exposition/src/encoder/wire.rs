//! Protobuf's wire format, as far as it is written here.

/// Appends a number, seven bits a byte, the least first.
#[inline]
pub(super) fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a number of either sign, small magnitudes in few bytes.
pub(super) fn write_zigzag(out: &mut Vec<u8>, value: i64) {
    write_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends a field of eight bytes.
#[inline]
pub(super) fn write_double(out: &mut Vec<u8>, tag: u8, value: f64) {
    out.push(tag);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a field that is a number.
pub(super) fn write_number(out: &mut Vec<u8>, tag: u8, value: u64) {
    out.push(tag);
    write_varint(out, value);
}

/// Appends a field that is a text.
#[inline]
pub(super) fn write_text(out: &mut Vec<u8>, tag: u8, text: &str) {
    out.push(tag);
    write_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// How long a number is as a varint.
#[inline]
pub(super) fn varint_len(value: usize) -> usize {
    (usize::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// A message whose length is not known yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    start: usize,
    /// Bytes kept free for the length.
    reserved: usize,
}

/// Begins a message. `reserved` is how long its length will probably be as a varint; it is moved where that is wrong.
#[inline]
pub(super) fn begin(out: &mut Vec<u8>, reserved: usize) -> Open {
    let start = out.len();
    out.extend_from_slice(&[0; 8][..reserved]);
    Open { start, reserved }
}

/// Ends a message: its length takes its place.
#[inline]
pub(super) fn end(out: &mut Vec<u8>, Open { start, reserved }: Open) {
    let body = start + reserved;
    let length = out.len() - body;
    let needed = varint_len(length);
    if needed != reserved {
        out.resize(body + length + needed.saturating_sub(reserved), 0);
        out.copy_within(body..body + length, start + needed);
        out.truncate(start + needed + length);
    }
    let mut rest = length;
    for (index, byte) in out[start..start + needed].iter_mut().enumerate() {
        let more = if index + 1 < needed { 0x80 } else { 0 };
        *byte = rest as u8 & 0x7f | more;
        rest >>= 7;
    }
}

/// Appends a message whose body `write` appends.
#[inline]
pub(super) fn write_message(out: &mut Vec<u8>, tag: u8, reserved: usize, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let open = begin(out, reserved);
    write(out);
    end(out, open);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lengths_take_the_place_that_they_need(
            before in prop::collection::vec(any::<u8>(), 0..5),
            length in prop_oneof![0..300_usize, 16_300..16_500_usize],
            reserved in 1..=4_usize,
        ) {
            let body: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let mut out = before.clone();
            write_message(&mut out, 0x0a, reserved, |out| out.extend_from_slice(&body));
            let mut expected = before;
            expected.push(0x0a);
            prost::encode_length_delimiter(length, &mut expected).expect("a `Vec` grows");
            expected.extend_from_slice(&body);
            prop_assert_eq!(out, expected);
        }

        #[test]
        fn numbers_are_as_prost_writes_them(value: u64) {
            let (mut out, mut expected) = (Vec::new(), Vec::new());
            write_varint(&mut out, value);
            prost::encoding::encode_varint(value, &mut expected);
            prop_assert_eq!(out, expected);
            prop_assert_eq!(varint_len(value as usize), prost::length_delimiter_len(value as usize));
        }
    }
}
