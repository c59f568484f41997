//! `GET /debug/series`: where all the series come from.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use exposition::labels;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::series::{Counts, Store};

/// Rows of each table where nobody asks for another number.
const ROWS: usize = 20;

/// More rows than this are not shown.
const MAX_ROWS: usize = 1000;

/// More values of a label than this are not told apart.
const MAX_VALUES: usize = 100_000;

/// Labels of more names than this are left out.
const MAX_LABELS: usize = 1000;

pub(crate) fn router(store: Arc<Store>) -> Router {
    // it looks at everything: one at a time
    let place = Arc::new(Semaphore::new(1));
    Router::new()
        .route("/debug/series", get(show))
        .with_state((store, place))
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wish {
    top: usize,
    format: Option<String>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            top: ROWS,
            format: None,
        }
    }
}

/// What the series are made of.
#[derive(Debug, Serialize)]
struct Cardinality {
    series: usize,
    metrics: usize,
    sources: usize,
    bytes: usize,
    /// The metrics with the most series.
    top_metrics: Vec<MetricRow>,
    /// The labels with the most values.
    top_labels: Vec<LabelRow>,
}

#[derive(Debug, Serialize)]
struct MetricRow {
    name: String,
    r#type: &'static str,
    series: usize,
    /// The label that has the most values in this metric.
    widest_label: String,
    widest_label_values: usize,
}

#[derive(Debug, Serialize)]
struct LabelRow {
    name: String,
    /// Different values; no more than 100,000 are told apart.
    values: usize,
    /// In how many series it stands.
    series: usize,
}

async fn show(
    State((store, place)): State<(Arc<Store>, Arc<Semaphore>)>,
    Query(wish): Query<Wish>,
) -> Response {
    let Ok(place) = place.try_acquire_owned() else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "somebody else is looking already; try again later\n",
        )
            .into_response();
    };
    let looked = tokio::task::spawn_blocking(move || {
        let _place = place;
        look(&store, wish.top.min(MAX_ROWS))
    });
    match (looked.await, wish.format.as_deref()) {
        (Ok(found), Some("json")) => Json(found).into_response(),
        (Ok(found), None | Some("text")) => table(&found).into_response(),
        (Ok(_), Some(_)) => (StatusCode::BAD_REQUEST, "format is text or json\n").into_response(),
        (Err(_), _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Values of one label, told apart by their hashes.
#[derive(Debug, Default)]
struct Seen {
    values: HashSet<u64>,
    series: usize,
}

impl Seen {
    fn add(&mut self, hash: u64) {
        self.series += 1;
        if self.values.len() < MAX_VALUES {
            self.values.insert(hash);
        }
    }
}

fn look(store: &Store, rows: usize) -> Cardinality {
    let mut all: HashMap<String, Seen> = HashMap::new();
    let mut top_metrics = Vec::new();
    for family in store.families() {
        let mut own: HashMap<String, Seen> = HashMap::new();
        let mut series = 0;
        for group in family.groups() {
            let mut from = Some(0);
            while let Some(index) = from {
                let mut shown = 0;
                from = group.read(index, |one| {
                    series += 1;
                    for (name, value) in
                        labels::pairs(&group.origin.labels.text).chain(labels::pairs(one.labels))
                    {
                        let hash = store.hash(value.as_bytes());
                        for seen in [&mut own, &mut all] {
                            if let Some(seen) = seen.get_mut(name) {
                                seen.add(hash);
                            } else if seen.len() < MAX_LABELS {
                                seen.entry(name.to_owned()).or_default().add(hash);
                            }
                        }
                    }
                    // new points wait meanwhile
                    shown += 1;
                    if shown < 256 {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                });
            }
        }
        let widest = own
            .into_iter()
            .max_by_key(|(name, seen)| (seen.values.len(), std::cmp::Reverse(name.clone())));
        let (widest_label, widest_label_values) =
            widest.map_or((String::new(), 0), |(name, seen)| (name, seen.values.len()));
        top_metrics.push(MetricRow {
            name: family.name.clone(),
            r#type: family.metric_type.as_str(),
            series,
            widest_label,
            widest_label_values,
        });
    }
    let mut top_labels: Vec<LabelRow> = all
        .into_iter()
        .map(|(name, seen)| LabelRow {
            name,
            values: seen.values.len(),
            series: seen.series,
        })
        .collect();
    top_metrics.sort_by(|one, other| (other.series, &one.name).cmp(&(one.series, &other.name)));
    top_labels.sort_by(|one, other| (other.values, &one.name).cmp(&(one.values, &other.name)));
    top_metrics.truncate(rows);
    top_labels.truncate(rows);
    let Counts {
        series,
        families,
        sources,
        bytes,
        ..
    } = store.counts();
    Cardinality {
        series,
        metrics: families,
        sources,
        bytes,
        top_metrics,
        top_labels,
    }
}

/// Tables for people.
fn table(found: &Cardinality) -> String {
    let mut text = format!(
        "{} series of {} metrics from {} resources and scopes, {} bytes\n",
        found.series, found.metrics, found.sources, found.bytes
    );
    let width = |names: &mut dyn Iterator<Item = usize>| names.max().unwrap_or(0).max(6);
    let metrics = width(&mut found.top_metrics.iter().map(|row| row.name.len()));
    let _ = writeln!(
        text,
        "\n{:>9}  {:metrics$}  {:9}  widest label",
        "series", "metric", "type"
    );
    for row in &found.top_metrics {
        let MetricRow {
            name,
            r#type,
            series,
            widest_label,
            widest_label_values,
        } = row;
        let _ = writeln!(
            text,
            "{series:>9}  {name:metrics$}  {type:9}  {widest_label} ({widest_label_values})"
        );
    }
    let labels = width(&mut found.top_labels.iter().map(|row| row.name.len()));
    let _ = writeln!(text, "\n{:>9}  {:labels$}  in series", "values", "label");
    for LabelRow { name, values, series } in &found.top_labels {
        let _ = writeln!(text, "{values:>9}  {name:labels$}  {series}");
    }
    text
}

#[cfg(test)]
mod tests;
