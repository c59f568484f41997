"""Reads what the collector exposes: text, OpenMetrics, and delimited protobuf."""

import re
import struct
import urllib.request
from dataclasses import dataclass, field

TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

TYPES = ["counter", "gauge", "summary", "untyped", "histogram", "gaugehistogram"]


@dataclass
class Native:
    """A histogram with exponential buckets: index to count."""

    count: int
    sum: float
    schema: int
    zero_count: int
    positive: dict
    negative: dict
    exemplars: list


@dataclass
class Scrape:
    """`samples` and `exemplars` are by name and labels, `heads` by the family's name."""

    samples: dict = field(default_factory=dict)
    natives: dict = field(default_factory=dict)
    exemplars: dict = field(default_factory=dict)
    created: dict = field(default_factory=dict)
    heads: dict = field(default_factory=dict)

    def add(self, name, labels, value):
        key = series(name, labels)
        if key in self.samples:
            raise ValueError(f"there twice: {key}")
        self.samples[key] = value


def series(name, labels):
    labels = dict(labels)
    if "le" in labels:
        labels["le"] = repr(float(labels["le"]))
    return name, frozenset(labels.items())


def get(address, accept, path="/metrics"):
    request = urllib.request.Request(f"http://{address}{path}", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=20) as answer:
        if accept.partition(";")[0] not in answer.headers["Content-Type"]:
            raise ValueError(f"asked for {accept}, is {answer.headers['Content-Type']}")
        return answer.read()


LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
LABELS = re.compile(r'\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}')
ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def labels_of(text):
    pairs = LABEL.findall(text)
    if ",".join(f'{name}="{value}"' for name, value in pairs) != text.removesuffix(","):
        raise ValueError(f"no labels: {text}")
    return {name: re.sub(r"\\.", lambda escape: ESCAPES[escape[0]], value) for name, value in pairs}


def sample_of(text):
    """The name, if any, the labels, and what follows them."""
    head, _, rest = text.partition(" ")
    found = LABELS.search(text)
    if "{" not in head:
        return head, {}, rest
    return text[: found.start()], labels_of(found[1]), text[found.end() :].strip()


def read_text(body):
    scrape = Scrape()
    lines = body.decode().split("\n")
    for line in lines:
        if line.startswith(("# TYPE ", "# HELP ", "# UNIT ")):
            _, word, name, rest = (line + " ").split(" ", 3)
            scrape.heads.setdefault(name, {})[word] = rest[:-1]
            continue
        if not line or line == "# EOF":
            continue
        line, _, exemplar = line.partition(" # ")
        name, labels, rest = sample_of(line)
        value = float(rest.split(" ")[0])
        if name.endswith("_created"):
            scrape.created[series(name.removesuffix("_created"), labels)] = value
            continue
        scrape.add(name, labels, value)
        if exemplar:
            _, its, rest = sample_of(exemplar)
            scrape.exemplars[series(name, labels)] = (its, float(rest.split(" ")[0]))
    return scrape


def read_openmetrics(body):
    if not body.endswith(b"# EOF\n"):
        raise ValueError("OpenMetrics ends with # EOF")
    return read_text(body)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def zigzag(value):
    return value >> 1 ^ -(value & 1)


def fields(data):
    """The fields of a message by their number; each may be there many times."""
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        match tag & 7:
            case 0:
                value, at = varint(data, at)
            case 1:
                (value,), at = struct.unpack_from("<d", data, at), at + 8
            case 2:
                length, at = varint(data, at)
                value, at = data[at : at + length], at + length
            case other:
                raise ValueError(f"wire type {other}")
        found.setdefault(tag >> 3, []).append(value)
    return found


def packed(values):
    numbers = []
    for value in values:
        if isinstance(value, int):
            numbers.append(zigzag(value))
            continue
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            numbers.append(zigzag(number))
    return numbers


def pairs(messages):
    both = (fields(message) for message in messages)
    return {pair[1][0].decode(): pair.get(2, [b""])[0].decode() for pair in both}


def exemplar_of(message):
    its = fields(message)
    return pairs(its.get(1, [])), its.get(2, [0.0])[0]


def buckets(spans, deltas):
    found, index, count = {}, 0, 0
    deltas = iter(packed(deltas))
    for span in spans:
        span = fields(span)
        index += zigzag(span.get(1, [0])[0])
        for _ in range(span.get(2, [0])[0]):
            count += next(deltas)
            if count:
                found[index] = count
            index += 1
    if next(deltas, None) is not None:
        raise ValueError("more deltas than buckets")
    return found


def seconds(message):
    its = fields(message)
    return its.get(1, [0])[0] + its.get(2, [0])[0] / 1e9


def read_protobuf(body):
    scrape, at = Scrape(), 0
    while at < len(body):
        length, at = varint(body, at)
        family, at = fields(body[at : at + length]), at + length
        name, kind = family[1][0].decode(), TYPES[family.get(3, [0])[0]]
        scrape.heads[name] = {"TYPE": kind, "HELP": family.get(2, [b""])[0].decode()}
        for metric in map(fields, family.get(4, [])):
            labels = pairs(metric.get(1, []))
            key = series(name, labels)
            if kind != "histogram":
                number = fields(metric[{"counter": 3, "gauge": 2, "untyped": 5}[kind]][0])
                scrape.add(name, labels, number.get(1, [0.0])[0])
                if kind == "counter":
                    if 2 in number:
                        scrape.exemplars[key] = exemplar_of(number[2][0])
                    if 3 in number:
                        scrape.created[key] = seconds(number[3][0])
                continue
            its = fields(metric[7][0])
            count, total = its.get(1, [0])[0], its.get(2, [0.0])[0]
            if 15 in its:
                scrape.created[key] = seconds(its[15][0])
            if 5 in its or 12 in its:
                positive, negative = buckets(its.get(12, []), its.get(13, [])), buckets(its.get(9, []), its.get(10, []))
                exemplars = [exemplar_of(exemplar) for exemplar in its.get(16, [])]
                schema, zeros = zigzag(its.get(5, [0])[0]), its.get(7, [0])[0]
                scrape.natives[key] = Native(count, total, schema, zeros, positive, negative, exemplars)
                continue
            scrape.add(f"{name}_count", labels, count)
            scrape.add(f"{name}_sum", labels, total)
            infinity = False
            for bucket in map(fields, its.get(3, [])):
                bound = bucket[2][0]
                infinity |= bound == float("inf")
                scrape.add(f"{name}_bucket", {**labels, "le": bound}, bucket.get(1, [0])[0])
                if 3 in bucket:
                    scrape.exemplars[series(f"{name}_bucket", {**labels, "le": bound})] = exemplar_of(bucket[3][0])
            if not infinity:
                scrape.add(f"{name}_bucket", {**labels, "le": "inf"}, count)
    return scrape
