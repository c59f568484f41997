//! Writes protobuf, and remembers the places of what is written over later.

/// Offsets within a message of what changes from one sending to the next.
pub trait Places: Default {
    /// Adds the places of a part that begins at `offset`.
    fn add(&mut self, part: Self, offset: usize);
}

/// A message that is sent as it is.
impl Places for () {
    fn add(&mut self, (): Self, _offset: usize) {}
}

/// A message in the making.
#[derive(Debug, Default)]
pub struct Message<P> {
    /// What it has so far.
    pub bytes: Vec<u8>,
    /// Where in these bytes something changes.
    pub places: P,
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A string.
    Text(String),
    /// An integer.
    Integer(u64),
}

impl<P: Places> Message<P> {
    /// A number without a field before it, as lists of numbers have.
    pub fn write_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// A field of a number.
    pub fn varint(&mut self, field: u32, value: u64) {
        self.write_varint(u64::from(field << 3));
        self.write_varint(value);
    }

    /// A field of eight bytes. Where the number stands.
    pub fn fixed64(&mut self, field: u32, value: u64) -> u32 {
        self.write_varint(u64::from(field << 3 | 1));
        self.bytes.extend(value.to_le_bytes());
        self.bytes.len() as u32 - 8
    }

    /// A field of bytes. Where they stand.
    pub fn bytes(&mut self, field: u32, value: &[u8]) -> u32 {
        self.write_varint(u64::from(field << 3 | 2));
        self.write_varint(value.len() as u64);
        self.bytes.extend(value);
        (self.bytes.len() - value.len()) as u32
    }

    /// A field of text.
    pub fn text(&mut self, field: u32, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    /// A field that is a message.
    pub fn message(&mut self, field: u32, value: Self) {
        let offset = self.bytes(field, &value.bytes);
        self.places.add(value.places, offset as usize);
    }

    /// An attribute: a `KeyValue` of OTLP.
    pub fn attribute(key: &str, value: &Attribute) -> Self {
        let mut any = Self::default();
        match value {
            Attribute::Text(text) => any.text(1, text),
            Attribute::Integer(integer) => any.varint(3, *integer),
        }
        let mut attribute = Self::default();
        attribute.text(1, key);
        attribute.message(2, any);
        attribute
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Fields, Value};

    #[derive(Debug, Default)]
    struct Offsets(Vec<u32>);

    impl Places for Offsets {
        fn add(&mut self, part: Self, offset: usize) {
            self.0.extend(part.0.iter().map(|place| place + offset as u32));
        }
    }

    #[test]
    fn places_move_with_the_message_that_they_are_in() {
        let mut point = Message::<Offsets>::default();
        point.text(7, "a point");
        let place = point.fixed64(6, 1);
        point.places.0.push(place);
        let mut outer = Message::default();
        outer.varint(2, 300);
        outer.message(1, point);
        let place = outer.places.0[0] as usize;
        outer.bytes[place..place + 8].copy_from_slice(&77_u64.to_le_bytes());

        let fields: Vec<_> = Fields::new(&outer.bytes).collect();
        assert_eq!(fields[0], (2, Value::Number(300)));
        let (1, Value::Bytes(point)) = fields[1] else {
            panic!("{fields:?}")
        };
        let fields: Vec<_> = Fields::new(point).collect();
        assert_eq!(fields, [(7, Value::Bytes(b"a point")), (6, Value::Fixed64(77))]);
    }
}
