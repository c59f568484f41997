//! What the query API answers, decoded.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::resolution::Resolution;

use super::UpstreamError;

/// A result, and what the store wants to have said about it.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer<T> {
    pub(crate) result: T,
    pub(crate) warnings: Vec<String>,
}

/// One series at one time. The value is finite.
#[derive(Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// One series over time: a value for each step of the resolution that was asked for, None where there is none.
#[derive(Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) values: Vec<Option<f64>>,
}

/// Why the store would not answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) timed_out: bool,
}

/// Values that are not finite are left out: no number on the dashboard means something by them.
pub(super) fn vector(body: &[u8]) -> Result<Answer<Vec<Sample>>, UpstreamError> {
    let (data, warnings) = decode(body)?;
    let Data::Vector(series) = data else {
        return Err(UpstreamError::Garbled("a vector was asked for".to_owned()));
    };
    let sample = |series: VectorSeries| {
        let (_, value) = series.value?;
        Some(Sample {
            labels: series.metric,
            value: finite(&value)?,
        })
    };
    Ok(Answer {
        result: series.into_iter().filter_map(sample).collect(),
        warnings,
    })
}

/// Puts each sample into its place between start and end.
pub(super) fn matrix(body: &[u8], over: &Resolution) -> Result<Answer<Vec<Series>>, UpstreamError> {
    let (data, warnings) = decode(body)?;
    let Data::Matrix(series) = data else {
        return Err(UpstreamError::Garbled("a matrix was asked for".to_owned()));
    };
    let line = |series: MatrixSeries| {
        let mut values = vec![None; over.points()];
        for (at, value) in &series.values {
            if let Some(place) = over.index(*at) {
                values[place] = finite(value);
            }
        }
        Series {
            labels: series.metric,
            values,
        }
    };
    Ok(Answer {
        result: series.into_iter().map(line).collect(),
        warnings,
    })
}

/// The reason in the body of an answer that is an error, if it is one of a store.
pub(super) fn refusal(body: &[u8]) -> Option<Refusal> {
    let envelope: Envelope = serde_json::from_slice(body).ok()?;
    let timed_out = envelope.error_type.as_deref() == Some("timeout");
    Some(Refusal {
        message: envelope.error?,
        timed_out,
    })
}

fn decode(body: &[u8]) -> Result<(Data, Vec<String>), UpstreamError> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|error| UpstreamError::Garbled(error.to_string()))?;
    match envelope.data {
        Some(data) if envelope.status == "success" => Ok((data, envelope.warnings)),
        _ => Err(UpstreamError::Garbled(
            envelope.error.unwrap_or_else(|| "it has no data".to_owned()),
        )),
    }
}

fn finite(value: &str) -> Option<f64> {
    value.parse().ok().filter(|value: &f64| value.is_finite())
}

#[derive(Deserialize)]
struct Envelope {
    status: String,
    data: Option<Data>,
    #[serde(rename = "errorType")]
    error_type: Option<String>,
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<VectorSeries>),
    Matrix(Vec<MatrixSeries>),
}

/// A native histogram has no `value`: none of our queries results in one.
#[derive(Deserialize)]
struct VectorSeries {
    metric: BTreeMap<String, String>,
    value: Option<(f64, String)>,
}

#[derive(Deserialize)]
struct MatrixSeries {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}
