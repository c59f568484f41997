"""Records one value of everything that the SDK for Python can send, and says on standard output what it recorded."""

import json
import os
import sys

from opentelemetry import trace
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

match os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"]:
    case "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    case "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    case "http/json":
        from opentelemetry.exporter.otlp.json.http.metric_exporter import OTLPMetricExporter
    case other:
        sys.exit(f"no exporter for {other}")

SCOPE = {
    "name": "shop",
    "version": "1.2.3",
    "schema_url": "https://example.com/schema/1",
    "attributes": {"scope.tier": "gold"},
}
RESOURCE = {"typed.int": 7, "typed.bool": True, "typed.double": 0.25, "typed.array": ["a", "b"]}
ATTRIBUTES = {
    "http.route": "/x/{id}",
    "text": 'grüße "quoted" \\ back\nline',
    "flag": True,
    "count": 9007199254740993,
    "ratio": 0.5,
    "texts": ["a", "b"],
    "flags": [True, False],
    "counts": [1, 2],
    "ratios": [0.5, 1.5],
}
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def say(**line):
    print(json.dumps(line), flush=True)


def record(kind, instrument, value, attributes):
    method = getattr(instrument, {"gauge": "set"}.get(kind, "record" if kind in ("histogram", "exponential") else "add"))
    method(value, attributes)
    say(metric=instrument.name, kind=kind, value=value, attributes=attributes)


provider = MeterProvider(
    [PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=3_600_000)],
    Resource.create(RESOURCE),
    views=[View(instrument_name="shop.latency", aggregation=ExponentialBucketHistogramAggregation())],
)
meter = provider.get_meter(SCOPE["name"], SCOPE["version"], SCOPE["schema_url"], SCOPE["attributes"])
say(scope=SCOPE, resource=RESOURCE, exemplars={"trace_id": TRACE, "span_id": SPAN})

orders = meter.create_counter("shop.orders", "{order}", "Orders")
weight = meter.create_counter("shop.weight", "kg", "Weight")
queue = meter.create_up_down_counter("shop.queue.length", "{item}", "Queue")
balance = meter.create_up_down_counter("shop.balance", "", "Balance")
duration = meter.create_histogram(
    "shop.request.duration", "s", "Duration", explicit_bucket_boundaries_advisory=[0.005, 0.125, 1, 2.5]
)
size = meter.create_histogram("shop.payload.size", "By", "Size")
latency = meter.create_histogram("shop.latency", "ms", "Latency")
temperature = meter.create_gauge("shop.temperature", "Cel", "Temperature")
utilization = meter.create_gauge("shop.utilization", "1", "Utilization")

observed = {}


def observe(kind, name, value, attributes):
    observed[name] = Observation(value, attributes)
    say(metric=name, kind=kind, value=value, attributes=attributes)


def callback(name):
    return [lambda options: [observed[name]]]


meter.create_observable_counter("shop.visits", callback("shop.visits"), "{visit}", "Visits")
meter.create_observable_up_down_counter("shop.threads", callback("shop.threads"), "{thread}", "Threads")
meter.create_observable_gauge("shop.load", callback("shop.load"), "", "Load")

span = trace.NonRecordingSpan(
    trace.SpanContext(int(TRACE, 16), int(SPAN, 16), is_remote=True, trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED))
)
with trace.use_span(span):
    for round in (1, 2):
        record("counter", orders, 3 * round, ATTRIBUTES)
        record("counter", orders, 4, {})
        record("counter", weight, 0.5 * round, ATTRIBUTES)
        record("updowncounter", queue, 7 - 5 * round, ATTRIBUTES)
        record("updowncounter", balance, -0.75 * round, {})
        for value in (0.00390625, 0.125, 0.75, 2.5, 100.0):
            record("histogram", duration, value * round, ATTRIBUTES)
        for value in (0, 3, 5, 1234, 20_000):
            record("histogram", size, value * round, {})
        # the second round needs wider buckets than the first
        for value in (1, 1.0625, 1.125) if round == 1 else (0, 0.5, 1, 8, 9.5, 64, 777.25):
            record("exponential", latency, value, ATTRIBUTES)
        record("gauge", temperature, 21.5 - 50 * (round - 1), ATTRIBUTES)
        record("gauge", utilization, 1 / (round + 1), {})
        observe("observable_counter", "shop.visits", 1000 * round, ATTRIBUTES)
        observe("observable_updowncounter", "shop.threads", 12 - 3 * round, {})
        observe("observable_gauge", "shop.load", 0.1 * round, {})
        if not provider.force_flush():
            sys.exit("the export failed")
provider.shutdown()
