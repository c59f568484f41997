import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Records one value of everything that the SDK for Java can send, and says on standard output what it recorded. */
class Main {
  static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  static final String SPAN = "b7ad6b7169203331";
  static final Attributes RESOURCE =
      Attributes.builder().put("typed.int", 7L).put("typed.bool", true).put("typed.double", 0.25).put("typed.array", "a", "b").build();
  static final Attributes NONE = Attributes.empty();
  static final Attributes ALL =
      Attributes.builder()
          .put("http.route", "/x/{id}")
          .put("text", "grüße \"quoted\" \\ back\nline")
          .put("flag", true)
          .put("count", 9007199254740993L)
          .put("ratio", 0.5)
          .put("texts", "a", "b")
          .put("flags", true, false)
          .put("counts", 1L, 2L)
          .put("ratios", 0.5, 1.5)
          .build();
  static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  static long round = 1;

  static String json(Object value) {
    if (value instanceof String text) {
      return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
    if (value instanceof List<?> values) {
      return values.stream().map(Main::json).collect(Collectors.joining(",", "[", "]"));
    }
    if (value instanceof Attributes attributes) {
      return attributes.asMap().entrySet().stream().map(Main::json).collect(Collectors.joining(",", "{", "}"));
    }
    if (value instanceof Map.Entry<?, ?> entry) {
      return json(((AttributeKey<?>) entry.getKey()).getKey()) + ":" + json(entry.getValue());
    }
    return String.valueOf(value);
  }

  static void say(String kind, String metric, Object value, Attributes attributes) {
    OUT.printf("{\"metric\":%s,\"kind\":%s,\"value\":%s,\"attributes\":%s}%n", json(metric), json(kind), value, json(attributes));
  }

  static long said(String kind, String metric, long value, Attributes attributes) {
    say(kind, metric, value, attributes);
    return value;
  }

  static double said(String kind, String metric, double value, Attributes attributes) {
    say(kind, metric, value, attributes);
    return value;
  }

  public static void main(String[] arguments) {
    var exponential = View.builder().setAggregation(Aggregation.base2ExponentialBucketHistogram()).build();
    var sdk =
        AutoConfiguredOpenTelemetrySdk.builder()
            .addResourceCustomizer((resource, config) -> resource.toBuilder().putAll(RESOURCE).build())
            .addMeterProviderCustomizer(
                (builder, config) -> builder.registerView(InstrumentSelector.builder().setName("shop.latency").build(), exponential))
            .addPropertiesSupplier(
                () -> Map.of("otel.traces.exporter", "none", "otel.logs.exporter", "none", "otel.metric.export.interval", "1h"))
            .build()
            .getOpenTelemetrySdk();
    SdkMeterProvider provider = sdk.getSdkMeterProvider();
    Meter meter =
        provider.meterBuilder("shop").setInstrumentationVersion("1.2.3").setSchemaUrl("https://example.com/schema/1").build();
    OUT.printf(
        "{\"scope\":{\"name\":\"shop\",\"version\":\"1.2.3\",\"schema_url\":\"https://example.com/schema/1\",\"attributes\":{}},"
            + "\"resource\":%s,\"exemplars\":{\"trace_id\":\"%s\",\"span_id\":\"%s\"}}%n",
        json(RESOURCE), TRACE, SPAN);

    var orders = meter.counterBuilder("shop.orders").setUnit("{order}").setDescription("Orders").build();
    var weight = meter.counterBuilder("shop.weight").ofDoubles().setUnit("kg").setDescription("Weight").build();
    var queue = meter.upDownCounterBuilder("shop.queue.length").setUnit("{item}").setDescription("Queue").build();
    var balance = meter.upDownCounterBuilder("shop.balance").ofDoubles().setDescription("Balance").build();
    var duration =
        meter
            .histogramBuilder("shop.request.duration")
            .setUnit("s")
            .setDescription("Duration")
            .setExplicitBucketBoundariesAdvice(List.of(0.005, 0.125, 1.0, 2.5))
            .build();
    var size = meter.histogramBuilder("shop.payload.size").ofLongs().setUnit("By").setDescription("Size").build();
    var latency = meter.histogramBuilder("shop.latency").setUnit("ms").setDescription("Latency").build();
    var temperature = meter.gaugeBuilder("shop.temperature").setUnit("Cel").setDescription("Temperature").build();
    var utilization = meter.gaugeBuilder("shop.utilization").setUnit("1").setDescription("Utilization").build();
    meter
        .counterBuilder("shop.visits")
        .setUnit("{visit}")
        .setDescription("Visits")
        .buildWithCallback(observer -> observer.record(1000 * round, ALL));
    meter
        .upDownCounterBuilder("shop.threads")
        .setUnit("{thread}")
        .setDescription("Threads")
        .buildWithCallback(observer -> observer.record(12 - 3 * round));
    meter.gaugeBuilder("shop.load").setDescription("Load").buildWithCallback(observer -> observer.record(0.1 * round));

    var span = Span.wrap(SpanContext.createFromRemoteParent(TRACE, SPAN, TraceFlags.getSampled(), TraceState.getDefault()));
    try (var scope = span.makeCurrent()) {
      for (round = 1; round <= 2; round++) {
        orders.add(said("counter", "shop.orders", 3 * round, ALL), ALL);
        orders.add(said("counter", "shop.orders", 4L, NONE), NONE);
        weight.add(said("counter", "shop.weight", 0.5 * round, ALL), ALL);
        queue.add(said("updowncounter", "shop.queue.length", 7 - 5 * round, ALL), ALL);
        balance.add(said("updowncounter", "shop.balance", -0.75 * round, NONE), NONE);
        for (double value : new double[] {0.00390625, 0.125, 0.75, 2.5, 100}) {
          duration.record(said("histogram", "shop.request.duration", value * round, ALL), ALL);
        }
        for (long value : new long[] {0, 3, 5, 1234, 20_000}) {
          size.record(said("histogram", "shop.payload.size", value * round, NONE), NONE);
        }
        // the second round needs wider buckets than the first
        double[] values = round == 1 ? new double[] {1, 1.0625, 1.125} : new double[] {0, 0.5, 1, 8, 9.5, 64, 777.25};
        for (double value : values) {
          latency.record(said("exponential", "shop.latency", value, ALL), ALL);
        }
        temperature.set(said("gauge", "shop.temperature", 21.5 - 50.0 * (round - 1), ALL), ALL);
        utilization.set(said("gauge", "shop.utilization", 1.0 / (round + 1), NONE), NONE);
        say("observable_counter", "shop.visits", 1000 * round, ALL);
        say("observable_updowncounter", "shop.threads", 12 - 3 * round, NONE);
        say("observable_gauge", "shop.load", 0.1 * round, NONE);
        if (!provider.forceFlush().join(20, TimeUnit.SECONDS).isSuccess()) {
          throw new IllegalStateException("the export failed");
        }
      }
      round = 2;
    }
    if (!provider.shutdown().join(20, TimeUnit.SECONDS).isSuccess()) {
      throw new IllegalStateException("the last export failed");
    }
  }
}
