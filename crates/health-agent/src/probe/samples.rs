//! Samples out of a page in Prometheus' text format.

use std::collections::BTreeMap;

use crate::facts::Answer;

/// Longer lines are nobody's, bytes.
const MAX_LINE: usize = 64 << 10;

/// The samples of one page that somebody wants: the page of a busy part is megabytes, of which a few lines matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    all: Vec<Sample>,
    /// The names that were kept. Others must not be asked for: they would seem not to be there.
    wanted: Option<&'static [&'static str]>,
}

/// Reads a page piece by piece.
pub(crate) struct Reader {
    samples: Samples,
    wanted: &'static [&'static str],
    /// Whether there is any sample, wanted or not.
    any: bool,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Reader {
    pub(crate) fn new(wanted: &'static [&'static str]) -> Self {
        Self {
            samples: Samples {
                all: vec![],
                wanted: Some(wanted),
            },
            wanted,
            any: false,
            line: vec![],
        }
    }

    /// Total: a line that is no sample is left out. Histograms are read as what they are made of.
    pub(crate) fn take(&mut self, mut piece: &[u8]) -> Answer<()> {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            if self.line.is_empty() {
                self.read(&piece[..end]);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&piece[..end]);
                self.read(&line);
            }
            piece = &piece[end + 1..];
        }
        if self.line.len() + piece.len() > MAX_LINE {
            return Err(format!("answered more than {} KiB in a line", MAX_LINE >> 10));
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    /// `None` if there was no sample at all.
    pub(crate) fn end(mut self) -> Option<Samples> {
        let line = std::mem::take(&mut self.line);
        self.read(&line);
        self.any.then_some(self.samples)
    }

    fn read(&mut self, line: &[u8]) {
        let end = line.iter().position(|byte| matches!(byte, b'{' | b' ' | b'\t'));
        let name = &line[..end.unwrap_or(line.len())];
        let is_wanted = self.wanted.iter().any(|wanted| wanted.as_bytes() == name);
        if self.any && !is_wanted {
            return;
        }
        let Some(sample) = sample(&String::from_utf8_lossy(line)) else {
            return;
        };
        self.any = true;
        if is_wanted {
            self.samples.all.push(sample);
        }
    }
}

impl Samples {
    /// All of a page.
    #[cfg(test)]
    pub(crate) fn parse(text: &str) -> Self {
        Self {
            all: text.lines().filter_map(sample).collect(),
            wanted: None,
        }
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
        debug_assert!(
            self.wanted.is_none_or(|wanted| wanted.contains(&name)),
            "{name} is not among the wanted"
        );
        self.all
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
        let labels: Vec<_> = samples
            .series("up")
            .filter_map(|(labels, _)| labels.get("instance"))
            .collect();
        assert_eq!(labels, ["x:1", "say \"hi\", {you}\\"]);
    }

    #[test]
    fn a_page_in_pieces_is_the_same_page() {
        for length in 1..PAGE.len() {
            let mut reader = Reader::new(&["up", "infinite"]);
            for piece in PAGE.as_bytes().chunks(length) {
                reader.take(piece).unwrap();
            }
            let samples = reader.end().unwrap();
            assert_eq!(samples.all.len(), 3, "in pieces of {length}");
            assert_eq!(samples.sum("up", &[("job", "a")]), Some(1.0));
        }
    }

    #[test]
    fn a_page_of_nothing_that_is_wanted_is_not_no_page() {
        let read = |text: &str| {
            let mut reader = Reader::new(&["up"]);
            reader.take(text.as_bytes()).unwrap();
            reader.end()
        };
        assert!(read("down 1").is_some_and(|samples| samples.all.is_empty()));
        assert!(read("<html>\n# up 1\n").is_none());
        assert!(read("").is_none());
        let mut reader = Reader::new(&["up"]);
        assert_eq!(
            reader.take(&vec![b' '; MAX_LINE + 1]),
            Err("answered more than 64 KiB in a line".to_owned())
        );
    }
}
