//! The charts of one environment.

use futures_util::future::{OptionFuture, try_join_all};
use tokio::try_join;

use crate::api::panel::{Panel, PanelName, Series};
use crate::queries;
use crate::resolution::Resolution;
use crate::upstream::{Answer, Sample, Upstream, UpstreamError};

/// Asks for the lines of a panel, its limit and its newest sample at the same time. `now` is in Unix seconds.
pub(crate) async fn panel(
    upstream: &Upstream,
    panel: PanelName,
    environment: &str,
    over: Resolution,
    now: f64,
) -> Result<Panel, UpstreamError> {
    let queries = queries::series(panel, environment, over.window);
    let lines = try_join_all(queries.iter().map(|(_, query)| upstream.range(query, &over)));
    let limit = queries::limit(panel, environment);
    let limit = OptionFuture::from(limit.as_deref().map(|query| upstream.instant(query, now)));
    let newest = queries::newest(panel, environment);
    let (lines, limit, newest) = try_join!(
        lines,
        async { limit.await.transpose() },
        upstream.instant(&newest, now)
    )?;

    let mut warnings = newest.warnings.clone();
    warnings.extend(limit.iter().flat_map(|answer| answer.warnings.clone()));
    let mut series = Vec::with_capacity(queries.len());
    for ((name, query), line) in queries.into_iter().zip(lines) {
        warnings.extend(line.warnings);
        // each query is an aggregate over one environment: it has one line, or none
        let values = line.result.into_iter().next().map(|line| line.values);
        let values = values.unwrap_or_else(|| vec![None; over.points()]);
        series.push(Series {
            name: name.to_owned(),
            query,
            values,
        });
    }
    warnings.sort_unstable();
    warnings.dedup();
    Ok(Panel {
        panel,
        environment: environment.to_owned(),
        unit: panel.unit(),
        start: over.start,
        end: over.end,
        step: over.step,
        window: if panel == PanelName::ActiveRequests {
            0
        } else {
            over.window
        },
        newest_sample_at: only(&newest),
        // 1 − 0.8 is a little less than 0.2, and 20 % must not read as over it
        limit: limit
            .as_ref()
            .and_then(only)
            .map(|limit| (limit * 1e9).round() / 1e9),
        source: upstream.url().to_string(),
        warnings,
        series,
    })
}

/// The value of a query that has one, or none.
fn only(answer: &Answer<Vec<Sample>>) -> Option<f64> {
    answer.result.first().map(|sample| sample.value)
}
