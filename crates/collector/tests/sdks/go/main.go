// Records one value of everything that the SDK for Go can send, and says on standard output what it recorded.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"
)

const (
	scopeName    = "shop"
	scopeVersion = "1.2.3"
	schemaURL    = "https://example.com/schema/1"
	traceID      = "0af7651916cd43dd8448eb211c80319c"
	spanID       = "b7ad6b7169203331"
)

var (
	scopeAttributes    = []attribute.KeyValue{attribute.String("scope.tier", "gold")}
	resourceAttributes = []attribute.KeyValue{
		attribute.Int64("typed.int", 7),
		attribute.Bool("typed.bool", true),
		attribute.Float64("typed.double", 0.25),
		attribute.StringSlice("typed.array", []string{"a", "b"}),
	}
	attributes = []attribute.KeyValue{
		attribute.String("http.route", "/x/{id}"),
		attribute.String("text", "grüße \"quoted\" \\ back\nline"),
		attribute.Bool("flag", true),
		attribute.Int64("count", 9007199254740993),
		attribute.Float64("ratio", 0.5),
		attribute.StringSlice("texts", []string{"a", "b"}),
		attribute.BoolSlice("flags", []bool{true, false}),
		attribute.Int64Slice("counts", []int64{1, 2}),
		attribute.Float64Slice("ratios", []float64{0.5, 1.5}),
	}
)

func say(line map[string]any) {
	text, err := json.Marshal(line)
	must(err)
	fmt.Println(string(text))
}

func plain(attributes []attribute.KeyValue) map[string]any {
	values := map[string]any{}
	for _, attribute := range attributes {
		values[string(attribute.Key)] = attribute.Value.AsInterface()
	}
	return values
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func made[T any](instrument T, err error) T {
	must(err)
	return instrument
}

// record says what is recorded and hands it to the instrument.
func record[N int64 | float64, O any](kind, name string, call func(context.Context, N, ...O), ctx context.Context, value N, attributes []attribute.KeyValue) {
	option := any(metric.WithAttributes(attributes...)).(O)
	call(ctx, value, option)
	say(map[string]any{"metric": name, "kind": kind, "value": value, "attributes": plain(attributes)})
}

func exporter(ctx context.Context) (sdk.Exporter, error) {
	temporality := sdk.DefaultTemporalitySelector
	if os.Getenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE") == "delta" {
		temporality = func(kind sdk.InstrumentKind) metricdata.Temporality {
			if kind == sdk.InstrumentKindUpDownCounter || kind == sdk.InstrumentKindObservableUpDownCounter {
				return metricdata.CumulativeTemporality
			}
			return metricdata.DeltaTemporality
		}
	}
	switch protocol := os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "grpc":
		return otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithTemporalitySelector(temporality))
	case "http/protobuf":
		return otlpmetrichttp.New(ctx, otlpmetrichttp.WithTemporalitySelector(temporality))
	default:
		return nil, fmt.Errorf("no exporter for %s", protocol)
	}
}

func main() {
	background := context.Background()
	exporter := made(exporter(background))
	exponential := sdk.NewView(
		sdk.Instrument{Name: "shop.latency"},
		sdk.Stream{Aggregation: sdk.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}},
	)
	provider := sdk.NewMeterProvider(
		sdk.WithReader(sdk.NewPeriodicReader(exporter, sdk.WithInterval(time.Hour))),
		sdk.WithResource(made(resource.New(background, resource.WithFromEnv(), resource.WithTelemetrySDK(), resource.WithAttributes(resourceAttributes...)))),
		sdk.WithView(exponential),
	)
	meter := provider.Meter(scopeName,
		metric.WithInstrumentationVersion(scopeVersion),
		metric.WithSchemaURL(schemaURL),
		metric.WithInstrumentationAttributes(scopeAttributes...),
	)
	say(map[string]any{
		"scope":     map[string]any{"name": scopeName, "version": scopeVersion, "schema_url": schemaURL, "attributes": plain(scopeAttributes)},
		"resource":  plain(resourceAttributes),
		"exemplars": map[string]any{"trace_id": traceID, "span_id": spanID},
	})

	orders := made(meter.Int64Counter("shop.orders", metric.WithUnit("{order}"), metric.WithDescription("Orders")))
	weight := made(meter.Float64Counter("shop.weight", metric.WithUnit("kg"), metric.WithDescription("Weight")))
	queue := made(meter.Int64UpDownCounter("shop.queue.length", metric.WithUnit("{item}"), metric.WithDescription("Queue")))
	balance := made(meter.Float64UpDownCounter("shop.balance", metric.WithDescription("Balance")))
	duration := made(meter.Float64Histogram("shop.request.duration", metric.WithUnit("s"), metric.WithDescription("Duration"),
		metric.WithExplicitBucketBoundaries(0.005, 0.125, 1, 2.5)))
	size := made(meter.Int64Histogram("shop.payload.size", metric.WithUnit("By"), metric.WithDescription("Size")))
	latency := made(meter.Float64Histogram("shop.latency", metric.WithUnit("ms"), metric.WithDescription("Latency")))
	temperature := made(meter.Float64Gauge("shop.temperature", metric.WithUnit("Cel"), metric.WithDescription("Temperature")))
	utilization := made(meter.Float64Gauge("shop.utilization", metric.WithUnit("1"), metric.WithDescription("Utilization")))

	var round int64
	visits := func() int64 { return 1000 * round }
	threads := func() int64 { return 12 - 3*round }
	load := func() float64 { return 0.1 * float64(round) }
	_ = made(meter.Int64ObservableCounter("shop.visits", metric.WithUnit("{visit}"), metric.WithDescription("Visits"),
		metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(visits(), metric.WithAttributes(attributes...))
			return nil
		})))
	_ = made(meter.Int64ObservableUpDownCounter("shop.threads", metric.WithUnit("{thread}"), metric.WithDescription("Threads"),
		metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(threads())
			return nil
		})))
	_ = made(meter.Float64ObservableGauge("shop.load", metric.WithDescription("Load"),
		metric.WithFloat64Callback(func(_ context.Context, observer metric.Float64Observer) error {
			observer.Observe(load())
			return nil
		})))

	ctx := trace.ContextWithSpanContext(background, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: made(trace.TraceIDFromHex(traceID)), SpanID: made(trace.SpanIDFromHex(spanID)), TraceFlags: trace.FlagsSampled,
	}))
	for round = 1; round <= 2; round++ {
		record("counter", "shop.orders", orders.Add, ctx, 3*round, attributes)
		record("counter", "shop.orders", orders.Add, ctx, 4, nil)
		record("counter", "shop.weight", weight.Add, ctx, 0.5*float64(round), attributes)
		record("updowncounter", "shop.queue.length", queue.Add, ctx, 7-5*round, attributes)
		record("updowncounter", "shop.balance", balance.Add, ctx, -0.75*float64(round), nil)
		for _, value := range []float64{0.00390625, 0.125, 0.75, 2.5, 100} {
			record("histogram", "shop.request.duration", duration.Record, ctx, value*float64(round), attributes)
		}
		for _, value := range []int64{0, 3, 5, 1234, 20_000} {
			record("histogram", "shop.payload.size", size.Record, ctx, value*round, nil)
		}
		values := []float64{1, 1.0625, 1.125}
		if round == 2 { // needs wider buckets
			values = []float64{0, 0.5, 1, 8, 9.5, 64, 777.25}
		}
		for _, value := range values {
			record("exponential", "shop.latency", latency.Record, ctx, value, attributes)
		}
		record("gauge", "shop.temperature", temperature.Record, ctx, 21.5-50*float64(round-1), attributes)
		record("gauge", "shop.utilization", utilization.Record, ctx, 1/float64(round+1), nil)
		say(map[string]any{"metric": "shop.visits", "kind": "observable_counter", "value": visits(), "attributes": plain(attributes)})
		say(map[string]any{"metric": "shop.threads", "kind": "observable_updowncounter", "value": threads(), "attributes": plain(nil)})
		say(map[string]any{"metric": "shop.load", "kind": "observable_gauge", "value": load(), "attributes": plain(nil)})
		must(provider.ForceFlush(background))
	}
	round = 2
	must(provider.Shutdown(background))
}
