//! OTLP's messages: `opentelemetry/proto/{collector/metrics,metrics,common,resource}/v1`.
//!
//! The two fields that are indices into a table of strings (`keyStrindex`, `stringValueStrindex`) are left out: metrics
//! have no such table.

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) fields: &'static [Field],
    /// How many bytes its length normally takes.
    pub(super) length_bytes: usize,
}

impl Message {
    /// The index of a field. Most stand in the order of the table, so it is looked for at `hint` first.
    #[inline]
    pub(super) fn find(&self, name: &[u8], hint: usize) -> Option<usize> {
        let is = |field: &Field| field.name.as_bytes() == name || field.snake_case.as_bytes() == name;
        match self.fields.get(hint) {
            Some(field) if is(field) => Some(hint),
            _ => self.fields.iter().position(is),
        }
    }
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    /// In lowerCamelCase.
    pub(super) name: &'static str,
    /// As in the `.proto` file.
    pub(super) snake_case: &'static str,
    pub(super) number: u8,
    pub(super) kind: Kind,
    pub(super) presence: Presence,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Message(&'static Message),
    String,
    Base64,
    Hex,
    Bool,
    Number(Number),
    Enum(&'static [(&'static str, i32)]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Double,
    Fixed64,
    SignedFixed64,
    Unsigned32,
    Unsigned64,
    Integer64,
    ZigZag32,
}

/// How often a field may stand in its message, and what it means that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Its default.
    Implicit,
    /// Something else than its default.
    Optional,
    /// One of the message's `oneof`. No message has two of those.
    OneOf,
    Repeated,
}

const fn field(name: &'static str, snake_case: &'static str, number: u8, kind: Kind) -> Field {
    Field {
        name,
        snake_case,
        number,
        kind,
        presence: Presence::Implicit,
    }
}

impl Field {
    const fn optional(mut self) -> Self {
        self.presence = Presence::Optional;
        self
    }

    const fn one_of(mut self) -> Self {
        self.presence = Presence::OneOf;
        self
    }

    const fn repeated(mut self) -> Self {
        self.presence = Presence::Repeated;
        self
    }
}

const DOUBLE: Kind = Kind::Number(Number::Double);
const FIXED64: Kind = Kind::Number(Number::Fixed64);
const SIGNED_FIXED64: Kind = Kind::Number(Number::SignedFixed64);
const UNSIGNED32: Kind = Kind::Number(Number::Unsigned32);
const UNSIGNED64: Kind = Kind::Number(Number::Unsigned64);
const INTEGER64: Kind = Kind::Number(Number::Integer64);
const ZIGZAG32: Kind = Kind::Number(Number::ZigZag32);
const TEMPORALITY: Kind = Kind::Enum(&[
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0),
    ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
]);

pub(super) static EXPORT_METRICS_SERVICE_REQUEST: Message = Message {
    length_bytes: 0,
    fields: &[field(
        "resourceMetrics",
        "resource_metrics",
        1,
        Kind::Message(&RESOURCE_METRICS),
    )
    .repeated()],
};

static RESOURCE_METRICS: Message = Message {
    length_bytes: 3,
    fields: &[
        field("resource", "resource", 1, Kind::Message(&RESOURCE)),
        field("scopeMetrics", "scope_metrics", 2, Kind::Message(&SCOPE_METRICS)).repeated(),
        field("schemaUrl", "schema_url", 3, Kind::String),
    ],
};

static RESOURCE: Message = Message {
    length_bytes: 2,
    fields: &[
        field("attributes", "attributes", 1, Kind::Message(&KEY_VALUE)).repeated(),
        field(
            "droppedAttributesCount",
            "dropped_attributes_count",
            2,
            UNSIGNED32,
        ),
        field("entityRefs", "entity_refs", 3, Kind::Message(&ENTITY_REF)).repeated(),
    ],
};

static ENTITY_REF: Message = Message {
    length_bytes: 1,
    fields: &[
        field("schemaUrl", "schema_url", 1, Kind::String),
        field("type", "type", 2, Kind::String),
        field("idKeys", "id_keys", 3, Kind::String).repeated(),
        field("descriptionKeys", "description_keys", 4, Kind::String).repeated(),
    ],
};

static SCOPE_METRICS: Message = Message {
    length_bytes: 3,
    fields: &[
        field("scope", "scope", 1, Kind::Message(&INSTRUMENTATION_SCOPE)),
        field("metrics", "metrics", 2, Kind::Message(&METRIC)).repeated(),
        field("schemaUrl", "schema_url", 3, Kind::String),
    ],
};

static INSTRUMENTATION_SCOPE: Message = Message {
    length_bytes: 1,
    fields: &[
        field("name", "name", 1, Kind::String),
        field("version", "version", 2, Kind::String),
        field("attributes", "attributes", 3, Kind::Message(&KEY_VALUE)).repeated(),
        field(
            "droppedAttributesCount",
            "dropped_attributes_count",
            4,
            UNSIGNED32,
        ),
    ],
};

static METRIC: Message = Message {
    length_bytes: 2,
    fields: &[
        field("name", "name", 1, Kind::String),
        field("description", "description", 2, Kind::String),
        field("unit", "unit", 3, Kind::String),
        field("gauge", "gauge", 5, Kind::Message(&GAUGE)).one_of(),
        field("sum", "sum", 7, Kind::Message(&SUM)).one_of(),
        field("histogram", "histogram", 9, Kind::Message(&HISTOGRAM)).one_of(),
        field(
            "exponentialHistogram",
            "exponential_histogram",
            10,
            Kind::Message(&EXPONENTIAL_HISTOGRAM),
        )
        .one_of(),
        field("summary", "summary", 11, Kind::Message(&SUMMARY)).one_of(),
        field("metadata", "metadata", 12, Kind::Message(&KEY_VALUE)).repeated(),
    ],
};

static GAUGE: Message = Message {
    length_bytes: 2,
    fields: &[field("dataPoints", "data_points", 1, Kind::Message(&NUMBER_DATA_POINT)).repeated()],
};

static SUM: Message = Message {
    length_bytes: 2,
    fields: &[
        field("dataPoints", "data_points", 1, Kind::Message(&NUMBER_DATA_POINT)).repeated(),
        field(
            "aggregationTemporality",
            "aggregation_temporality",
            2,
            TEMPORALITY,
        ),
        field("isMonotonic", "is_monotonic", 3, Kind::Bool),
    ],
};

static HISTOGRAM: Message = Message {
    length_bytes: 2,
    fields: &[
        field(
            "dataPoints",
            "data_points",
            1,
            Kind::Message(&HISTOGRAM_DATA_POINT),
        )
        .repeated(),
        field(
            "aggregationTemporality",
            "aggregation_temporality",
            2,
            TEMPORALITY,
        ),
    ],
};

static EXPONENTIAL_HISTOGRAM: Message = Message {
    length_bytes: 2,
    fields: &[
        field(
            "dataPoints",
            "data_points",
            1,
            Kind::Message(&EXPONENTIAL_HISTOGRAM_DATA_POINT),
        )
        .repeated(),
        field(
            "aggregationTemporality",
            "aggregation_temporality",
            2,
            TEMPORALITY,
        ),
    ],
};

static SUMMARY: Message = Message {
    length_bytes: 2,
    fields: &[field("dataPoints", "data_points", 1, Kind::Message(&SUMMARY_DATA_POINT)).repeated()],
};

static NUMBER_DATA_POINT: Message = Message {
    length_bytes: 2,
    fields: &[
        field("attributes", "attributes", 7, Kind::Message(&KEY_VALUE)).repeated(),
        field("startTimeUnixNano", "start_time_unix_nano", 2, FIXED64),
        field("timeUnixNano", "time_unix_nano", 3, FIXED64),
        field("asDouble", "as_double", 4, DOUBLE).one_of(),
        field("asInt", "as_int", 6, SIGNED_FIXED64).one_of(),
        field("exemplars", "exemplars", 5, Kind::Message(&EXEMPLAR)).repeated(),
        field("flags", "flags", 8, UNSIGNED32),
    ],
};

static HISTOGRAM_DATA_POINT: Message = Message {
    length_bytes: 2,
    fields: &[
        field("attributes", "attributes", 9, Kind::Message(&KEY_VALUE)).repeated(),
        field("startTimeUnixNano", "start_time_unix_nano", 2, FIXED64),
        field("timeUnixNano", "time_unix_nano", 3, FIXED64),
        field("count", "count", 4, FIXED64),
        field("sum", "sum", 5, DOUBLE).optional(),
        field("bucketCounts", "bucket_counts", 6, FIXED64).repeated(),
        field("explicitBounds", "explicit_bounds", 7, DOUBLE).repeated(),
        field("exemplars", "exemplars", 8, Kind::Message(&EXEMPLAR)).repeated(),
        field("flags", "flags", 10, UNSIGNED32),
        field("min", "min", 11, DOUBLE).optional(),
        field("max", "max", 12, DOUBLE).optional(),
    ],
};

static EXPONENTIAL_HISTOGRAM_DATA_POINT: Message = Message {
    length_bytes: 2,
    fields: &[
        field("attributes", "attributes", 1, Kind::Message(&KEY_VALUE)).repeated(),
        field("startTimeUnixNano", "start_time_unix_nano", 2, FIXED64),
        field("timeUnixNano", "time_unix_nano", 3, FIXED64),
        field("count", "count", 4, FIXED64),
        field("sum", "sum", 5, DOUBLE).optional(),
        field("scale", "scale", 6, ZIGZAG32),
        field("zeroCount", "zero_count", 7, FIXED64),
        field("positive", "positive", 8, Kind::Message(&BUCKETS)),
        field("negative", "negative", 9, Kind::Message(&BUCKETS)),
        field("flags", "flags", 10, UNSIGNED32),
        field("exemplars", "exemplars", 11, Kind::Message(&EXEMPLAR)).repeated(),
        field("min", "min", 12, DOUBLE).optional(),
        field("max", "max", 13, DOUBLE).optional(),
        field("zeroThreshold", "zero_threshold", 14, DOUBLE),
    ],
};

static BUCKETS: Message = Message {
    length_bytes: 1,
    fields: &[
        field("offset", "offset", 1, ZIGZAG32),
        field("bucketCounts", "bucket_counts", 2, UNSIGNED64).repeated(),
    ],
};

static SUMMARY_DATA_POINT: Message = Message {
    length_bytes: 2,
    fields: &[
        field("attributes", "attributes", 7, Kind::Message(&KEY_VALUE)).repeated(),
        field("startTimeUnixNano", "start_time_unix_nano", 2, FIXED64),
        field("timeUnixNano", "time_unix_nano", 3, FIXED64),
        field("count", "count", 4, FIXED64),
        field("sum", "sum", 5, DOUBLE),
        field(
            "quantileValues",
            "quantile_values",
            6,
            Kind::Message(&VALUE_AT_QUANTILE),
        )
        .repeated(),
        field("flags", "flags", 8, UNSIGNED32),
    ],
};

static VALUE_AT_QUANTILE: Message = Message {
    length_bytes: 1,
    fields: &[
        field("quantile", "quantile", 1, DOUBLE),
        field("value", "value", 2, DOUBLE),
    ],
};

static EXEMPLAR: Message = Message {
    length_bytes: 1,
    fields: &[
        field(
            "filteredAttributes",
            "filtered_attributes",
            7,
            Kind::Message(&KEY_VALUE),
        )
        .repeated(),
        field("timeUnixNano", "time_unix_nano", 2, FIXED64),
        field("asDouble", "as_double", 3, DOUBLE).one_of(),
        field("asInt", "as_int", 6, SIGNED_FIXED64).one_of(),
        field("spanId", "span_id", 4, Kind::Hex),
        field("traceId", "trace_id", 5, Kind::Hex),
    ],
};

static KEY_VALUE: Message = Message {
    length_bytes: 1,
    fields: &[
        field("key", "key", 1, Kind::String),
        field("value", "value", 2, Kind::Message(&ANY_VALUE)),
    ],
};

static ANY_VALUE: Message = Message {
    length_bytes: 1,
    fields: &[
        field("stringValue", "string_value", 1, Kind::String).one_of(),
        field("boolValue", "bool_value", 2, Kind::Bool).one_of(),
        field("intValue", "int_value", 3, INTEGER64).one_of(),
        field("doubleValue", "double_value", 4, DOUBLE).one_of(),
        field("arrayValue", "array_value", 5, Kind::Message(&ARRAY_VALUE)).one_of(),
        field("kvlistValue", "kvlist_value", 6, Kind::Message(&KEY_VALUE_LIST)).one_of(),
        field("bytesValue", "bytes_value", 7, Kind::Base64).one_of(),
    ],
};

static ARRAY_VALUE: Message = Message {
    length_bytes: 1,
    fields: &[field("values", "values", 1, Kind::Message(&ANY_VALUE)).repeated()],
};

static KEY_VALUE_LIST: Message = Message {
    length_bytes: 1,
    fields: &[field("values", "values", 1, Kind::Message(&KEY_VALUE)).repeated()],
};
