use super::*;
use crate::fixtures::{store, take};
use crate::requests::*;

#[test]
fn what_has_the_most_series_comes_first() {
    let store = store();
    let of = |range: std::ops::Range<u32>| -> Vec<_> {
        range
            .map(|index| point(&[("id", &index.to_string()), ("kind", "x")], 1.0))
            .collect()
    };
    let metrics = vec![
        metric("few", "", gauge(of(0..2))),
        metric("many", "", sum(true, of(0..5))),
    ];
    assert_eq!(
        take(&store, &request(&[("service.name", "api")], metrics)).accepted,
        7
    );
    let found = look(&store, 20);
    let metrics: Vec<_> = found
        .top_metrics
        .iter()
        .map(|row| {
            (
                row.name.as_str(),
                row.series,
                row.widest_label.as_str(),
                row.widest_label_values,
            )
        })
        .collect();
    assert_eq!(metrics, [("many_total", 5, "id", 5), ("few", 2, "id", 2)]);
    let labels: Vec<_> = found
        .top_labels
        .iter()
        .map(|row| (row.name.as_str(), row.values, row.series))
        .collect();
    assert_eq!(labels[0], ("id", 5, 7));
    assert!(
        labels.contains(&("kind", 1, 7)) && labels.contains(&("job", 1, 7)),
        "{labels:?}"
    );
    assert_eq!((found.series, found.metrics, found.sources), (7, 2, 2));
    let table = table(&found);
    assert!(
        table.contains("        5  many_total  counter    id (5)\n"),
        "{table}"
    );
    assert_eq!(look(&store, 1).top_metrics.len(), 1);
}
