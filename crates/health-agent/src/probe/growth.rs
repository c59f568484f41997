//! By how much counters grew of late, as Prometheus remembers them.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::facts::Answer;
use crate::probe::http::{Client, Sample};

/// One request for several expressions, each with a name of its own. A name without samples has an empty list.
pub(crate) async fn several(
    client: &Client,
    prometheus: &Url,
    expressions: &[(&'static str, String)],
) -> Answer<BTreeMap<&'static str, Vec<Sample>>> {
    let samples = client.query(prometheus, &together(expressions)).await?;
    let mut named: BTreeMap<_, _> = expressions.iter().map(|(name, _)| (*name, vec![])).collect();
    for mut sample in samples {
        let Some(name) = sample.labels.remove(NAME) else {
            continue;
        };
        if let Some(samples) = named.get_mut(name.as_str()) {
            samples.push(sample);
        }
    }
    Ok(named)
}

/// What sets the samples of one expression apart from those of another.
const NAME: &str = "asked";

fn together(expressions: &[(&'static str, String)]) -> String {
    let named = expressions
        .iter()
        .map(|(name, expression)| format!("label_replace({expression}, \"{NAME}\", \"{name}\", \"\", \"\")"));
    named.collect::<Vec<_>>().join(" or ")
}

/// The values of samples by one of their labels; without those that are nothing. What grew by less than half of one has only
/// been extrapolated.
pub(crate) fn by(samples: &[Sample], label: &str) -> BTreeMap<String, f64> {
    samples
        .iter()
        .filter(|sample| sample.value >= 0.5)
        .filter_map(|sample| Some((sample.labels.get(label)?.clone(), sample.value.round())))
        .collect()
}

/// The sum of samples; nothing if there are none.
pub(crate) fn sum(samples: &[Sample]) -> f64 {
    // the sum of nothing that the standard library knows is -0
    samples.iter().fold(0.0, |sum, sample| sum + sample.value).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_expressions_are_one() {
        let expressions = [("a", "sum(x)".to_owned()), ("b", "sum(y)".to_owned())];
        assert_eq!(
            together(&expressions),
            r#"label_replace(sum(x), "asked", "a", "", "") or label_replace(sum(y), "asked", "b", "", "")"#
        );
    }

    #[test]
    fn what_is_nothing_is_left_out() {
        let sample = |reason: &str, value| Sample {
            labels: BTreeMap::from([("reason".to_owned(), reason.to_owned())]),
            value,
        };
        let samples = [sample("late", 2.9), sample("never", 0.0)];
        assert_eq!(by(&samples, "reason"), BTreeMap::from([("late".to_owned(), 3.0)]));
        assert_eq!(by(&samples, "other"), BTreeMap::new());
        assert_eq!(
            [2.9, 0.0].map(|value| Some(sum(&[sample("late", value)]))),
            [Some(3.0), Some(0.0)]
        );
        assert_eq!(sum(&[]).to_string(), "0");
    }
}
