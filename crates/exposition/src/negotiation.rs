//! Which format a scraper gets, from what it says it accepts.

use crate::escaping::Escaping;

/// The formats that there are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus' text: 0.0.4, and with quoted names 1.0.0.
    #[default]
    Text,
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
    /// Prometheus' protobuf: `io.prometheus.client.MetricFamily` messages, each behind its length.
    Protobuf,
}

/// What a scraper is answered in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Negotiated {
    /// The format.
    pub format: Format,
    /// How it wants names that not every scraper can read.
    pub escaping: Escaping,
}

impl Negotiated {
    /// The answer's `Content-Type`.
    pub fn content_type(self) -> String {
        let media_type = match (self.format, self.escaping) {
            // quoted names came with 1.0.0, and are all that is new in it
            (Format::Text, Escaping::AllowUtf8) => "text/plain; version=1.0.0; charset=utf-8",
            (Format::Text, _) => "text/plain; version=0.0.4; charset=utf-8",
            (Format::OpenMetrics, _) => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            (Format::Protobuf, _) => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        };
        format!("{media_type}; escaping={}", self.escaping.as_str())
    }
}

/// One of the ranges of media types in an `Accept` header.
struct Range {
    format: Option<Format>,
    escaping: Option<Escaping>,
    quality: f32,
}

/// The answer to what the `Accept` headers say: the format of the range that the scraper likes best, the first of them
/// where it likes several equally. Text 0.0.4 with underscores for whoever says nothing, or nothing that is known.
pub fn negotiate<'a>(accept: impl Iterator<Item = &'a str>) -> Negotiated {
    let ranges: Vec<Range> = accept
        .flat_map(|header| separated(header, ','))
        .map(range)
        .collect();
    let mut best: Option<(&Range, Format)> = None;
    for range in &ranges {
        if let Some(format) = range.format
            && range.quality > best.map_or(0.0, |(best, _)| best.quality)
        {
            best = Some((range, format));
        }
    }
    let Some((range, format)) = best else {
        return Negotiated::default();
    };
    // Prometheus says it only beside the text formats: who can read quoted names there can in protobuf
    let of_others = || {
        let mut others = ranges.iter().filter_map(|range| range.escaping);
        others.next().filter(|_| format == Format::Protobuf)
    };
    Negotiated {
        format,
        escaping: range.escaping.or_else(of_others).unwrap_or_default(),
    }
}

fn range(text: &str) -> Range {
    let mut parts = separated(text, ';');
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let (mut version, mut encoding, mut proto, mut escaping, mut quality) = (None, None, None, None, 1.0);
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "version" => version = Some(value),
            "encoding" => encoding = Some(value),
            "proto" => proto = Some(value),
            "escaping" => escaping = Escaping::from_word(value),
            "q" => quality = value.parse().unwrap_or(0.0),
            _ => {}
        }
    }
    let format = match (media_type.as_str(), version) {
        ("*/*" | "text/*", _) | ("text/plain", None | Some("0.0.4" | "1.0.0")) => Some(Format::Text),
        ("application/openmetrics-text", None | Some("0.0.1" | "1.0.0")) => Some(Format::OpenMetrics),
        ("application/vnd.google.protobuf", _)
            if encoding == Some("delimited") && proto == Some("io.prometheus.client.MetricFamily") =>
        {
            Some(Format::Protobuf)
        }
        _ => None,
    };
    Range {
        format,
        escaping,
        quality,
    }
}

/// The parts of a header's value between separators, not between those in quotes.
fn separated(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |character| {
        is_quoted ^= character == '"';
        character == separator && !is_quoted
    })
    .map(str::trim)
}

#[cfg(test)]
mod tests;
