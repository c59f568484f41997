//! Requests in JSON: counters only, as the JavaScript SDK writes them, 64-bit integers as text.

use std::fmt::Write as _;

use bench_shared::message::Attribute;

use crate::body::{Body, Places, Totals};
use crate::protobuf::first_value;
use crate::shape::{self, Herd, Kind, METRICS, SCOPE, SERIES, SETS};

/// The bodies for a number of series, all of one resource in each.
pub(crate) fn bodies(series: usize, start: u64) -> Vec<Body> {
    (0..series / SERIES).map(|number| body(number, start)).collect()
}

fn body(number: usize, start: u64) -> Body {
    let mut text = String::from(r#"{"resourceMetrics":[{"resource":{"attributes":["#);
    let mut places = Places::default();
    let mut first = Totals::default();
    for (index, (key, value)) in shape::resource(number).into_iter().enumerate() {
        attribute(&mut text, index, key, &Attribute::Text(value));
    }
    let (name, version) = SCOPE;
    let _ = write!(
        text,
        r#"]}},"scopeMetrics":[{{"scope":{{"name":"{name}","version":"{version}"}},"metrics":["#
    );
    for index in 0..METRICS {
        let (name, description) = (shape::metric(Herd::Known, index), shape::description(index));
        let unit = Kind::Counter.unit();
        let separator = if index == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{separator}{{"name":"{name}","description":"{description}","unit":"{unit}","sum":{{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":["#
        );
        for set in 0..SETS {
            text.push_str(if set == 0 {
                r#"{"attributes":["#
            } else {
                r#",{"attributes":["#
            });
            for (index, (key, value)) in shape::attributes(Herd::Known, set).iter().enumerate() {
                attribute(&mut text, index, key, value);
            }
            let value = first_value(index * SETS + set);
            first.series += 1;
            first.value += value as f64;
            let _ = write!(text, r#"],"startTimeUnixNano":"{start:019}","timeUnixNano":""#);
            places.time_digits.push(text.len() as u32);
            let _ = write!(text, r#"{start:019}","asInt":""#);
            places.digits.push(text.len() as u32);
            let _ = write!(text, r#"{value:08}"}}"#);
        }
        text.push_str("]}}");
    }
    text.push_str("]}]}]}");
    Body::new(text.into_bytes(), places, Kind::Counter, first, start)
}

fn attribute(text: &mut String, index: usize, key: &str, value: &Attribute) {
    let separator = if index == 0 { "" } else { "," };
    let _ = match value {
        Attribute::Text(value) => write!(
            text,
            r#"{separator}{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#
        ),
        Attribute::Integer(value) => write!(
            text,
            r#"{separator}{{"key":"{key}","value":{{"intValue":"{value}"}}}}"#
        ),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::FIRST_VALUE;

    #[test]
    fn the_text_is_json_and_is_patched_in_place() {
        let start = 1_763_700_000_000_000_000;
        let mut bodies = bodies(2000, start);
        assert_eq!(bodies.len(), 2);
        let body = &mut bodies[1];
        let length = body.bytes.len();
        for now in 1..=100 {
            body.advance(start + now);
        }
        assert_eq!(body.bytes.len(), length);
        let request: serde_json::Value = serde_json::from_slice(&body.bytes).expect("JSON");
        let resource = &request["resourceMetrics"][0];
        let instance = &resource["resource"]["attributes"][2]["value"]["stringValue"];
        assert_eq!(*instance, format!("{}00000001", shape::INSTANCE));
        let point = &resource["scopeMetrics"][0]["metrics"][19]["sum"]["dataPoints"][49];
        assert_eq!(point["timeUnixNano"], (start + 100).to_string());
        assert_eq!(point["startTimeUnixNano"], start.to_string());
        assert_eq!(point["asInt"], (FIRST_VALUE + 999 + 100).to_string());
        body.accept(start + 100);
        let expected = body.expected().expect("known");
        assert_eq!(expected.series, 1000);
        assert!((expected.value - (FIRST_VALUE + 100) as f64 * 1000.0 - 499_500.0).abs() < 0.5);
    }
}
