//! How OpenTelemetry's names become those of Prometheus.

use exposition::Translation;
use service::Problems;

pub(super) fn translation(word: &str, problems: &mut Problems) -> Option<Translation> {
    let found = Translation::from_word(word);
    if found.is_none() {
        let words = Translation::ALL.map(Translation::as_str).join(", ");
        problems.add(
            "translation_strategy",
            format!("must be one of {words}, is `{word}`"),
        );
    }
    found
}
