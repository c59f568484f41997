use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyText;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1 as model;
use opentelemetry_proto::tonic::resource::v1::Resource;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::*;

pub(crate) mod random;
mod rebuilt;

use self::rebuilt::{expected, rebuilt};
use super::walk::{walk, walk_points};

type Attributes = Vec<(String, String)>;

fn read_attributes(message: &[u8], number: u32) -> Attributes {
    attributes(message, number)
        .map(|attribute| attribute.map(|(key, value)| (key.to_owned(), value)))
        .collect::<Result<_, _>>()
        .expect("attributes that were encoded can be read")
}

fn modelled_attributes(attributes: &[KeyValue]) -> Attributes {
    let text = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(AnyText::StringValue(text)) => text.clone(),
        other => modelled_json(other).unwrap_or_default(),
    };
    attributes
        .iter()
        .map(|attribute| (attribute.key.clone(), text(attribute)))
        .collect()
}

fn modelled_json(value: Option<&AnyText>) -> Option<String> {
    let inner = |value: Option<&AnyValue>| {
        modelled_json(value.and_then(|value| value.value.as_ref())).unwrap_or_else(|| "null".to_owned())
    };
    Some(match value? {
        AnyText::StringValue(text) => format!("{text:?}"),
        AnyText::BoolValue(value) => value.to_string(),
        AnyText::IntValue(value) => value.to_string(),
        AnyText::DoubleValue(value) => format!("{value}"),
        AnyText::ArrayValue(list) => {
            let values: Vec<_> = list.values.iter().map(|value| inner(Some(value))).collect();
            format!("[{}]", values.join(","))
        }
        AnyText::KvlistValue(map) => {
            let entry = |entry: &KeyValue| format!("{:?}:{}", entry.key, inner(entry.value.as_ref()));
            format!(
                "{{{}}}",
                map.values.iter().map(entry).collect::<Vec<_>>().join(",")
            )
        }
        _ => unreachable!("not generated"),
    })
}

/// Attributes whose text the model can be asked for: no characters that Rust and JSON escape differently.
fn plain_attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let leaf = prop_oneof![
        "[a-zA-Z0-9 äß/]{0,12}".prop_map(AnyText::StringValue),
        any::<bool>().prop_map(AnyText::BoolValue),
        any::<i64>().prop_map(AnyText::IntValue),
        (-1000_i32..1000).prop_map(|value| AnyText::DoubleValue(f64::from(value) / 8.0)),
    ];
    let attribute = ("[a-z.é]{0,8}", random::value_of(leaf)).prop_map(|(key, value)| KeyValue {
        key,
        value: Some(value),
        ..KeyValue::default()
    });
    vec(attribute, 0..4)
}

proptest! {
    #[test]
    fn views_and_prost_read_the_same(request in random::request()) {
        let encoded = request.encode_to_vec();
        let rebuilt = rebuilt(&encoded).expect("what prost encodes is well-formed");
        let expected = expected(request);
        // bytes, because NaN is equal to NaN here
        if rebuilt.encode_to_vec() != expected.encode_to_vec() {
            prop_assert_eq!(rebuilt, expected);
        }
    }

    #[test]
    fn attributes_have_the_text_of_what_prost_encodes(attributes in plain_attributes()) {
        let message = Resource { attributes: attributes.clone(), ..Resource::default() }.encode_to_vec();
        prop_assert_eq!(read_attributes(&message, 1), modelled_attributes(&attributes));
    }

    #[test]
    fn a_damaged_request_never_panics(request in random::request(), at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut encoded = request.encode_to_vec();
        if !encoded.is_empty() {
            let at = at.index(encoded.len());
            encoded[at] = byte;
            encoded.truncate(cut.index(encoded.len()) + 1);
        }
        walk(&encoded);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        walk(&bytes);
        walk_points(&bytes);
    }
}

/// The text of one value.
fn as_text(value: AnyText) -> Result<String, AttributeError> {
    let attribute = KeyValue {
        key: "k".to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    };
    let message = Resource {
        attributes: vec![attribute],
        ..Resource::default()
    }
    .encode_to_vec();
    let (_, text) = attributes(&message, 1).next().expect("one attribute")?;
    Ok(text)
}

#[test]
fn values_become_text_as_the_specification_says() {
    use AnyText::{ArrayValue as List, BytesValue, DoubleValue, StringValue};
    let list = |values: Vec<AnyText>| {
        let values = values
            .into_iter()
            .map(|value| AnyValue { value: Some(value) })
            .collect();
        List(ArrayValue { values })
    };
    for (value, expected) in [
        (StringValue("hello \"world\"".to_owned()), "hello \"world\""),
        (DoubleValue(3.5), "3.5"),
        (DoubleValue(f64::NAN), "NaN"),
        (DoubleValue(f64::NEG_INFINITY), "-Infinity"),
        (BytesValue(b"hello world".to_vec()), "aGVsbG8gd29ybGQ="),
        (BytesValue(b"12".to_vec()), "MTI="),
        (BytesValue(b"1".to_vec()), "MQ=="),
        (
            list(vec![
                DoubleValue(f64::INFINITY),
                StringValue("a\"\n\u{1}".to_owned()),
                BytesValue(vec![0]),
            ]),
            "[\"Infinity\",\"a\\\"\\n\\u0001\",\"AA==\"]",
        ),
    ] {
        assert_eq!(as_text(value).as_deref(), Ok(expected));
    }
}

#[test]
fn values_nested_without_end_are_refused() {
    let mut value = AnyText::BoolValue(true);
    for _ in 0..90 {
        value = AnyText::ArrayValue(ArrayValue {
            values: vec![AnyValue { value: Some(value) }],
        });
    }
    assert_eq!(as_text(value), Err(AttributeError::TooDeep));
}

#[test]
fn attributes_that_stand_apart_are_gathered() {
    let one = model::NumberDataPoint {
        attributes: crate::requests::attributes(&[("a", "1")]),
        flags: 1,
        ..model::NumberDataPoint::default()
    };
    let other = model::NumberDataPoint {
        attributes: crate::requests::attributes(&[("b", "2")]),
        ..one.clone()
    };
    // the fields of both messages after each other are one message, by the rules of protobuf
    let message = [one.encode_to_vec(), other.encode_to_vec()].concat();
    let point = NumberPoint::new(&message).expect("a point");
    let found = read_attributes(&point.attributes, NumberPoint::ATTRIBUTES);
    assert_eq!(
        found,
        [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]
    );
}

#[test]
fn unpacked_and_split_numbers_are_read() {
    let mut message = Vec::new();
    for number in [1_u64, 2] {
        message.push(6 << 3 | 1);
        message.extend_from_slice(&number.to_le_bytes());
    }
    wire::write_bytes(&mut message, 6, &3_u64.to_le_bytes());
    let point = HistogramPoint::new(&message).expect("a point");
    assert_eq!(point.bucket_counts.integers().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn integers_of_buckets_are_read_packed_or_not() {
    let mut buckets = Vec::new();
    wire::write_integer(&mut buckets, 2, 1);
    wire::write_integer(&mut buckets, 2, u64::MAX);
    wire::write_bytes(&mut buckets, 2, &[0x80, 0x01, 0x03]);
    wire::write_integer(&mut buckets, 1, 3);
    let mut message = Vec::new();
    wire::write_bytes(&mut message, 8, &buckets);
    // a part of the same message: its counts are added, its offset wins
    wire::write_bytes(&mut message, 8, &[0x12, 0x01, 0x07, 0x08, 0x04]);
    let point = ExponentialHistogramPoint::new(&message).expect("a point");
    assert_eq!(
        point.positive.counts.integers().collect::<Vec<_>>(),
        [1, u64::MAX, 128, 3, 7]
    );
    assert_eq!(point.positive.counts.len(), 5);
    assert_eq!(point.positive.offset, 2);
    assert_eq!(point.negative, Buckets::default());
}

#[test]
fn packed_integers_that_are_none_are_malformed() {
    for (run, expected) in [
        (&[1, 0x80][..], Malformed::Truncated),
        (&[0xff; 11], Malformed::LongVarint),
    ] {
        let mut buckets = Vec::new();
        wire::write_bytes(&mut buckets, 2, run);
        let mut message = Vec::new();
        wire::write_bytes(&mut message, 9, &buckets);
        assert_eq!(ExponentialHistogramPoint::new(&message).err(), Some(expected));
    }
}

#[test]
fn exemplars_that_stand_apart_are_found() {
    let mut message = Vec::new();
    for time in [1_u64, 2] {
        let exemplar = model::Exemplar {
            time_unix_nano: time,
            value: Some(model::exemplar::Value::AsInt(-3)),
            ..model::Exemplar::default()
        };
        wire::write_bytes(&mut message, 5, &exemplar.encode_to_vec());
        wire::write_integer(&mut message, 8, 1);
    }
    let point = NumberPoint::new(&message).expect("a point");
    let found: Vec<_> = point
        .exemplars
        .iter()
        .map(|exemplar| exemplar.map(|exemplar| (exemplar.time, exemplar.value)))
        .collect();
    assert_eq!(found, [Ok((1, -3.0)), Ok((2, -3.0))]);
}

#[test]
fn data_that_stands_twice_is_malformed() {
    let gauge = model::Metric {
        data: Some(model::metric::Data::Gauge(model::Gauge::default())),
        ..model::Metric::default()
    };
    let message = [gauge.encode_to_vec(), gauge.encode_to_vec()].concat();
    let mut scope = Vec::new();
    wire::write_bytes(&mut scope, 2, &message);
    let mut resource = Vec::new();
    wire::write_bytes(&mut resource, 2, &scope);
    let mut request = Vec::new();
    wire::write_bytes(&mut request, 1, &resource);
    assert_eq!(rebuilt(&request).err(), Some(Malformed::Twice));
}
