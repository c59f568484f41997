//! Samples out of a page in Prometheus' text format.

use std::collections::BTreeMap;

/// All samples of one page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<Sample>);

#[derive(Debug, Clone)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Samples {
    /// Total: a line that is none is left out. Histograms are read as what they are made of.
    pub(crate) fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(sample).collect())
    }

    /// Whether there is none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sum of all series of that name with those labels. `None` if there is none.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.of(name, labels).reduce(|sum, value| sum + value)
    }

    /// The largest value of all series of that name with those labels.
    pub(crate) fn max(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.of(name, labels).reduce(f64::max)
    }

    /// Labels and value of each series of that name.
    pub(crate) fn series(&self, name: &str) -> impl Iterator<Item = (&BTreeMap<String, String>, f64)> {
        self.0
            .iter()
            .filter(move |sample| sample.name == name)
            .map(|sample| (&sample.labels, sample.value))
    }

    fn of(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = f64> {
        self.series(name)
            .filter(|(has, _)| {
                labels
                    .iter()
                    .all(|(key, value)| has.get(*key).is_some_and(|has| has == value))
            })
            .map(|(_, value)| value)
            // the iterator borrows the arguments, and ends with the call
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// `name{label="value",…} value [timestamp]`
fn sample(line: &str) -> Option<Sample> {
    let line = line.trim_start();
    if line.starts_with('#') {
        return None;
    }
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    let value = match rest.split_whitespace().next()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().ok()?,
    };
    Some(Sample {
        name: name.to_owned(),
        labels,
        value,
    })
}

/// The labels up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next()? {
                (end, '"') => break end,
                (_, '\\') => value.push(match characters.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        };
        labels.insert(name.to_owned(), value);
        rest = &after[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# HELP up Whether it is up.
# TYPE up gauge
up{job=\"a\",instance=\"x:1\"} 1
up{job=\"b\",instance=\"say \\\"hi\\\", {you}\\\\\",} 0 1700000000000
plain 2.5
infinite +Inf
broken{job=\"a
";

    #[test]
    fn reads_names_labels_and_values() {
        let samples = Samples::parse(PAGE);
        assert_eq!(samples.sum("up", &[]), Some(1.0));
        assert_eq!(samples.sum("up", &[("job", "b")]), Some(0.0));
        assert_eq!(samples.sum("up", &[("job", "c")]), None);
        assert_eq!(samples.sum("plain", &[]), Some(2.5));
        assert_eq!(samples.max("infinite", &[]), Some(f64::INFINITY));
        assert_eq!(samples.sum("broken", &[]), None);
        assert!(!samples.is_empty());
        assert!(Samples::parse("<html>\n# up 1\n").is_empty());
        let labels: Vec<_> = samples
            .series("up")
            .filter_map(|(labels, _)| labels.get("instance"))
            .collect();
        assert_eq!(labels, ["x:1", "say \"hi\", {you}\\"]);
    }
}
