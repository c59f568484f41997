//! Random scrapes in the text formats, read back by a reader that was written from the formats' descriptions.

use proptest::prelude::*;

use super::model::{Family, OwnedExemplar, Pairs, Point, Series, encoded, some_families};
use crate::{Escaping, Format, MetricType, Negotiated, Options};

/// A line, as whoever reads it understands it.
#[derive(Debug, PartialEq)]
enum Line {
    Comment(String, String, String),
    Sample(Sample),
    Eof,
}

#[derive(Debug, PartialEq)]
struct Sample {
    name: String,
    labels: Pairs,
    value: Number,
    /// Its labels, value and time.
    exemplar: Option<(Pairs, Number, u64)>,
}

/// A number, as text: no NaN is equal to itself.
type Number = String;

fn number(value: f64) -> Number {
    format!("{value:?}")
}

/// Reads a text from its front.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn take(&mut self, wanted: &str) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, wanted: &str) {
        assert!(self.take(wanted), "no {wanted:?} before {:?}", self.0);
    }

    fn until(&mut self, is_end: impl Fn(char) -> bool) -> String {
        let end = self.0.find(is_end).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        text.to_owned()
    }

    fn quoted(&mut self) -> String {
        self.expect("\"");
        let mut out = String::new();
        loop {
            let next = self.0.chars().next().expect("the quote at the end");
            self.0 = &self.0[next.len_utf8()..];
            match next {
                '"' => return out,
                '\n' => panic!("a line ended in a quoted text"),
                '\\' => {
                    out.push(match self.0.as_bytes()[0] {
                        b'n' => '\n',
                        b'\\' => '\\',
                        b'"' => '"',
                        other => panic!("an escaped {other}"),
                    });
                    self.0 = &self.0[1..];
                }
                other => out.push(other),
            }
        }
    }

    /// A name without quotes, of the characters that are allowed there.
    fn legacy(&mut self, is_label: bool) -> String {
        let name = self.until(|c| !(c.is_ascii_alphanumeric() || c == '_' || (c == ':' && !is_label)));
        assert!(
            !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()),
            "{name:?}"
        );
        name
    }

    fn name(&mut self) -> String {
        if self.0.starts_with('"') {
            self.quoted()
        } else {
            self.legacy(false)
        }
    }

    /// What is inside braces: a name in quotes, and labels.
    fn labels(&mut self) -> (Option<String>, Pairs) {
        let (mut metric, mut labels) = (None, Pairs::new());
        while !self.take("}") {
            let is_quoted = self.0.starts_with('"');
            let name = if is_quoted {
                self.quoted()
            } else {
                self.legacy(true)
            };
            if self.take("=") {
                let value = self.quoted();
                assert!(labels.insert(name, value).is_none(), "a label twice");
            } else {
                assert!(
                    is_quoted && metric.is_none() && labels.is_empty(),
                    "{name:?} has no value"
                );
                metric = Some(name);
            }
            assert!(self.take(",") || self.0.starts_with('}'), "{:?}", self.0);
        }
        (metric, labels)
    }

    fn number(&mut self) -> Number {
        number(self.until(|c| c == ' ').parse().expect("a number"))
    }

    fn time(&mut self) -> u64 {
        let text = self.until(|c| c == ' ');
        let (seconds, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let nanoseconds: u64 = format!("{fraction:0<9}").parse().expect("a fraction");
        seconds.parse::<u64>().expect("seconds") * 1_000_000_000 + nanoseconds
    }

    fn line(&mut self) -> Line {
        if self.take("# ") {
            if self.0 == "EOF" {
                return Line::Eof;
            }
            let keyword = self.until(|c| c == ' ');
            self.expect(" ");
            let name = self.name();
            self.expect(" ");
            return Line::Comment(keyword, name, self.0.to_owned());
        }
        let mut name = (!self.0.starts_with('{')).then(|| self.legacy(false));
        let mut labels = Pairs::new();
        if self.take("{") {
            let (quoted, found) = self.labels();
            assert!(name.is_some() != quoted.is_some(), "one name");
            name = name.or(quoted);
            labels = found;
        }
        self.expect(" ");
        let value = self.number();
        let exemplar = self.take(" # {").then(|| {
            let (_, labels) = self.labels();
            self.expect(" ");
            let value = self.number();
            let time = if self.take(" ") { self.time() } else { 0 };
            (labels, value, time)
        });
        assert_eq!(self.0, "");
        Line::Sample(Sample {
            name: name.expect("a name"),
            labels,
            value,
            exemplar,
        })
    }
}

fn read(text: &str) -> Vec<Line> {
    assert!(text.is_empty() || text.ends_with('\n'));
    let lines = text.split_terminator('\n');
    lines.map(|line| Reader(line).line()).collect()
}

fn escaped_help(help: &str, is_openmetrics: bool) -> String {
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    if is_openmetrics {
        help.replace('"', "\\\"")
    } else {
        help
    }
}

/// The lines that a scrape should consist of.
struct Expected {
    negotiated: Negotiated,
    options: Options,
    lines: Vec<Line>,
}

impl Expected {
    fn is_openmetrics(&self) -> bool {
        self.negotiated.format == Format::OpenMetrics
    }

    fn family(&mut self, family: &Family) {
        if family.series.is_empty() {
            return;
        }
        let name = self.negotiated.escaping.metric_name(&family.name).into_owned();
        let mut comment = |keyword: &str, name: &str, text: &str| {
            let (keyword, name) = (keyword.to_owned(), name.to_owned());
            self.lines.push(Line::Comment(keyword, name, text.to_owned()));
        };
        let mut of_family = name.clone();
        if self.negotiated.format == Format::OpenMetrics {
            let (suffix, word, otherwise) = match family.metric_type {
                MetricType::Counter => ("_total", "counter", "unknown"),
                MetricType::Info => ("_info", "info", "gauge"),
                MetricType::Gauge => ("", "gauge", ""),
                MetricType::StateSet => ("", "stateset", ""),
                MetricType::Histogram => ("", "histogram", ""),
                MetricType::Summary => ("", "summary", ""),
                MetricType::Unknown => ("", "unknown", ""),
            };
            let word = match name.strip_suffix(suffix) {
                Some(stem) if !stem.is_empty() => {
                    of_family = stem.to_owned();
                    word
                }
                _ => otherwise,
            };
            comment("TYPE", &of_family, word);
            if !family.unit.is_empty()
                && of_family.ends_with("_seconds")
                && !matches!(word, "info" | "stateset")
            {
                comment("UNIT", &of_family, &family.unit);
            }
            if !family.help.is_empty() {
                comment("HELP", &of_family, &escaped_help(&family.help, true));
            }
        } else {
            if !family.help.is_empty() {
                comment("HELP", &of_family, &escaped_help(&family.help, false));
            }
            let word = match family.metric_type {
                MetricType::Counter => "counter",
                MetricType::Gauge | MetricType::Info | MetricType::StateSet => "gauge",
                MetricType::Histogram => "histogram",
                MetricType::Summary => "summary",
                MetricType::Unknown => "untyped",
            };
            comment("TYPE", &of_family, word);
        }
        for series in &family.series {
            let is_counter = family.metric_type == MetricType::Counter && of_family != name;
            let has_created = !matches!(series.point, Point::Number(_)) || is_counter;
            self.series(series, &name, is_counter);
            if has_created && self.is_openmetrics() && self.options.created_series && series.created != 0 {
                self.sample(
                    series,
                    &format!("{of_family}_created"),
                    None,
                    created(series),
                    None,
                );
            }
        }
    }

    fn sample(
        &mut self,
        series: &Series,
        name: &str,
        label: Option<(&str, String)>,
        value: f64,
        exemplar: Option<&OwnedExemplar>,
    ) {
        let mut labels = series.labels(self.negotiated);
        labels.extend(label.map(|(name, value)| (name.to_owned(), value)));
        self.lines.push(Line::Sample(Sample {
            name: name.to_owned(),
            labels,
            value: number(value),
            exemplar: exemplar.map(|exemplar| {
                let exemplar = exemplar.escaped(self.negotiated);
                (exemplar.labels, number(exemplar.value), exemplar.time)
            }),
        }));
    }

    fn series(&mut self, series: &Series, name: &str, is_counter: bool) {
        let exemplar = series.exemplar.as_ref().filter(|_| self.is_openmetrics());
        match &series.point {
            Point::Number(value) => {
                self.sample(series, name, None, *value, exemplar.filter(|_| is_counter));
            }
            Point::Histogram(bounds, buckets, sum) => {
                self.histogram(series, name, bounds, buckets, *sum, bounds.len());
            }
            Point::Exponential(exponential) => {
                let bounds = exponential.classic.clone().unwrap_or_default();
                let buckets = exponential.over(&bounds);
                let value = exemplar.map_or(0.0, |exemplar| exemplar.value);
                let place = bounds.iter().position(|bound| *bound >= value);
                let place = if value.is_nan() {
                    usize::MAX
                } else {
                    place.unwrap_or(bounds.len())
                };
                self.histogram(series, name, &bounds, &buckets, exponential.sum, place);
            }
            Point::Summary(quantiles, count, sum) => {
                for (quantile, value) in quantiles {
                    let label = self.label_value(*quantile);
                    self.sample(series, name, Some(("quantile", label)), *value, None);
                }
                if !self.is_openmetrics() || *sum >= 0.0 {
                    self.sample(series, &format!("{name}_sum"), None, *sum, None);
                }
                self.sample(series, &format!("{name}_count"), None, *count as f64, None);
            }
        }
    }

    fn histogram(
        &mut self,
        series: &Series,
        name: &str,
        bounds: &[f64],
        buckets: &[u64],
        sum: Option<f64>,
        place_of_exemplar: usize,
    ) {
        let exemplar = series.exemplar.as_ref().filter(|_| self.is_openmetrics());
        let mut counted = 0;
        for (index, bucket) in buckets.iter().enumerate() {
            counted += bucket;
            let le = bounds
                .get(index)
                .map_or("+Inf".to_owned(), |bound| self.label_value(*bound));
            let exemplar = exemplar.filter(|_| index == place_of_exemplar);
            self.sample(
                series,
                &format!("{name}_bucket"),
                Some(("le", le)),
                counted as f64,
                exemplar,
            );
        }
        let is_allowed = |sum: f64| sum >= 0.0 && bounds.first().is_none_or(|bound| *bound >= 0.0);
        let sum = sum.filter(|sum| !self.is_openmetrics() || is_allowed(*sum));
        if let Some(sum) = sum {
            self.sample(series, &format!("{name}_sum"), None, sum, None);
        }
        if sum.is_some() || !self.is_openmetrics() {
            self.sample(series, &format!("{name}_count"), None, counted as f64, None);
        }
    }

    fn label_value(&self, value: f64) -> String {
        let mut out = Vec::new();
        if self.is_openmetrics() {
            crate::number::write_canonical(&mut out, value);
        } else {
            crate::number::write_f64(&mut out, value);
        }
        String::from_utf8(out).expect("ASCII")
    }
}

fn created(series: &Series) -> f64 {
    let text = format!(
        "{}.{:09}",
        series.created / 1_000_000_000,
        series.created % 1_000_000_000
    );
    text.parse().expect("a number")
}

proptest! {
    #[test]
    fn every_scrape_reads_back(
        families in some_families(),
        is_openmetrics: bool,
        which in 0..4_usize,
        created_series: bool,
    ) {
        let negotiated = Negotiated {
            format: if is_openmetrics { Format::OpenMetrics } else { Format::Text },
            escaping: [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values][which],
        };
        let options = Options { created_series };
        let text = String::from_utf8(encoded(&families, negotiated, options)).expect("UTF-8");
        let mut expected = Expected { negotiated, options, lines: Vec::new() };
        for family in &families {
            expected.family(family);
        }
        if is_openmetrics {
            expected.lines.push(Line::Eof);
        }
        let found = read(&text);
        for (found, expected) in found.iter().zip(&expected.lines) {
            prop_assert_eq!(found, expected, "in {}", text);
        }
        prop_assert_eq!(found.len(), expected.lines.len(), "in {}", text);
    }
}
