"""Compares a scrape with what a program said that it recorded."""

import json
import math
import re

from scrape import series

# Exposed names, types in text, bounds.
DEFAULT_BOUNDS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]
CLASSIC_BOUNDS = [1, 8, 64]
METRICS = {
    "shop.orders": ("shop_orders_total", "counter", "Orders"),
    "shop.weight": ("shop_weight_kg_total", "counter", "Weight"),
    "shop.queue.length": ("shop_queue_length", "gauge", "Queue"),
    "shop.balance": ("shop_balance", "gauge", "Balance"),
    "shop.request.duration": ("shop_request_duration_seconds", "histogram", "Duration"),
    "shop.payload.size": ("shop_payload_size_bytes", "histogram", "Size"),
    "shop.latency": ("shop_latency_milliseconds", "histogram", "Latency"),
    "shop.temperature": ("shop_temperature_celsius", "gauge", "Temperature"),
    "shop.utilization": ("shop_utilization_ratio", "gauge", "Utilization"),
    "shop.visits": ("shop_visits_total", "counter", "Visits"),
    "shop.threads": ("shop_threads", "gauge", "Threads"),
    "shop.load": ("shop_load", "gauge", "Load"),
}
BOUNDS = {
    "shop.request.duration": [0.005, 0.125, 1, 2.5],
    "shop.payload.size": DEFAULT_BOUNDS,
    "shop.latency": CLASSIC_BOUNDS,
}
UNITS = {
    "shop_weight_kg": "kg",
    "shop_request_duration_seconds": "seconds",
    "shop_payload_size_bytes": "bytes",
    "shop_latency_milliseconds": "milliseconds",
    "shop_temperature_celsius": "celsius",
    "shop_utilization_ratio": "ratio",
}
# Resource attributes that are in `job` and `instance`, and not in `target_info`.
OF_IDENTITY = {"service.name", "service.namespace", "service.instance.id"}
# Scopes under which SDKs count what they do.
OF_SDKS = {"io.opentelemetry.exporters.otlp-grpc", "io.opentelemetry.exporters.otlp-http"}
# What an exponential histogram has at most, in its SDK: buckets, and a scale that Prometheus can show.
MAX_SIZE, MAX_SCALE = 160, 8


def text(value):
    """A value as the text of a label."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def label(key):
    return re.sub(r"[^a-zA-Z0-9_]", "_", key)


def by_label(attributes):
    return {label(key): text(value) for key, value in attributes.items()}


class Run:
    """What one program recorded. `resource` is what it was given in its environment."""

    def __init__(self, language, journal, resource, started):
        head, *self.lines = [json.loads(line) for line in journal.splitlines()]
        self.language, self.started = language, started
        self.exemplars = head.get("exemplars")
        self.resource = {**resource, **head["resource"]}
        scope = head["scope"]
        self.job = f"{resource['service.namespace']}/{resource['service.name']}"
        self.labels = {
            "job": self.job,
            "instance": resource["service.instance.id"],
            "environment": resource["deployment.environment.name"],
            "service_name": resource["service.name"],
            "otel_scope_name": scope["name"],
            "otel_scope_version": scope["version"],
            "otel_scope_schema_url": scope["schema_url"],
            **{f"otel_scope_{key}": value for key, value in by_label(scope["attributes"]).items()},
        }
        self.recorded = {}
        for line in self.lines:
            labels = frozenset({**self.labels, **by_label(line["attributes"])}.items())
            key = (line["metric"], line["kind"], labels)
            self.recorded.setdefault(key, []).append(line["value"])
        missing = METRICS.keys() - {line["metric"] for line in self.lines}
        if missing:
            raise ValueError(f"nothing was recorded of {missing}")

    def expected(self, in_protobuf, only=METRICS):
        """Samples by series; and exponential histograms, which are native in protobuf."""
        samples, natives = {}, {}
        for (metric, kind, labels), values in self.recorded.items():
            if metric not in only:
                continue
            name = METRICS[metric][0]
            if kind in ("counter", "updowncounter"):
                samples[name, labels] = sum(values)
            elif kind == "exponential" and in_protobuf:
                natives[name, labels] = values
            elif kind in ("histogram", "exponential"):
                samples[f"{name}_count", labels] = len(values)
                samples[f"{name}_sum", labels] = sum(values)
                for bound in [*BOUNDS[metric], math.inf]:
                    key = series(f"{name}_bucket", {**dict(labels), "le": bound})
                    samples[key] = sum(value <= bound for value in values)
            else:
                samples[name, labels] = values[-1]
        return samples, natives

    def faults(self, scrape, form):
        """Everything in which a scrape differs from what was recorded."""
        samples, natives = self.expected(form == "protobuf")
        shown = self.own(scrape.samples)
        infos = [dict(labels) for name, labels in shown if name == "target_info"]
        yield from self.differences(samples, {key: value for key, value in shown.items() if key[0] != "target_info"})
        yield from self.faults_of_natives(natives, self.own(scrape.natives))
        yield from self.faults_of_target(infos)
        yield from self.faults_of_exemplars(self.own(scrape.exemplars), self.own(scrape.natives), form)
        yield from faults_of_heads(scrape.heads, form)
        if form != "text":
            yield from self.faults_of_start_times(self.own(scrape.created), form)

    def faults_after_restart(self, scrape, form, delta):
        """The same, when the collector has started anew and nobody has sent: deltas are there, but nothing else."""
        only = {metric for metric, (_, type_, _) in METRICS.items() if delta and type_ != "gauge"}
        samples, natives = self.expected(form == "protobuf", only)
        shown = {key: value for key, value in self.own(scrape.samples).items() if key[0] != "target_info"}
        yield from self.differences(samples, shown)
        yield from self.faults_of_natives(natives, self.own(scrape.natives))

    def own(self, found):
        """What this program recorded, without what its SDK says of itself under scopes of its own."""
        scopes = {("otel_scope_name", name) for name in OF_SDKS}
        return {key: value for key, value in found.items() if ("job", self.job) in key[1] and not scopes & key[1]}

    def differences(self, expected, shown):
        for key in sorted(expected.keys() | shown.keys(), key=lambda key: (key[0], sorted(key[1]))):
            one, other = expected.get(key), shown.get(key)
            if one != other:
                labels = dict(sorted(key[1] - self.labels.items()))
                yield f"{key[0]}{labels}: {one} was recorded, {other} is shown"

    def faults_of_natives(self, expected, shown):
        if expected.keys() != shown.keys():
            only = [name for name, _ in expected.keys() ^ shown.keys()]
            yield f"exponential histograms: {only} were recorded and are not shown, or the other way round"
            return
        for key, values in expected.items():
            it = shown[key]
            scale = next(
                scale
                for scale in range(MAX_SCALE, -11, -1)
                if max(indices(values, scale)) - min(indices(values, scale)) < MAX_SIZE
            )
            # an SDK may have chosen a coarser one: that it sent this, nobody else can know
            if not scale - 1 <= it.schema <= scale:
                yield f"{key[0]}: schema {it.schema}, is {scale} at best"
            counts = {}
            for index in indices(values, it.schema):
                counts[index] = counts.get(index, 0) + 1
            was = (len(values), sum(values), values.count(0), counts, {})
            found = (it.count, it.sum, it.zero_count, it.positive, it.negative)
            if was != found:
                yield f"{key[0]}: {was} was recorded, {found} is shown at schema {it.schema}"

    def faults_of_target(self, infos):
        if len(infos) != 1:
            yield f"target_info is there {len(infos)} times"
            return
        expected = {
            **by_label({key: value for key, value in self.resource.items() if key not in OF_IDENTITY}),
            "job": self.job,
            "instance": self.labels["instance"],
            "telemetry_sdk_language": {"javascript": "nodejs"}.get(self.language, self.language),
            "telemetry_sdk_name": "opentelemetry",
        }
        for name, value in expected.items():
            if infos[0].get(name) != value:
                yield f"target_info: {name} is {infos[0].get(name)!r}, not {value!r}"

    def faults_of_exemplars(self, shown, natives, form):
        found = [(name, labels, exemplar) for (name, labels), exemplar in shown.items()]
        found += [(name, labels, exemplar) for (name, labels), it in natives.items() for exemplar in it.exemplars]
        by_name = {(METRICS[metric][0], labels): values for (metric, _, labels), values in self.recorded.items()}
        for name, labels, (its, value) in found:
            bare = frozenset(pair for pair in labels if pair[0] != "le")
            values = by_name.get((name.removesuffix("_bucket"), bare), [])
            bound = float(dict(labels).get("le", "inf"))
            if its != self.exemplars or value not in values or value > bound:
                yield f"{name}: {its} {value} is no exemplar of {values}"
        names = {name for name, _, _ in found}
        wanted = {"shop_orders_total", "shop_weight_kg_total", "shop_request_duration_seconds_bucket", "shop_payload_size_bytes_bucket"}
        if form == "protobuf":
            wanted.add("shop_latency_milliseconds")
        if form != "text" and self.exemplars and wanted - names:
            yield f"no exemplars of {sorted(wanted - names)}"

    def faults_of_start_times(self, created, form):
        for (metric, kind, labels), _ in self.recorded.items():
            name, type_, _ = METRICS[metric]
            if type_ == "gauge":
                continue
            name = name if form == "protobuf" else name.removesuffix("_total")
            start = created.get((name, labels))
            if start is None or not self.started - 1 <= start <= self.started + 60:
                yield f"{name}: its start time is {start}, that of the program {self.started}"


def indices(values, scale):
    """The buckets of values other than zero, as Prometheus counts them: the upper bound belongs to its bucket."""
    return [math.ceil(math.log2(value) * 2.0**scale) for value in values if value]


def faults_of_heads(heads, form):
    family, type_ = ("target", "info") if form == "OpenMetrics" else ("target_info", "gauge")
    if heads.get(family, {}).get("TYPE") != type_:
        yield f"{family}: head is {heads.get(family)}, should be {type_}"
    for name, type_, description in METRICS.values():
        family = name.removesuffix("_total") if form == "OpenMetrics" else name
        found = heads.get(family, {})
        if found.get("TYPE") != type_ or found.get("HELP") != description:
            yield f"{family}: head is {found}, should be {type_} {description}"
        if form == "OpenMetrics" and found.get("UNIT") != UNITS.get(family):
            yield f"{family}: unit is {found.get('UNIT')}, should be {UNITS.get(family)}"
