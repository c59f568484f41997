//! Writes requests as OTLP/JSON, in one of the many ways in which that may be done.

use std::fmt::Write;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Held;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1 as model;
use opentelemetry_proto::tonic::resource::v1::Resource;

/// Chooses among the spellings.
pub(crate) struct Printer {
    /// 0 for the usual spelling of everything.
    state: u64,
}

/// The members of an object: name in both spellings, value.
type Members = Vec<(&'static str, &'static str, String)>;

impl Printer {
    /// Writes as SDKs do.
    pub(crate) fn plain() -> Self {
        Self { state: 0 }
    }

    /// Chooses by a seed.
    pub(crate) fn random(seed: u64) -> Self {
        Self { state: seed | 1 }
    }

    /// A number below `end`; 0 is the usual way.
    fn choose(&mut self, end: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % end
    }

    pub(crate) fn request(&mut self, request: &ExportMetricsServiceRequest) -> String {
        let mut members = Members::new();
        let resources = self.list(&request.resource_metrics, Self::resource_metrics);
        self.add(&mut members, "resourceMetrics", "resource_metrics", resources);
        self.object(members)
    }

    fn resource_metrics(&mut self, metrics: &model::ResourceMetrics) -> String {
        let mut members = Members::new();
        let resource = metrics.resource.as_ref().map(|resource| self.resource(resource));
        self.add(&mut members, "resource", "resource", resource);
        let scopes = self.list(&metrics.scope_metrics, Self::scope_metrics);
        self.add(&mut members, "scopeMetrics", "scope_metrics", scopes);
        let schema_url = self.text(&metrics.schema_url);
        self.add(&mut members, "schemaUrl", "schema_url", schema_url);
        self.object(members)
    }

    fn resource(&mut self, resource: &Resource) -> String {
        let mut members = Members::new();
        self.attributes(&mut members, "attributes", "attributes", &resource.attributes);
        let dropped = self.unsigned(resource.dropped_attributes_count.into());
        self.add(
            &mut members,
            "droppedAttributesCount",
            "dropped_attributes_count",
            dropped,
        );
        self.object(members)
    }

    fn scope_metrics(&mut self, metrics: &model::ScopeMetrics) -> String {
        let mut members = Members::new();
        let scope = metrics.scope.as_ref().map(|scope| self.scope(scope));
        self.add(&mut members, "scope", "scope", scope);
        let inner = self.list(&metrics.metrics, Self::metric);
        self.add(&mut members, "metrics", "metrics", inner);
        let schema_url = self.text(&metrics.schema_url);
        self.add(&mut members, "schemaUrl", "schema_url", schema_url);
        self.object(members)
    }

    fn scope(&mut self, scope: &InstrumentationScope) -> String {
        let mut members = Members::new();
        let (name, version) = (self.text(&scope.name), self.text(&scope.version));
        self.add(&mut members, "name", "name", name);
        self.add(&mut members, "version", "version", version);
        self.attributes(&mut members, "attributes", "attributes", &scope.attributes);
        let dropped = self.unsigned(scope.dropped_attributes_count.into());
        self.add(
            &mut members,
            "droppedAttributesCount",
            "dropped_attributes_count",
            dropped,
        );
        self.object(members)
    }

    fn metric(&mut self, metric: &model::Metric) -> String {
        use model::metric::Data;
        let mut members = Members::new();
        for (name, text) in [
            ("name", &metric.name),
            ("description", &metric.description),
            ("unit", &metric.unit),
        ] {
            let text = self.text(text);
            self.add(&mut members, name, name, text);
        }
        let data = metric.data.as_ref().map(|data| match data {
            Data::Gauge(gauge) => {
                let points = self.list(&gauge.data_points, Self::number_point);
                ("gauge", "gauge", self.data(points, None, None))
            }
            Data::Sum(sum) => {
                let points = self.list(&sum.data_points, Self::number_point);
                let data = self.data(points, Some(sum.aggregation_temporality), Some(sum.is_monotonic));
                ("sum", "sum", data)
            }
            Data::Histogram(histogram) => {
                let points = self.list(&histogram.data_points, Self::histogram_point);
                let data = self.data(points, Some(histogram.aggregation_temporality), None);
                ("histogram", "histogram", data)
            }
            Data::ExponentialHistogram(histogram) => {
                let points = self.list(&histogram.data_points, Self::exponential_point);
                let data = self.data(points, Some(histogram.aggregation_temporality), None);
                ("exponentialHistogram", "exponential_histogram", data)
            }
            Data::Summary(summary) => {
                let points = self.list(&summary.data_points, Self::summary_point);
                ("summary", "summary", self.data(points, None, None))
            }
        });
        members.extend(data);
        self.attributes(&mut members, "metadata", "metadata", &metric.metadata);
        self.object(members)
    }

    fn data(&mut self, points: Option<String>, temporality: Option<i32>, monotonic: Option<bool>) -> String {
        const NAMES: [&str; 3] = ["UNSPECIFIED", "DELTA", "CUMULATIVE"];
        let mut members = Members::new();
        self.add(&mut members, "dataPoints", "data_points", points);
        if let Some(temporality) = temporality.filter(|temporality| *temporality != 0 || self.choose(2) == 1)
        {
            let value = match self.choose(3) {
                0 => temporality.to_string(),
                1 => format!("{temporality}.0"),
                _ => format!("\"AGGREGATION_TEMPORALITY_{}\"", NAMES[temporality as usize]),
            };
            members.push(("aggregationTemporality", "aggregation_temporality", value));
        }
        if let Some(monotonic) = monotonic.filter(|monotonic| *monotonic || self.choose(2) == 1) {
            members.push(("isMonotonic", "is_monotonic", monotonic.to_string()));
        }
        self.object(members)
    }

    fn times(&mut self, members: &mut Members, start: u64, time: u64) {
        let (start, time) = (self.unsigned(start), self.unsigned(time));
        self.add(members, "startTimeUnixNano", "start_time_unix_nano", start);
        self.add(members, "timeUnixNano", "time_unix_nano", time);
    }

    fn flags(&mut self, members: &mut Members, flags: u32) {
        let flags = self.unsigned(flags.into());
        self.add(members, "flags", "flags", flags);
    }

    fn number_point(&mut self, point: &model::NumberDataPoint) -> String {
        use model::number_data_point::Value;
        let mut members = Members::new();
        self.times(&mut members, point.start_time_unix_nano, point.time_unix_nano);
        if let Some(Value::AsDouble(value)) = point.value {
            members.push(("asDouble", "as_double", self.double(value)));
        }
        if let Some(Value::AsInt(value)) = point.value {
            members.push(("asInt", "as_int", self.integer(value.into())));
        }
        self.exemplars(&mut members, &point.exemplars);
        self.attributes(&mut members, "attributes", "attributes", &point.attributes);
        self.flags(&mut members, point.flags);
        self.object(members)
    }

    fn histogram_point(&mut self, point: &model::HistogramDataPoint) -> String {
        let mut members = Members::new();
        self.times(&mut members, point.start_time_unix_nano, point.time_unix_nano);
        let count = self.unsigned(point.count);
        self.add(&mut members, "count", "count", count);
        self.optional(&mut members, "sum", point.sum);
        let counts = self.list(&point.bucket_counts, |this, count| this.integer((*count).into()));
        self.add(&mut members, "bucketCounts", "bucket_counts", counts);
        let bounds = self.list(&point.explicit_bounds, |this, bound| this.double(*bound));
        self.add(&mut members, "explicitBounds", "explicit_bounds", bounds);
        self.exemplars(&mut members, &point.exemplars);
        self.attributes(&mut members, "attributes", "attributes", &point.attributes);
        self.flags(&mut members, point.flags);
        self.optional(&mut members, "min", point.min);
        self.optional(&mut members, "max", point.max);
        self.object(members)
    }

    fn exponential_point(&mut self, point: &model::ExponentialHistogramDataPoint) -> String {
        let mut members = Members::new();
        self.attributes(&mut members, "attributes", "attributes", &point.attributes);
        self.times(&mut members, point.start_time_unix_nano, point.time_unix_nano);
        let count = self.unsigned(point.count);
        self.add(&mut members, "count", "count", count);
        self.optional(&mut members, "sum", point.sum);
        let scale = self.signed(point.scale.into());
        self.add(&mut members, "scale", "scale", scale);
        let zero_count = self.unsigned(point.zero_count);
        self.add(&mut members, "zeroCount", "zero_count", zero_count);
        let positive = point.positive.as_ref().map(|buckets| self.buckets(buckets));
        self.add(&mut members, "positive", "positive", positive);
        let negative = point.negative.as_ref().map(|buckets| self.buckets(buckets));
        self.add(&mut members, "negative", "negative", negative);
        self.flags(&mut members, point.flags);
        self.exemplars(&mut members, &point.exemplars);
        self.optional(&mut members, "min", point.min);
        self.optional(&mut members, "max", point.max);
        self.implicit(
            &mut members,
            "zeroThreshold",
            "zero_threshold",
            point.zero_threshold,
        );
        self.object(members)
    }

    fn buckets(&mut self, buckets: &model::exponential_histogram_data_point::Buckets) -> String {
        let mut members = Members::new();
        let offset = self.signed(buckets.offset.into());
        self.add(&mut members, "offset", "offset", offset);
        let counts = self.list(&buckets.bucket_counts, |this, count| {
            this.integer((*count).into())
        });
        self.add(&mut members, "bucketCounts", "bucket_counts", counts);
        self.object(members)
    }

    fn summary_point(&mut self, point: &model::SummaryDataPoint) -> String {
        let mut members = Members::new();
        self.times(&mut members, point.start_time_unix_nano, point.time_unix_nano);
        let count = self.unsigned(point.count);
        self.add(&mut members, "count", "count", count);
        self.implicit(&mut members, "sum", "sum", point.sum);
        let quantiles = self.list(&point.quantile_values, |this, value| {
            let mut members = Members::new();
            this.implicit(&mut members, "quantile", "quantile", value.quantile);
            this.implicit(&mut members, "value", "value", value.value);
            this.object(members)
        });
        self.add(&mut members, "quantileValues", "quantile_values", quantiles);
        self.attributes(&mut members, "attributes", "attributes", &point.attributes);
        self.flags(&mut members, point.flags);
        self.object(members)
    }

    fn exemplars(&mut self, members: &mut Members, exemplars: &[model::Exemplar]) {
        use model::exemplar::Value;
        let exemplars = self.list(exemplars, |this, exemplar| {
            let mut members = Members::new();
            let time = this.unsigned(exemplar.time_unix_nano);
            this.add(&mut members, "timeUnixNano", "time_unix_nano", time);
            if let Some(Value::AsDouble(value)) = exemplar.value {
                members.push(("asDouble", "as_double", this.double(value)));
            }
            if let Some(Value::AsInt(value)) = exemplar.value {
                members.push(("asInt", "as_int", this.integer(value.into())));
            }
            let span_id = this.hex(&exemplar.span_id);
            this.add(&mut members, "spanId", "span_id", span_id);
            let trace_id = this.hex(&exemplar.trace_id);
            this.add(&mut members, "traceId", "trace_id", trace_id);
            let attributes = &exemplar.filtered_attributes;
            this.attributes(
                &mut members,
                "filteredAttributes",
                "filtered_attributes",
                attributes,
            );
            this.object(members)
        });
        self.add(members, "exemplars", "exemplars", exemplars);
    }

    fn attributes(
        &mut self,
        members: &mut Members,
        name: &'static str,
        snake_case: &'static str,
        attributes: &[KeyValue],
    ) {
        let attributes = self.list(attributes, Self::key_value);
        self.add(members, name, snake_case, attributes);
    }

    fn key_value(&mut self, attribute: &KeyValue) -> String {
        let mut members = Members::new();
        let key = self.text(&attribute.key);
        self.add(&mut members, "key", "key", key);
        let value = attribute.value.as_ref().map(|value| self.any_value(value));
        self.add(&mut members, "value", "value", value);
        self.object(members)
    }

    fn any_value(&mut self, value: &AnyValue) -> String {
        let mut members = Members::new();
        members.extend(value.value.as_ref().map(|value| match value {
            Held::StringValue(text) => ("stringValue", "string_value", self.string(text)),
            Held::BoolValue(value) => ("boolValue", "bool_value", value.to_string()),
            Held::IntValue(value) => ("intValue", "int_value", self.integer((*value).into())),
            Held::DoubleValue(value) => ("doubleValue", "double_value", self.double(*value)),
            Held::ArrayValue(list) => {
                let mut inner = Members::new();
                let values = self.list(&list.values, Self::any_value);
                self.add(&mut inner, "values", "values", values);
                ("arrayValue", "array_value", self.object(inner))
            }
            Held::KvlistValue(map) => {
                let mut inner = Members::new();
                self.attributes(&mut inner, "values", "values", &map.values);
                ("kvlistValue", "kvlist_value", self.object(inner))
            }
            Held::BytesValue(bytes) => ("bytesValue", "bytes_value", self.base64(bytes)),
            Held::StringValueStrindex(_) => unreachable!("not generated"),
        }));
        self.object(members)
    }

    /// What is not there is left out or null.
    fn add(
        &mut self,
        members: &mut Members,
        name: &'static str,
        snake_case: &'static str,
        value: Option<String>,
    ) {
        match value {
            Some(value) => members.push((name, snake_case, value)),
            None if self.choose(4) == 1 => members.push((name, snake_case, "null".to_owned())),
            None => {}
        }
    }

    fn optional(&mut self, members: &mut Members, name: &'static str, value: Option<f64>) {
        let value = value.map(|value| self.double(value));
        self.add(members, name, name, value);
    }

    fn implicit(&mut self, members: &mut Members, name: &'static str, snake_case: &'static str, value: f64) {
        let value = (value.to_bits() != 0 || self.choose(2) == 1).then(|| self.double(value));
        self.add(members, name, snake_case, value);
    }

    fn list<T>(&mut self, values: &[T], mut print: impl FnMut(&mut Self, &T) -> String) -> Option<String> {
        if values.is_empty() && self.choose(3) != 1 {
            return None;
        }
        let mut out = "[".to_owned();
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            let value = print(self, value);
            self.space(&mut out);
            out.push_str(&value);
            self.space(&mut out);
        }
        out.push(']');
        Some(out)
    }

    fn object(&mut self, mut members: Members) -> String {
        if self.state != 0 {
            for end in (1..members.len()).rev() {
                let other = self.choose(end as u64 + 1) as usize;
                members.swap(end, other);
            }
            if self.choose(8) == 0 {
                let at = self.choose(members.len() as u64 + 1) as usize;
                members.insert(at, ("unheardOf", "unheard_of", self.anything(3)));
            }
        }
        let mut out = "{".to_owned();
        for (index, (name, snake_case, value)) in members.into_iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            self.space(&mut out);
            match self.choose(6) {
                1 => out.push_str(&self.string(name)),
                2 | 3 => write!(out, "\"{snake_case}\"").expect("a string takes it"),
                _ => write!(out, "\"{name}\"").expect("a string takes it"),
            }
            self.space(&mut out);
            out.push(':');
            self.space(&mut out);
            // what a later one overrules
            if self.choose(16) == 1 && (value.starts_with(['"', '-']) || value.starts_with(char::is_numeric))
            {
                write!(out, "{value},\"{name}\":").expect("a string takes it");
            }
            out.push_str(&value);
        }
        self.space(&mut out);
        out.push('}');
        out
    }

    /// Any JSON.
    fn anything(&mut self, depth: u64) -> String {
        match self.choose(if depth == 0 { 5 } else { 7 }) {
            0 => "null".to_owned(),
            1 => "true".to_owned(),
            2 => self.string("a\"b\\ü😀\u{1}"),
            3 => "-1.25e+300".to_owned(),
            4 => "[]".to_owned(),
            5 => format!("[{}, {}]", self.anything(depth - 1), self.anything(depth - 1)),
            _ => format!(
                "{{\"\\u0061\":{},\"a\" : {}}}",
                self.anything(depth - 1),
                self.anything(depth - 1)
            ),
        }
    }

    fn space(&mut self, out: &mut String) {
        match self.choose(12) {
            1 => out.push(' '),
            2 => out.push_str("\r\n\t"),
            _ => {}
        }
    }

    fn unsigned(&mut self, value: u64) -> Option<String> {
        (value != 0 || self.choose(3) == 1).then(|| self.integer(value.into()))
    }

    fn signed(&mut self, value: i64) -> Option<String> {
        (value != 0 || self.choose(3) == 1).then(|| self.integer(value.into()))
    }

    fn integer(&mut self, value: i128) -> String {
        let number = match self.choose(8) {
            1 => format!("{value}.000"),
            2 => format!("{value}e0"),
            3 if value != 0 => format!("{value}0E-1"),
            4 if value % 1000 == 0 => format!("{}e+3", value / 1000),
            5 => {
                let sign = if value < 0 { "-" } else { "" };
                let value = value.unsigned_abs();
                format!("{sign}{}.{}e1", value / 10, value % 10)
            }
            _ => value.to_string(),
        };
        self.quoted(number)
    }

    fn double(&mut self, value: f64) -> String {
        if value.is_nan() {
            return "\"NaN\"".to_owned();
        }
        if value.is_infinite() {
            return if value > 0.0 {
                "\"Infinity\""
            } else {
                "\"-Infinity\""
            }
            .to_owned();
        }
        let number = match self.choose(4) {
            1 => format!("{value:e}"),
            2 => format!("{value:E}"),
            3 => format!("{value}"),
            _ => format!("{value:?}"),
        };
        self.quoted(number)
    }

    fn quoted(&mut self, number: String) -> String {
        match self.choose(5) {
            1 | 2 => format!("\"{number}\""),
            3 => self.string(&number),
            _ => number,
        }
    }

    fn text(&mut self, text: &str) -> Option<String> {
        (!text.is_empty() || self.choose(3) == 1).then(|| self.string(text))
    }

    fn string(&mut self, text: &str) -> String {
        let mut out = "\"".to_owned();
        let often = if self.choose(3) == 1 { 3 } else { u64::MAX };
        for character in text.chars() {
            let short = match character {
                '"' => Some('"'),
                '\\' => Some('\\'),
                '/' if self.choose(2) == 1 => Some('/'),
                '\u{8}' => Some('b'),
                '\u{c}' => Some('f'),
                '\n' => Some('n'),
                '\r' => Some('r'),
                '\t' => Some('t'),
                _ => None,
            };
            let must = character < ' ' || matches!(character, '"' | '\\');
            match short {
                Some(short) if self.choose(2) == 0 => {
                    out.push('\\');
                    out.push(short);
                }
                _ if must || self.choose(often) == 1 => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let escape = if self.choose(2) == 0 {
                            format!("\\u{unit:04x}")
                        } else {
                            format!("\\u{unit:04X}")
                        };
                        out.push_str(&escape);
                    }
                }
                _ => out.push(character),
            }
        }
        out.push('"');
        out
    }

    fn hex(&mut self, bytes: &[u8]) -> Option<String> {
        let upper = self.choose(2) == 1;
        let hex: String = bytes
            .iter()
            .map(|byte| {
                if upper {
                    format!("{byte:02X}")
                } else {
                    format!("{byte:02x}")
                }
            })
            .collect();
        self.text(&hex)
    }

    fn base64(&mut self, bytes: &[u8]) -> String {
        const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let alphabet = if self.choose(2) == 0 { PLAIN } else { URL_SAFE };
        let padded = self.choose(2) == 0;
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let bits = chunk
                .iter()
                .chain([&0, &0])
                .take(3)
                .fold(0, |bits, byte| bits << 8 | u32::from(*byte));
            for position in 0..=chunk.len() {
                text.push(char::from(alphabet[(bits >> (18 - 6 * position)) as usize & 63]));
            }
            if padded {
                text.push_str(&"=="[chunk.len() - 1..]);
            }
        }
        self.string(&text)
    }
}
