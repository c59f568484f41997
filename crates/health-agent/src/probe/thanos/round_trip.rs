//! One moment's samples on their way from Prometheus through Thanos.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::facts::thanos::RoundTrip;
use crate::probe::http::{Client, Sample};
use crate::probe::promql;
use crate::probe::unix_time;

/// So old a moment is over everywhere: what was scraped then has been taken in.
const AGE: f64 = 30.0;

/// A value that is another one at every scrape, and that each replica has its own of.
const SERIES: &str = "scrape_duration_seconds";

pub(super) async fn go(client: &Client, prometheus: &Url, frontend: &Url, replica: &str) -> RoundTrip {
    // milliseconds, which is what both keep
    let at = ((unix_time() - AGE) * 1e3).floor() / 1e3;
    let time = format!("{at:.3}");
    let local = format!("{SERIES}{{job=\"prometheus\"}}");
    let own = format!(
        "{SERIES}{{job=\"prometheus\",replica={}}}",
        promql::quoted(replica)
    );
    let (as_it_is, as_one) = (
        [("time", time.as_str()), ("dedup", "false")],
        [("time", time.as_str()), ("dedup", "true")],
    );
    let (here, there, once) = tokio::join!(
        client.query_with(prometheus, &local, &as_it_is[..1]),
        client.query_with(frontend, &own, &as_it_is),
        client.query_with(frontend, &local, &as_one),
    );
    RoundTrip {
        at,
        local: here.map(by_series),
        replica: there.map(by_series),
        deduplicated: once.map(|samples| {
            let mut counts = BTreeMap::new();
            for sample in samples {
                *counts.entry(series(&sample)).or_default() += 1;
            }
            counts
        }),
    }
}

fn by_series(samples: Vec<Sample>) -> BTreeMap<String, f64> {
    samples
        .into_iter()
        .map(|sample| (series(&sample), sample.value))
        .collect()
}

/// What Prometheus and Thanos both say of it; Thanos knows external labels besides.
fn series(sample: &Sample) -> String {
    sample.labels.get("instance").cloned().unwrap_or_default()
}
