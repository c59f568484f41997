//! The text formats: one line per sample.

use super::{Head, Options, classic};
use crate::escaping::Escaping;
use crate::labels::may_have_quoted_name;
use crate::metric_type::MetricType;
use crate::names::is_metric_name;
use crate::number::{write_canonical, write_f64, write_time, write_u64};
use crate::points::{Bounds, Exemplar, Exponential, Histogram, INFINITY, Summary};

/// A scrape as text.
pub(super) struct Lines {
    escaping: Escaping,
    is_openmetrics: bool,
    created_series: bool,
    /// The lines that open the family that was begun last.
    header: Vec<u8>,
    /// Whether they have been written.
    is_open: bool,
    /// Whether its samples can have exemplars, and its series a time of creation.
    counts: bool,
    sample: Name,
    bucket: Name,
    sum: Name,
    count: Name,
    created: Name,
    /// Buckets of a histogram that is shown over other bounds than it was counted over.
    buckets: Vec<u64>,
    no_bounds: Bounds,
}

/// The name of samples, as their lines begin: `name{`, or `{"na.me",`.
#[derive(Default)]
struct Name(Vec<u8>);

impl Lines {
    pub(super) fn text(escaping: Escaping) -> Self {
        Self::new(escaping, false, Options::default())
    }

    pub(super) fn openmetrics(escaping: Escaping, options: Options) -> Self {
        Self::new(escaping, true, options)
    }

    fn new(escaping: Escaping, is_openmetrics: bool, options: Options) -> Self {
        Self {
            escaping,
            is_openmetrics,
            created_series: is_openmetrics && options.created_series,
            header: Vec::new(),
            is_open: true,
            counts: false,
            sample: Name::default(),
            bucket: Name::default(),
            sum: Name::default(),
            count: Name::default(),
            created: Name::default(),
            buckets: Vec::new(),
            no_bounds: Bounds::new([]),
        }
    }

    pub(super) fn begin_family(&mut self, head: &Head<'_>) {
        let name = self.escaping.metric_name(head.name);
        let mut family = &*name;
        let mut type_word = head.metric_type.as_str();
        if self.is_openmetrics {
            (family, type_word) = openmetrics_type(&name, head.metric_type);
        }
        self.header.clear();
        self.is_open = false;
        self.counts = self.is_openmetrics && matches!(type_word, "counter" | "histogram" | "summary");
        if self.is_openmetrics {
            self.write_header("TYPE", family, type_word);
            if is_unit(head.unit, family) && !matches!(type_word, "info" | "stateset") {
                self.write_header("UNIT", family, head.unit);
            }
            if !head.help.is_empty() {
                self.write_header("HELP", family, head.help);
            }
        } else {
            if !head.help.is_empty() {
                self.write_header("HELP", family, head.help);
            }
            self.write_header("TYPE", family, type_word);
        }
        self.sample.set(&name, "");
        self.bucket.set(&name, "_bucket");
        self.sum.set(&name, "_sum");
        self.count.set(&name, "_count");
        self.created.set(family, "_created");
    }

    fn write_header(&mut self, keyword: &str, family: &str, text: &str) {
        let out = &mut self.header;
        for part in ["# ", keyword, " "] {
            out.extend_from_slice(part.as_bytes());
        }
        if is_metric_name(family) {
            out.extend_from_slice(family.as_bytes());
        } else {
            out.push(b'"');
            write_escaped(out, family, true);
            out.push(b'"');
        }
        out.push(b' ');
        write_escaped(out, text, self.is_openmetrics);
        out.push(b'\n');
    }

    #[inline]
    pub(super) fn number(
        &mut self,
        out: &mut Vec<u8>,
        labels: [&str; 2],
        value: f64,
        created: u64,
        exemplar: Option<&Exemplar<'_>>,
    ) {
        self.open(out);
        self.sample.begin_line(out, labels);
        write_f64(out, value);
        if self.counts {
            self.write_exemplar(out, exemplar);
        }
        out.push(b'\n');
        if self.counts {
            self.write_created(out, labels, created);
        }
    }

    pub(super) fn histogram(&mut self, out: &mut Vec<u8>, labels: [&str; 2], histogram: &Histogram<'_>) {
        self.open(out);
        let Histogram { bounds, buckets, .. } = histogram;
        if self.is_openmetrics {
            self.write_buckets(out, labels, bounds.canonical_labels(), histogram);
        } else {
            self.write_buckets(out, labels, bounds.plain_labels(), histogram);
        }
        let count = total(buckets, histogram.count);
        let sum = histogram.sum.filter(|sum| {
            let has_negative = bounds.finite().first().is_some_and(|bound| *bound < 0.0);
            !self.is_openmetrics || (*sum >= 0.0 && !has_negative)
        });
        if let Some(sum) = sum {
            self.sum.begin_line(out, labels);
            write_f64(out, sum);
            out.push(b'\n');
        }
        // OpenMetrics: a count if and only if there is a sum, which must not be negative or NaN
        if sum.is_some() || !self.is_openmetrics {
            self.count.begin_line(out, labels);
            write_u64(out, count);
            out.push(b'\n');
        }
        self.write_created(out, labels, histogram.created);
    }

    fn write_buckets<'a>(
        &self,
        out: &mut Vec<u8>,
        labels: [&str; 2],
        les: impl Iterator<Item = &'a str>,
        histogram: &Histogram<'_>,
    ) {
        let Histogram {
            buckets, exemplars, ..
        } = histogram;
        // what all lines begin with is put together once, and copied from the first
        let start = out.len();
        self.bucket.begin_labels(out, labels);
        let common = start..out.len();
        let mut counted = 0_u64;
        let finite = les.zip(buckets.iter()).map(|(le, bucket)| {
            counted = counted.saturating_add(*bucket);
            (le, counted)
        });
        let all = std::iter::once((INFINITY, total(buckets, histogram.count)));
        for (index, (le, count)) in finite.chain(all).enumerate() {
            if index > 0 {
                out.extend_from_within(common.clone());
            }
            out.extend_from_slice(le.as_bytes());
            out.extend_from_slice(b"} ");
            write_u64(out, count);
            if self.counts && index < exemplars.len() {
                self.write_exemplar(out, exemplars[index].as_ref());
            }
            out.push(b'\n');
        }
    }

    pub(super) fn exponential(
        &mut self,
        out: &mut Vec<u8>,
        labels: [&str; 2],
        exponential: &Exponential<'_>,
    ) {
        let mut buckets = std::mem::take(&mut self.buckets);
        let no_bounds = std::mem::replace(&mut self.no_bounds, Bounds::new([]));
        let bounds = exponential.classic.unwrap_or(&no_bounds);
        classic::convert(exponential, bounds, &mut buckets);
        let exemplars = if self.is_openmetrics {
            classic::exemplars(exponential.exemplars, bounds)
        } else {
            Vec::new()
        };
        let histogram = Histogram {
            count: exponential.count,
            sum: exponential.sum,
            bounds,
            buckets: &buckets,
            created: exponential.created,
            exemplars: &exemplars,
        };
        self.histogram(out, labels, &histogram);
        self.buckets = buckets;
        self.no_bounds = no_bounds;
    }

    pub(super) fn summary(&mut self, out: &mut Vec<u8>, labels: [&str; 2], summary: &Summary<'_>) {
        self.open(out);
        for (quantile, value) in summary.quantiles {
            self.sample.begin_labels(out, labels);
            out.extend_from_slice(b"quantile=\"");
            if self.is_openmetrics {
                write_canonical(out, *quantile);
            } else {
                write_f64(out, *quantile);
            }
            out.extend_from_slice(b"\"} ");
            write_f64(out, *value);
            out.push(b'\n');
        }
        // OpenMetrics: a sum is never negative or NaN
        if !self.is_openmetrics || summary.sum >= 0.0 {
            self.sum.begin_line(out, labels);
            write_f64(out, summary.sum);
            out.push(b'\n');
        }
        self.count.begin_line(out, labels);
        write_u64(out, summary.count);
        out.push(b'\n');
        self.write_created(out, labels, summary.created);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.is_openmetrics {
            out.extend_from_slice(b"# EOF\n");
        }
    }

    #[inline]
    fn open(&mut self, out: &mut Vec<u8>) {
        if !self.is_open {
            out.extend_from_slice(&self.header);
            self.is_open = true;
        }
    }

    #[inline]
    fn write_exemplar(&self, out: &mut Vec<u8>, exemplar: Option<&Exemplar<'_>>) {
        if let Some(exemplar) = exemplar {
            self.write_some_exemplar(out, exemplar);
        }
    }

    fn write_some_exemplar(&self, out: &mut Vec<u8>, exemplar: &Exemplar<'_>) {
        out.extend_from_slice(b" # {");
        if self.escaping != Escaping::AllowUtf8 && may_have_quoted_name(exemplar.labels) {
            let mut rewritten = String::new();
            self.escaping.rewrite([exemplar.labels, ""], &mut rewritten);
            out.extend_from_slice(rewritten.as_bytes());
        } else {
            out.extend_from_slice(exemplar.labels.as_bytes());
        }
        out.extend_from_slice(b"} ");
        write_f64(out, exemplar.value);
        if exemplar.time != 0 {
            out.push(b' ');
            write_time(out, exemplar.time);
        }
    }

    #[inline]
    fn write_created(&self, out: &mut Vec<u8>, labels: [&str; 2], created: u64) {
        if self.created_series && created != 0 {
            self.created.begin_line(out, labels);
            write_time(out, created);
            out.push(b'\n');
        }
    }
}

impl Name {
    fn set(&mut self, name: &str, suffix: &str) {
        self.0.clear();
        if is_metric_name(name) {
            self.0.extend_from_slice(name.as_bytes());
            self.0.extend_from_slice(suffix.as_bytes());
            self.0.push(b'{');
        } else {
            self.0.extend_from_slice(b"{\"");
            write_escaped(&mut self.0, name, true);
            self.0.extend_from_slice(suffix.as_bytes());
            self.0.extend_from_slice(b"\",");
        }
    }

    /// Begins a line, up to its value.
    #[inline]
    fn begin_line(&self, out: &mut Vec<u8>, [shared, own]: [&str; 2]) {
        out.reserve(self.0.len() + shared.len() + own.len() + 32);
        if shared.is_empty() && own.is_empty() {
            let (last, name) = self.0.split_last().unwrap_or((&b'{', &[]));
            out.extend_from_slice(name);
            if *last == b',' {
                out.push(b'}');
            }
            out.push(b' ');
            return;
        }
        out.extend_from_slice(&self.0);
        out.extend_from_slice(shared.as_bytes());
        if !shared.is_empty() && !own.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(own.as_bytes());
        out.extend_from_slice(b"} ");
    }

    /// Begins a line, up to a label that comes after those of its series.
    fn begin_labels(&self, out: &mut Vec<u8>, labels: [&str; 2]) {
        out.extend_from_slice(&self.0);
        for text in labels {
            if !text.is_empty() {
                out.extend_from_slice(text.as_bytes());
                out.push(b',');
            }
        }
    }
}

/// The name of the family and the word in its TYPE line. `OpenMetrics` has the suffix of a counter or an info in the names
/// of its samples only. Where it is missing there, it is not added: a series has one name in all formats.
fn openmetrics_type(name: &str, metric_type: MetricType) -> (&str, &'static str) {
    let without = |suffix| name.strip_suffix(suffix).filter(|family| !family.is_empty());
    match metric_type {
        MetricType::Counter => match without("_total") {
            Some(family) => (family, "counter"),
            None => (name, "unknown"),
        },
        MetricType::Info => match without("_info") {
            Some(family) => (family, "info"),
            None => (name, "gauge"),
        },
        MetricType::StateSet => (name, "stateset"),
        MetricType::Unknown => (name, "unknown"),
        MetricType::Gauge | MetricType::Histogram | MetricType::Summary => (name, metric_type.as_str()),
    }
}

/// Whether `OpenMetrics` allows a unit beside a name: the name must end with it, also after escaping.
fn is_unit(unit: &str, family: &str) -> bool {
    let stem = family.strip_suffix(unit);
    is_metric_name(unit) && stem.is_some_and(|stem| stem.ends_with('_'))
}

/// The count of all buckets, or `otherwise` if there are none.
fn total(buckets: &[u64], otherwise: u64) -> u64 {
    if buckets.is_empty() {
        return otherwise;
    }
    buckets
        .iter()
        .fold(0, |sum, bucket| u64::saturating_add(sum, *bucket))
}

/// Appends a text, escaped as in HELP lines: quotes only where the format wants that.
pub(crate) fn write_escaped(out: &mut Vec<u8>, text: &str, quotes: bool) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'"' if quotes => out.extend_from_slice(b"\\\""),
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            other => out.push(other),
        }
    }
}
