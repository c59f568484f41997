// Records one value of everything that the SDK for JavaScript can send, and says on standard output what it recorded.
import { resourceFromAttributes, defaultResource, detectResources, envDetector } from '@opentelemetry/resources';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

const protocol = process.env.OTEL_EXPORTER_OTLP_PROTOCOL;
const packages = {
  grpc: '@opentelemetry/exporter-metrics-otlp-grpc',
  'http/protobuf': '@opentelemetry/exporter-metrics-otlp-proto',
  'http/json': '@opentelemetry/exporter-metrics-otlp-http',
};
const { OTLPMetricExporter } = await import(packages[protocol]);

const SCOPE = { name: 'shop', version: '1.2.3', schema_url: 'https://example.com/schema/1', attributes: {} };
const RESOURCE = { 'typed.int': 7, 'typed.bool': true, 'typed.double': 0.25, 'typed.array': ['a', 'b'] };
const ATTRIBUTES = {
  'http.route': '/x/{id}',
  text: 'grüße "quoted" \\ back\nline',
  flag: true,
  count: 4_294_967_297,
  ratio: 0.5,
  texts: ['a', 'b'],
  flags: [true, false],
  counts: [1, 2],
  ratios: [0.5, 1.5],
};

const say = (line) => console.log(JSON.stringify(line));

const resource = defaultResource()
  .merge(detectResources({ detectors: [envDetector] }))
  .merge(resourceFromAttributes(RESOURCE));
const provider = new MeterProvider({
  resource,
  views: [{ instrumentName: 'shop.latency', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(), exportIntervalMillis: 3_600_000 })],
});
const meter = provider.getMeter(SCOPE.name, SCOPE.version, { schemaUrl: SCOPE.schema_url });
say({ scope: SCOPE, resource: RESOURCE });

const instrument = (kind, create, name, unit, description, options) => {
  const created = meter[create](name, { unit, description, ...options });
  return (value, attributes = {}) => {
    (created.add ?? created.record).call(created, value, attributes);
    say({ metric: name, kind, value, attributes });
  };
};
const advice = { explicitBucketBoundaries: [0.005, 0.125, 1, 2.5] };
const orders = instrument('counter', 'createCounter', 'shop.orders', '{order}', 'Orders', { valueType: 0 });
const weight = instrument('counter', 'createCounter', 'shop.weight', 'kg', 'Weight');
const queue = instrument('updowncounter', 'createUpDownCounter', 'shop.queue.length', '{item}', 'Queue', { valueType: 0 });
const balance = instrument('updowncounter', 'createUpDownCounter', 'shop.balance', '', 'Balance');
const duration = instrument('histogram', 'createHistogram', 'shop.request.duration', 's', 'Duration', { advice });
const size = instrument('histogram', 'createHistogram', 'shop.payload.size', 'By', 'Size', { valueType: 0 });
const latency = instrument('exponential', 'createHistogram', 'shop.latency', 'ms', 'Latency');
const temperature = instrument('gauge', 'createGauge', 'shop.temperature', 'Cel', 'Temperature');
const utilization = instrument('gauge', 'createGauge', 'shop.utilization', '1', 'Utilization');

const observable = (kind, create, name, unit, description, options) => {
  let observed;
  meter[create](name, { unit, description, ...options }).addCallback((result) => result.observe(...observed));
  return (value, attributes = {}) => {
    observed = [value, attributes];
    say({ metric: name, kind, value, attributes });
  };
};
const visits = observable('observable_counter', 'createObservableCounter', 'shop.visits', '{visit}', 'Visits', { valueType: 0 });
const threads = observable('observable_updowncounter', 'createObservableUpDownCounter', 'shop.threads', '{thread}', 'Threads', { valueType: 0 });
const load = observable('observable_gauge', 'createObservableGauge', 'shop.load', '', 'Load');

for (const round of [1, 2]) {
  orders(3 * round, ATTRIBUTES);
  orders(4);
  weight(0.5 * round, ATTRIBUTES);
  queue(7 - 5 * round, ATTRIBUTES);
  balance(-0.75 * round);
  for (const value of [0.00390625, 0.125, 0.75, 2.5, 100]) duration(value * round, ATTRIBUTES);
  for (const value of [0, 3, 5, 1234, 20_000]) size(value * round);
  // the second round needs wider buckets than the first
  for (const value of round === 1 ? [1, 1.0625, 1.125] : [0, 0.5, 1, 8, 9.5, 64, 777.25]) latency(value, ATTRIBUTES);
  temperature(21.5 - 50 * (round - 1), ATTRIBUTES);
  utilization(1 / (round + 1));
  visits(1000 * round, ATTRIBUTES);
  threads(12 - 3 * round);
  load(0.1 * round);
  await provider.forceFlush();
}
await provider.shutdown();
