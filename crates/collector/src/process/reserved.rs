//! Names that have a meaning of their own.

use super::Promotion;

/// Whether a label belongs to resources or scopes, whether or not they have it.
pub(crate) fn is_of_origin(label: &str, promotions: &[Promotion]) -> bool {
    matches!(label, "job" | "instance")
        || label.starts_with("otel_scope_")
        || promotions.iter().any(|promotion| promotion.label == label)
}

/// Whether samples of some metric type need this label for themselves.
pub(crate) fn is_of_samples(label: &str) -> bool {
    matches!(label, "le" | "quantile")
}

/// Whether Prometheus, its rules, or this collector makes series of this name itself, so that a client's would be taken for
/// them: an objective that a client sends, beside that of the rules, would end every alert that joins on it. A scraper that
/// takes no UTF-8 is shown `target.info` as `target_info`.
pub(crate) fn is_reserved(name: &str) -> bool {
    let legacy = |character: char| character.is_ascii_alphanumeric() || character == ':';
    let escaped = name.replace(|character: char| !legacy(character), "_");
    matches!(
        escaped.as_str(),
        "up" | "target_info"
            | "ALERTS"
            | "ALERTS_FOR_STATE"
            | "scrape_body_size_bytes"
            | "scrape_duration_seconds"
            | "scrape_sample_limit"
            | "scrape_samples_post_metric_relabeling"
            | "scrape_samples_scraped"
            | "scrape_series_added"
            | "scrape_timeout_seconds"
            | "signalbox_dashboard_info"
    ) || escaped.starts_with("signalbox_slo_")
}
