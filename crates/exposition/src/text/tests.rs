use proptest::prelude::*;

use super::*;
use crate::names::label_name;
use crate::{LabelSet, Translation};

/// What a reader of the format finds on one line.
#[derive(Debug, PartialEq)]
enum Line {
    Help(String, String),
    Type(String, String),
    Sample(String, Vec<(String, String)>, f64),
}

/// A reader of the text format, written from its description and not from the writer.
fn parse(text: &str) -> Vec<Line> {
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line must end: {text:?}"
    );
    text.split_terminator('\n').map(parse_line).collect()
}

fn parse_line(line: &str) -> Line {
    if let Some(comment) = line.strip_prefix("# ") {
        let (keyword, rest) = comment.split_once(' ').expect("a keyword");
        let (name, rest) = rest.split_once(' ').expect("a name");
        return match keyword {
            "HELP" => Line::Help(name.to_owned(), unescaped(rest)),
            "TYPE" => Line::Type(name.to_owned(), rest.to_owned()),
            other => panic!("unknown comment {other}"),
        };
    }
    let end_of_name = line.find(['{', ' ']).expect("something after the name");
    let (name, mut rest) = line.split_at(end_of_name);
    let mut labels = Vec::new();
    if let Some(after) = rest.strip_prefix('{') {
        rest = after;
        while !rest.starts_with('}') {
            rest = rest.strip_prefix(',').unwrap_or(rest);
            let (label, after) = rest.split_once("=\"").expect("a label");
            let mut end = 0;
            let bytes = after.as_bytes();
            while bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            labels.push((label.to_owned(), unescaped(&after[..end])));
            rest = &after[end + 1..];
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').expect("a space before the value");
    Line::Sample(name.to_owned(), labels, value.parse().expect("a number"))
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next().expect("something escaped") {
                'n' => '\n',
                other => other,
            },
            other => other,
        });
    }
    out
}

#[test]
fn a_family_as_a_whole() {
    let mut out = Vec::new();
    write_header(
        &mut out,
        "rtt_seconds",
        MetricType::Histogram,
        "Round\ntrip \\ time.",
    );
    for (le, count) in [("le=\"0.5\"", 3), ("le=\"+Inf\"", 5)] {
        write_sample(
            &mut out,
            "rtt_seconds",
            "_bucket",
            ["job=\"api\"", "", le],
            Value::Count(count),
        );
    }
    write_sample(
        &mut out,
        "rtt_seconds",
        "_sum",
        ["job=\"api\"", "", ""],
        Value::Float(2.5),
    );
    write_sample(
        &mut out,
        "rtt_seconds",
        "_count",
        ["", "", ""],
        Value::Count(u64::MAX),
    );
    write_header(&mut out, "up_time", MetricType::Gauge, "");
    assert_eq!(
        String::from_utf8(out).expect("UTF-8"),
        "# HELP rtt_seconds Round\\ntrip \\\\ time.\n\
         # TYPE rtt_seconds histogram\n\
         rtt_seconds_bucket{job=\"api\",le=\"0.5\"} 3\n\
         rtt_seconds_bucket{job=\"api\",le=\"+Inf\"} 5\n\
         rtt_seconds_sum{job=\"api\"} 2.5\n\
         rtt_seconds_count 18446744073709551615\n\
         # TYPE up_time gauge\n"
    );
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        help in "[^\\x00]{0,30}",
        attributes in prop::collection::btree_map("[a-z.]{1,4}", "[^\\x00]{0,10}", 0..5),
        bits: u64,
        count: u64,
    ) {
        // keys that share a label are another test's matter
        let mut seen = std::collections::BTreeSet::new();
        let attributes: Vec<(String, String)> = attributes
            .into_iter()
            .filter(|(key, value)| seen.insert(label_name(key, Translation::default())) && !value.is_empty())
            .collect();
        let mut labels = LabelSet::default();
        for (key, value) in &attributes {
            labels.push(key, value);
        }
        let labels = labels.render();
        let value = f64::from_bits(bits);

        let mut out = Vec::new();
        write_header(&mut out, "name", MetricType::Counter, &help);
        write_sample(&mut out, "name", "_x", [&labels, "", "le=\"1\""], Value::Float(value));
        write_sample(&mut out, "name", "", ["", &labels, ""], Value::Count(count));
        let mut lines = parse(std::str::from_utf8(&out).expect("UTF-8")).into_iter();

        if !help.is_empty() {
            prop_assert_eq!(lines.next(), Some(Line::Help("name".to_owned(), help)));
        }
        prop_assert_eq!(lines.next(), Some(Line::Type("name".to_owned(), "counter".to_owned())));
        let mut expected: Vec<_> = attributes.iter().map(|(key, value)| (label_name(key, Translation::default()), value.clone())).collect();
        expected.sort();
        let Some(Line::Sample(name, found, read)) = lines.next() else { panic!("no sample") };
        prop_assert_eq!(name, "name_x");
        prop_assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
        prop_assert_eq!(&found[..found.len() - 1], &expected[..]);
        prop_assert_eq!(&found[found.len() - 1], &("le".to_owned(), "1".to_owned()));
        prop_assert_eq!(lines.next(), Some(Line::Sample("name".to_owned(), expected, count as f64)));
        prop_assert_eq!(lines.next(), None);
    }
}
