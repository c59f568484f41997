use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::to_protobuf;
use crate::otlp::tests::random;
use crate::otlp::walk::walk;

mod printer;

use self::printer::Printer;

fn transcoded(json: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = b"before".to_vec();
    let result = to_protobuf(json, &mut out);
    assert_eq!(&out[..6], b"before");
    assert!(result.is_ok() || out.len() == 6);
    result
        .map(|()| out.split_off(6))
        .map_err(|error| error.to_string())
}

fn decoded(json: &str) -> Result<ExportMetricsServiceRequest, String> {
    let message = transcoded(json.as_bytes())?;
    Ok(ExportMetricsServiceRequest::decode(&*message).expect("what is written is protobuf"))
}

proptest! {
    #[test]
    fn every_spelling_is_the_request(request in random::request(), seed: u64) {
        let json = Printer::random(seed).request(&request);
        let decoded = decoded(&json);
        // bytes, because NaN is equal to NaN here
        let same = decoded.as_ref().is_ok_and(|decoded| decoded.encode_to_vec() == request.encode_to_vec());
        prop_assert!(same, "{:?}\n{json}\n{decoded:?}\n{request:?}", decoded.as_ref().err());
    }

    #[test]
    fn the_usual_spelling_gives_the_bytes_of_prost(request in random::request()) {
        let json = Printer::plain().request(&request);
        prop_assert_eq!(transcoded(json.as_bytes()), Ok(request.encode_to_vec()), "{}", json);
    }

    #[test]
    fn a_damaged_text_never_panics(
        request in random::request(),
        seed: u64,
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut: prop::sample::Index,
    ) {
        let mut json = Printer::random(seed).request(&request).into_bytes();
        for (at, byte) in damage {
            let at = at.index(json.len());
            json[at] = byte;
        }
        json.truncate(cut.index(json.len()) + 1);
        if let Ok(message) = transcoded(&json) {
            prop_assert!(walk(&message));
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in "[\\[\\]{}\":,a-c0-9.eE+\\-\\\\ud8 \n]{0,60}", bytes in vec(any::<u8>(), 0..60)) {
        let _ = transcoded(text.as_bytes());
        let _ = transcoded(&bytes);
        let _ = transcoded(format!(r#"{{"resourceMetrics":[{{"schemaUrl":"{text}"}}]}}"#).as_bytes());
        let _ = transcoded(format!(r#"{{"resourceMetrics":[{{"resource":{text}}}]}}"#).as_bytes());
    }
}

/// The text of a request with one member in its only data point.
fn with(member: &str) -> String {
    format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"gauge":{{"dataPoints":[{{{member}}}]}}}}]}}]}}]}}"#
    )
}

#[test]
fn a_request_as_the_specification_shows_it() {
    let json = br#"{
      "resourceMetrics": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my.service"}}]},
        "scopeMetrics": [{
          "scope": {"name": "my.library", "version": "1.0.0"},
          "metrics": [{
            "name": "my.counter", "unit": "1", "description": "I am a Counter",
            "sum": {
              "aggregationTemporality": 1, "isMonotonic": true,
              "dataPoints": [{
                "asDouble": 5,
                "startTimeUnixNano": "1544712660300000000",
                "timeUnixNano": "1544712660300000000",
                "attributes": [{"key": "my.counter.attr", "value": {"stringValue": "some value"}}]
              }]
            }
          }]
        }]
      }]
    }"#;
    let request =
        ExportMetricsServiceRequest::decode(&*transcoded(json).expect("a request")).expect("protobuf");
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics[0];
    assert_eq!(metrics.name, "my.counter");
    let json = Printer::plain().request(&request);
    assert_eq!(
        json,
        r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},"scopeMetrics":[{"scope":{"name":"my.library","version":"1.0.0"},"metrics":[{"name":"my.counter","description":"I am a Counter","unit":"1","sum":{"dataPoints":[{"startTimeUnixNano":1544712660300000000,"timeUnixNano":1544712660300000000,"asDouble":5.0,"attributes":[{"key":"my.counter.attr","value":{"stringValue":"some value"}}]}],"aggregationTemporality":1,"isMonotonic":true}}]}]}]}"#
    );
}

#[test]
fn errors_say_what_and_where() {
    const POINT: &str = "resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0]";
    for (member, problem) in [
        (r#""asInt":"1.5""#, ".asInt: not a whole number"),
        (
            r#""asInt":9223372036854775808"#,
            ".asInt: a number that does not fit into a signed number of 64 bits",
        ),
        (r#""asInt":"""#, ".asInt: expected an integer"),
        (r#""asInt":" 1""#, ".asInt: expected an integer"),
        (r#""asInt":true"#, ".asInt: expected an integer"),
        (
            r#""asDouble":1e400"#,
            ".asDouble: a number that does not fit into a double",
        ),
        (r#""asDouble":"inf""#, ".asDouble: expected a number"),
        (r#""asDouble":NaN"#, ".asDouble: expected a number"),
        (
            r#""asDouble":1,"as_int":1"#,
            ".asInt: asDouble stands here already, and only one of the two can hold",
        ),
        (
            r#""flags":4294967296"#,
            ".flags: a number that does not fit into an unsigned number of 32 bits",
        ),
        (
            r#""timeUnixNano":-1"#,
            ".timeUnixNano: a number that does not fit into an unsigned number of 64 bits",
        ),
        (r#""attributes":{}"#, ".attributes: expected a list"),
        (r#""attributes":[null]"#, ".attributes[0]: expected an object"),
        (
            r#""attributes":[{},{"key":1}]"#,
            ".attributes[1].key: expected a string",
        ),
        (
            r#""attributes":[{"key":"\ud83d"}]"#,
            ".attributes[0].key: half of a surrogate pair",
        ),
        (
            r#""attributes":[{"key":"\ude00\ud83d"}]"#,
            ".attributes[0].key: half of a surrogate pair",
        ),
        (
            r#""attributes":[{"key":"\ud83d\u0061"}]"#,
            ".attributes[0].key: half of a surrogate pair",
        ),
        (
            r#""attributes":[{"key":"\x"}]"#,
            ".attributes[0].key: an escape sequence that JSON does not have",
        ),
        (
            r#""attributes":[{"key":"\u12g4"}]"#,
            ".attributes[0].key: an escape sequence that JSON does not have",
        ),
        (
            "\"attributes\":[{\"key\":\"\n\"}]",
            ".attributes[0].key: a control character, which a string must escape",
        ),
        (
            r#""attributes":[{"value":{},"value":{}}]"#,
            ".attributes[0].value: stands here twice",
        ),
        (
            r#""attributes":[{"value":{"bytesValue":"Z"}}]"#,
            ".attributes[0].value.bytesValue: not base64",
        ),
        (
            r#""attributes":[{"value":{"boolValue":"true"}}]"#,
            ".attributes[0].value.boolValue: expected true or false",
        ),
        (
            r#""exemplars":[{"traceId":"abc"}]"#,
            ".exemplars[0].traceId: not in hexadecimal digits, two for each byte",
        ),
        (
            r#""exemplars":[{"spanId":"0x12"}]"#,
            ".exemplars[0].spanId: not in hexadecimal digits, two for each byte",
        ),
        (r#""other":[1,]"#, ": expected a value"),
        (r#""other":{"a":1,}"#, ": expected the name of a field"),
        (r#""other":01"#, ": expected a value"),
        (r#""other":"\ud83d""#, ": half of a surrogate pair"),
        (r#""flags":1 "flags":1"#, ": expected a comma or }"),
        (r#""flags""#, ": expected a colon"),
    ] {
        let error = transcoded(with(member).as_bytes()).expect_err(member);
        let (error, _) = error.split_once(" (at byte ").expect("a place");
        assert_eq!(error, format!("{POINT}{problem}"), "{member}");
    }
    for (json, expected) in [
        ("", "expected an object (at byte 0)"),
        (" []", "expected an object (at byte 1)"),
        ("{} {}", "expected the end of the text (at byte 3)"),
        ("{\"a", "expected the end of a string (at byte 3)"),
        ("{\"a\\", "an escape sequence that JSON does not have (at byte 3)"),
        (
            r#"{"resourceMetrics":7}"#,
            "resourceMetrics: expected a list (at byte 19)",
        ),
        (
            r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"aggregationTemporality":"DELTA"}}]}]}]}"#,
            "resourceMetrics[0].scopeMetrics[0].metrics[0].sum.aggregationTemporality: \
             not a name that this enumeration has (at byte 82)",
        ),
    ] {
        assert_eq!(transcoded(json.as_bytes()), Err(expected.to_owned()), "{json}");
    }
    assert_eq!(
        transcoded(b"{\"a\":\"\xff\"}"),
        Err("not UTF-8 (at byte 6)".to_owned())
    );
}

#[test]
fn what_stands_twice_is_overruled_or_joined() {
    let request = decoded(&with(
        r#""flags":1,"flags":0,"asInt":1,"asInt":2,"attributes":[{"key":"a"}],"attributes":[{"key":"b"},{"key":"c","key":""}]"#,
    ));
    let json = Printer::plain().request(&request.expect("a request"));
    assert_eq!(
        json,
        with(r#""asInt":2,"attributes":[{"key":"a"},{"key":"b"},{}]"#)
    );
}

#[test]
fn nesting_has_an_end() {
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        transcoded(format!(r#"{{"other":{open}1{close}}}"#).as_bytes())
    };
    assert_eq!(nested(127), Ok(Vec::new()));
    assert_eq!(
        nested(128),
        Err("nested deeper than 128 levels (at byte 137)".to_owned())
    );
    let mut value = r#"{"boolValue":true}"#.to_owned();
    for _ in 0..10_000 {
        value = format!(r#"{{"arrayValue":{{"values":[{value}]}}}}"#);
    }
    let deep = with(&format!(r#""attributes":[{{"value":{value}}}]"#));
    assert!(transcoded(deep.as_bytes()).is_err_and(|error| error.contains("nested deeper than 128 levels")));
}

#[test]
fn lengths_are_moved_where_they_need_more_or_less_room() {
    for length in [0, 1, 100, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
        let url = "x".repeat(length);
        let json = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"schemaUrl":"{url}"}},{{}}]}}]}}"#);
        let request = decoded(&json).expect("a request");
        assert_eq!(
            transcoded(json.as_bytes()),
            Ok(request.encode_to_vec()),
            "{length}"
        );
        assert_eq!(request.resource_metrics[0].scope_metrics[0].schema_url, url);
    }
}
