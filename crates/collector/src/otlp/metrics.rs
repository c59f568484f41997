//! From the request down to one metric.

use super::Malformed;
use super::any_value::{AttributeError, last_text};
use super::exponential::ExponentialHistogramPoint;
use super::points::{HistogramPoint, NumberPoint};
use super::runs::Span;
use super::summary::SummaryPoint;
use super::wire::{Fields, Repeated, Value};

/// The resources in an `ExportMetricsServiceRequest`.
pub(crate) fn resource_metrics(
    request: &[u8],
) -> impl Iterator<Item = Result<ResourceMetrics<'_>, Malformed>> {
    Repeated::new(request, 1).map(|message| ResourceMetrics::new(message?))
}

/// The metrics of one resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResourceMetrics<'a> {
    message: &'a [u8],
    resource: &'a [u8],
}

impl<'a> ResourceMetrics<'a> {
    fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut resource: &[u8] = &[];
        for field in Fields::new(message) {
            if let (1, value) = field? {
                resource = value.bytes()?;
            }
        }
        Ok(Self { message, resource })
    }

    /// The `Resource` message.
    pub(crate) fn resource(&self) -> &'a [u8] {
        self.resource
    }

    pub(crate) fn scopes(&self) -> impl Iterator<Item = Result<ScopeMetrics<'a>, Malformed>> + use<'a> {
        Repeated::new(self.message, 2).map(|message| ScopeMetrics::new(message?))
    }
}

/// The metrics of one instrumentation scope.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScopeMetrics<'a> {
    message: &'a [u8],
    scope: &'a [u8],
    schema_url: &'a [u8],
}

impl<'a> ScopeMetrics<'a> {
    fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        let (mut scope, mut schema_url): (&[u8], &[u8]) = (&[], &[]);
        for field in Fields::new(message) {
            match field? {
                (1, value) => scope = value.bytes()?,
                (3, value) => schema_url = value.bytes()?,
                _ => {}
            }
        }
        Ok(Self {
            message,
            scope,
            schema_url,
        })
    }

    /// The `InstrumentationScope` message.
    pub(crate) fn scope(&self) -> &'a [u8] {
        self.scope
    }

    pub(crate) fn schema_url(&self) -> &'a [u8] {
        self.schema_url
    }

    pub(crate) fn metrics(&self) -> impl Iterator<Item = Result<Metric<'a>, Malformed>> + use<'a> {
        Repeated::new(self.message, 2).map(|message| Metric::new(message?))
    }
}

/// One metric and its points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metric<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) description: &'a [u8],
    pub(crate) unit: &'a [u8],
    /// `None` if there is no data of a kind that OTLP knows.
    pub(crate) data: Option<Data<'a>>,
    /// What lies between the first and the last attribute of its metadata.
    metadata: &'a [u8],
}

impl<'a> Metric<'a> {
    const METADATA: u32 = 12;

    fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut metric = Self {
            name: &[],
            description: &[],
            unit: &[],
            data: None,
            metadata: &[],
        };
        let mut metadata = Span::default();
        let mut fields = Fields::new(message);
        let mut field_start = 0;
        while let Some(field) = fields.next() {
            let end = message.len() - fields.remaining();
            match field? {
                (1, value) => metric.name = value.bytes()?,
                (2, value) => metric.description = value.bytes()?,
                (3, value) => metric.unit = value.bytes()?,
                (number @ (5 | 7 | 9 | 10 | 11), value) => {
                    let data = Data::new(number, Points(value.bytes()?))?;
                    // protobuf would join the two, or drop one: nobody sends that, and nothing may get lost unseen
                    if metric.data.replace(data).is_some() {
                        return Err(Malformed::Twice);
                    }
                }
                (Self::METADATA, Value::Bytes(_)) => metadata.add(field_start, end),
                (Self::METADATA, _) => return Err(Malformed::Mismatch),
                _ => {}
            }
            field_start = end;
        }
        metric.metadata = metadata.of(message);
        Ok(metric)
    }

    /// The type that the metric had in Prometheus, where it comes from there: `prometheus.type` of its metadata.
    pub(crate) fn prometheus_type(&self) -> Result<Option<&'a str>, AttributeError> {
        last_text(self.metadata, Self::METADATA, "prometheus.type")
    }
}

/// The points of a metric, by kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Data<'a> {
    Gauge(Points<'a>),
    Sum {
        points: Points<'a>,
        temporality: Temporality,
        monotonic: bool,
    },
    Histogram {
        points: Points<'a>,
        temporality: Temporality,
    },
    ExponentialHistogram {
        points: Points<'a>,
        temporality: Temporality,
    },
    Summary(Points<'a>),
}

impl<'a> Data<'a> {
    /// By the field in which they stand.
    fn new(number: u32, points: Points<'a>) -> Result<Self, Malformed> {
        match number {
            5 => return Ok(Self::Gauge(points)),
            11 => return Ok(Self::Summary(points)),
            _ => {}
        }
        let (temporality, monotonic) = points.aggregation()?;
        Ok(match number {
            9 => Self::Histogram { points, temporality },
            10 => Self::ExponentialHistogram { points, temporality },
            _ => Self::Sum {
                points,
                temporality,
                monotonic,
            },
        })
    }

    pub(crate) fn points(&self) -> Points<'a> {
        match *self {
            Self::Gauge(points)
            | Self::Sum { points, .. }
            | Self::Histogram { points, .. }
            | Self::ExponentialHistogram { points, .. }
            | Self::Summary(points) => points,
        }
    }
}

/// Whether points tell the whole since a start, or what was added since the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temporality {
    Unspecified,
    Delta,
    Cumulative,
}

/// The data points in a message that holds them in its field 1, as all kinds do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Points<'a>(&'a [u8]);

impl<'a> Points<'a> {
    pub(crate) fn numbers(self) -> impl Iterator<Item = Result<NumberPoint<'a>, Malformed>> + use<'a> {
        Repeated::new(self.0, 1).map(|message| NumberPoint::new(message?))
    }

    pub(crate) fn histograms(self) -> impl Iterator<Item = Result<HistogramPoint<'a>, Malformed>> + use<'a> {
        Repeated::new(self.0, 1).map(|message| HistogramPoint::new(message?))
    }

    pub(crate) fn exponential_histograms(
        self,
    ) -> impl Iterator<Item = Result<ExponentialHistogramPoint<'a>, Malformed>> + use<'a> {
        Repeated::new(self.0, 1).map(|message| ExponentialHistogramPoint::new(message?))
    }

    pub(crate) fn summaries(self) -> impl Iterator<Item = Result<SummaryPoint<'a>, Malformed>> + use<'a> {
        Repeated::new(self.0, 1).map(|message| SummaryPoint::new(message?))
    }

    /// How the points came about, and whether their sum only grows. These fields stand behind the points that they are
    /// about, so the points are stepped over first.
    fn aggregation(self) -> Result<(Temporality, bool), Malformed> {
        let mut temporality = Temporality::Unspecified;
        let mut monotonic = false;
        for field in Fields::new(self.0) {
            match field? {
                (2, value) => {
                    temporality = match value.varint()? {
                        1 => Temporality::Delta,
                        2 => Temporality::Cumulative,
                        _ => Temporality::Unspecified,
                    };
                }
                (3, value) => monotonic = value.varint()? != 0,
                _ => {}
            }
        }
        Ok((temporality, monotonic))
    }

    pub(crate) fn is_empty(self) -> bool {
        Repeated::new(self.0, 1).next().is_none()
    }

    /// How many there are, those included that cannot be read.
    pub(crate) fn count(self) -> usize {
        Repeated::new(self.0, 1).count()
    }
}
