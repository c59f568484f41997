//! Records one value of everything that the SDK for Rust can send, and says on standard output what it recorded.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::{Array, InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_otlp::{
    Compression, MetricExporter, Protocol, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, PeriodicReader, SdkMeterProvider, Stream, Temporality,
};
use serde_json::{Map, Value as Json, json};

fn main() {
    // the exporter over gRPC wants a runtime around it
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let inside = runtime.enter();
    let exporter = exporter();
    let provider = SdkMeterProvider::builder()
        .with_resource(Resource::builder().with_attributes(resource_attributes()).build())
        .with_reader(
            PeriodicReader::builder(exporter)
                .with_interval(Duration::from_secs(3600))
                .build(),
        )
        .with_view(|instrument: &Instrument| {
            let exponential = Aggregation::Base2ExponentialHistogram {
                max_size: 160,
                max_scale: 20,
                record_min_max: true,
            };
            (instrument.name() == "shop.latency")
                .then(|| Stream::builder().with_aggregation(exponential).build().unwrap())
        })
        .build();
    drop(inside);
    record(&provider);
    provider.shutdown().unwrap();
}

fn exporter() -> MetricExporter {
    let variable = |name: &str| env::var(format!("OTEL_EXPORTER_OTLP_{name}")).unwrap_or_default();
    let temporality = match variable("METRICS_TEMPORALITY_PREFERENCE").as_str() {
        "delta" => Temporality::Delta,
        _ => Temporality::Cumulative,
    };
    let gzip = variable("COMPRESSION") == "gzip";
    let protocol = match variable("PROTOCOL").as_str() {
        "grpc" => {
            let builder = MetricExporter::builder()
                .with_tonic()
                .with_temporality(temporality);
            let builder = if gzip {
                builder.with_compression(Compression::Gzip)
            } else {
                builder
            };
            return builder.build().unwrap();
        }
        "http/protobuf" => Protocol::HttpBinary,
        "http/json" => Protocol::HttpJson,
        other => panic!("no exporter for {other}"),
    };
    let builder = MetricExporter::builder()
        .with_http()
        .with_protocol(protocol)
        .with_temporality(temporality);
    let builder = if gzip {
        builder.with_compression(Compression::Gzip)
    } else {
        builder
    };
    builder.build().unwrap()
}

fn record(provider: &SdkMeterProvider) {
    let scope_attributes = [KeyValue::new("scope.tier", "gold")];
    let scope = InstrumentationScope::builder("shop")
        .with_version("1.2.3")
        .with_schema_url("https://example.com/schema/1")
        .with_attributes(scope_attributes.clone())
        .build();
    let meter = provider.meter_with_scope(scope);
    println!(
        "{}",
        json!({
            "scope": { "name": "shop", "version": "1.2.3", "schema_url": "https://example.com/schema/1", "attributes": plain(&scope_attributes) },
            "resource": plain(&resource_attributes()),
        })
    );

    let orders = meter
        .u64_counter("shop.orders")
        .with_unit("{order}")
        .with_description("Orders")
        .build();
    let weight = meter
        .f64_counter("shop.weight")
        .with_unit("kg")
        .with_description("Weight")
        .build();
    let queue = meter
        .i64_up_down_counter("shop.queue.length")
        .with_unit("{item}")
        .with_description("Queue")
        .build();
    let balance = meter
        .f64_up_down_counter("shop.balance")
        .with_description("Balance")
        .build();
    let duration = meter
        .f64_histogram("shop.request.duration")
        .with_unit("s")
        .with_description("Duration")
        .with_boundaries(vec![0.005, 0.125, 1.0, 2.5])
        .build();
    let size = meter
        .u64_histogram("shop.payload.size")
        .with_unit("By")
        .with_description("Size")
        .build();
    let latency = meter
        .f64_histogram("shop.latency")
        .with_unit("ms")
        .with_description("Latency")
        .build();
    let temperature = meter
        .f64_gauge("shop.temperature")
        .with_unit("Cel")
        .with_description("Temperature")
        .build();
    let utilization = meter
        .f64_gauge("shop.utilization")
        .with_unit("1")
        .with_description("Utilization")
        .build();

    let all = attributes();
    let now = Arc::new(AtomicU64::new(1));
    let visits = |round: u64| 1000 * round;
    let threads = |round: u64| 12 - 3 * round as i64;
    let load = |round: u64| 0.1 * round as f64;
    let (round, labels) = (now.clone(), all.clone());
    let _visits = meter
        .u64_observable_counter("shop.visits")
        .with_unit("{visit}")
        .with_description("Visits")
        .with_callback(move |observer| observer.observe(visits(round.load(Relaxed)), &labels))
        .build();
    let round = now.clone();
    let _threads = meter
        .i64_observable_up_down_counter("shop.threads")
        .with_unit("{thread}")
        .with_description("Threads")
        .with_callback(move |observer| observer.observe(threads(round.load(Relaxed)), &[]))
        .build();
    let round = now.clone();
    let _load = meter
        .f64_observable_gauge("shop.load")
        .with_description("Load")
        .with_callback(move |observer| observer.observe(load(round.load(Relaxed)), &[]))
        .build();

    for round in [1, 2] {
        now.store(round, Relaxed);
        let times = round as f64;
        orders.add(said("counter", "shop.orders", 3 * round, &all), &all);
        orders.add(said("counter", "shop.orders", 4, &[]), &[]);
        weight.add(said("counter", "shop.weight", 0.5 * times, &all), &all);
        queue.add(
            said("updowncounter", "shop.queue.length", 7 - 5 * round as i64, &all),
            &all,
        );
        balance.add(said("updowncounter", "shop.balance", -0.75 * times, &[]), &[]);
        for value in [0.00390625, 0.125, 0.75, 2.5, 100.0] {
            duration.record(
                said("histogram", "shop.request.duration", value * times, &all),
                &all,
            );
        }
        for value in [0, 3, 5, 1234, 20_000] {
            size.record(said("histogram", "shop.payload.size", value * round, &[]), &[]);
        }
        // the second round needs wider buckets than the first
        let values: &[f64] = if round == 1 {
            &[1.0, 1.0625, 1.125]
        } else {
            &[0.0, 0.5, 1.0, 8.0, 9.5, 64.0, 777.25]
        };
        for &value in values {
            latency.record(said("exponential", "shop.latency", value, &all), &all);
        }
        temperature.record(
            said("gauge", "shop.temperature", 21.5 - 50.0 * (times - 1.0), &all),
            &all,
        );
        utilization.record(said("gauge", "shop.utilization", 1.0 / (times + 1.0), &[]), &[]);
        said("observable_counter", "shop.visits", visits(round), &all);
        said("observable_updowncounter", "shop.threads", threads(round), &[]);
        said("observable_gauge", "shop.load", load(round), &[]);
        provider.force_flush().unwrap();
    }
}

/// Says what is recorded.
fn said<N: Copy + Into<Json>>(kind: &str, metric: &str, value: N, attributes: &[KeyValue]) -> N {
    let number: Json = value.into();
    println!(
        "{}",
        json!({ "metric": metric, "kind": kind, "value": number, "attributes": plain(attributes) })
    );
    value
}

fn resource_attributes() -> [KeyValue; 4] {
    [
        KeyValue::new("typed.int", 7),
        KeyValue::new("typed.bool", true),
        KeyValue::new("typed.double", 0.25),
        KeyValue::new("typed.array", strings(&["a", "b"])),
    ]
}

fn attributes() -> Vec<KeyValue> {
    vec![
        KeyValue::new("http.route", "/x/{id}"),
        KeyValue::new("text", "grüße \"quoted\" \\ back\nline"),
        KeyValue::new("flag", true),
        KeyValue::new("count", 9_007_199_254_740_993_i64),
        KeyValue::new("ratio", 0.5),
        KeyValue::new("texts", strings(&["a", "b"])),
        KeyValue::new("flags", Value::Array(Array::Bool(vec![true, false]))),
        KeyValue::new("counts", Value::Array(Array::I64(vec![1, 2]))),
        KeyValue::new("ratios", Value::Array(Array::F64(vec![0.5, 1.5]))),
    ]
}

fn strings(texts: &[&'static str]) -> Value {
    Value::Array(Array::String(
        texts.iter().map(|&text| StringValue::from(text)).collect(),
    ))
}

fn plain(attributes: &[KeyValue]) -> Map<String, Json> {
    let one = |value: &Value| match value {
        Value::Bool(value) => json!(value),
        Value::I64(value) => json!(value),
        Value::F64(value) => json!(value),
        Value::String(value) => json!(value.as_str()),
        Value::Array(Array::Bool(values)) => json!(values),
        Value::Array(Array::I64(values)) => json!(values),
        Value::Array(Array::F64(values)) => json!(values),
        Value::Array(Array::String(values)) => values.iter().map(|value| value.as_str()).collect(),
        other => panic!("{other:?} is of a type that this program does not use"),
    };
    attributes
        .iter()
        .map(|attribute| (attribute.key.to_string(), one(&attribute.value)))
        .collect()
}
