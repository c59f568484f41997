//! One scrape, family by family and series by series, in the format that was negotiated.

mod classic;
mod lines;
mod messages;
mod native;
mod wire;

use self::lines::Lines;
use self::messages::Messages;
use crate::escaping::Escaping;
use crate::labels::may_have_quoted_name;
use crate::metric_type::MetricType;
use crate::negotiation::{Format, Negotiated};
use crate::points::{Exemplar, Exponential, Histogram, Summary};

/// What a family says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// Its name, before escaping; a counter's with its `_total`.
    pub name: &'a str,
    /// What its series are.
    pub metric_type: MetricType,
    /// What it is good for; may be empty.
    pub help: &'a str,
    /// The word or words for its unit that its name ends with; may be empty.
    pub unit: &'a str,
}

/// What the operator has chosen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether `OpenMetrics` shows the time when counting began, as a series more for each: `…_created`. Protobuf always
    /// shows it, and needs no series for it.
    pub created_series: bool,
}

/// Writes one scrape. Every call appends to the buffer that it is given; the caller may take the buffer away between
/// two series after a call of [`Encoder::pause`].
///
/// The labels of a series are two texts, rendered by [`crate::LabelSet`]: what it has in common with others, and its own.
/// Each may be empty.
pub struct Encoder {
    escaping: Escaping,
    format: Writer,
    labels: Labels,
}

/// The labels of one series on their way.
#[derive(Default)]
struct Labels {
    /// What the last series that needed no escaping had in common with others: the next one mostly has the same.
    plain: String,
    /// The labels of one series, their names escaped.
    rewritten: String,
}

enum Writer {
    Text(Lines),
    Protobuf(Messages),
}

impl Encoder {
    /// An encoder for one scrape.
    pub fn new(negotiated: Negotiated, options: Options) -> Self {
        let Negotiated { format, escaping } = negotiated;
        Self {
            escaping,
            format: match format {
                Format::Text => Writer::Text(Lines::text(escaping)),
                Format::OpenMetrics => Writer::Text(Lines::openmetrics(escaping, options)),
                Format::Protobuf => Writer::Protobuf(Messages::new(escaping)),
            },
            labels: Labels::default(),
        }
    }

    /// Begins a family. Nothing is written before its first series.
    pub fn begin_family(&mut self, out: &mut Vec<u8>, head: &Head<'_>) {
        match &mut self.format {
            Writer::Text(lines) => lines.begin_family(head),
            Writer::Protobuf(messages) => messages.begin_family(out, head),
        }
    }

    /// Writes a series of a family of numbers: anything but histograms and summaries. `created` is when counting began, in
    /// nanoseconds since 1970, 0 if that is not known; it and the exemplar are shown of counters only.
    #[inline]
    pub fn number(
        &mut self,
        out: &mut Vec<u8>,
        labels: [&str; 2],
        value: f64,
        created: u64,
        exemplar: Option<&Exemplar<'_>>,
    ) {
        let labels = self.labels.readable(self.escaping, labels);
        match &mut self.format {
            Writer::Text(lines) => lines.number(out, labels, value, created, exemplar),
            Writer::Protobuf(messages) => messages.number(out, labels, value, created, exemplar),
        }
    }

    /// Writes a series of a family of histograms.
    pub fn histogram(&mut self, out: &mut Vec<u8>, labels: [&str; 2], histogram: &Histogram<'_>) {
        let labels = self.labels.readable(self.escaping, labels);
        match &mut self.format {
            Writer::Text(lines) => lines.histogram(out, labels, histogram),
            Writer::Protobuf(messages) => messages.histogram(out, labels, histogram),
        }
    }

    /// Writes a series of a family of histograms, whose buckets are exponential: as a native histogram in protobuf, as one
    /// over its classic bounds in text. In protobuf, both are there if it has classic bounds.
    pub fn exponential(&mut self, out: &mut Vec<u8>, labels: [&str; 2], exponential: &Exponential<'_>) {
        let labels = self.labels.readable(self.escaping, labels);
        match &mut self.format {
            Writer::Text(lines) => lines.exponential(out, labels, exponential),
            Writer::Protobuf(messages) => messages.exponential(out, labels, exponential),
        }
    }

    /// Writes a series of a family of summaries.
    pub fn summary(&mut self, out: &mut Vec<u8>, labels: [&str; 2], summary: &Summary<'_>) {
        let labels = self.labels.readable(self.escaping, labels);
        match &mut self.format {
            Writer::Text(lines) => lines.summary(out, labels, summary),
            Writer::Protobuf(messages) => messages.summary(out, labels, summary),
        }
    }

    /// Ends the family that was begun last.
    pub fn end_family(&mut self, out: &mut Vec<u8>) {
        match &mut self.format {
            Writer::Text(_) => {}
            Writer::Protobuf(messages) => messages.close(out),
        }
    }

    /// Makes what is in the buffer complete, in the middle of a family, so that it can be taken away. The next series
    /// goes on with the family, into any buffer.
    pub fn pause(&mut self, out: &mut Vec<u8>) {
        self.end_family(out);
    }

    /// Ends the scrape. Every family must have been ended.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match &mut self.format {
            Writer::Text(lines) => lines.finish(out),
            Writer::Protobuf(messages) => messages.close(out),
        }
    }
}

impl Labels {
    /// The labels, their names escaped where the scraper needs that.
    #[inline]
    fn readable<'a>(&'a mut self, escaping: Escaping, [shared, own]: [&'a str; 2]) -> [&'a str; 2] {
        if escaping == Escaping::AllowUtf8 {
            return [shared, own];
        }
        if *shared != *self.plain {
            if may_have_quoted_name(shared) {
                return self.rewrite(escaping, [shared, own]);
            }
            shared.clone_into(&mut self.plain);
        }
        if may_have_quoted_name(own) {
            return self.rewrite(escaping, [shared, own]);
        }
        [shared, own]
    }

    #[cold]
    fn rewrite<'a>(&'a mut self, escaping: Escaping, labels: [&str; 2]) -> [&'a str; 2] {
        escaping.rewrite(labels, &mut self.rewritten);
        [&self.rewritten, ""]
    }
}

#[cfg(test)]
mod tests;
