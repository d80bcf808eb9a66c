// Package traces tells a collector of OpenTelemetry what calls did, as spans. It is off
// unless a node is given the collector's address.
//
// Spans are made when a call has ended, out of the report that the call returns anyway, and
// leave in batches from a bounded queue: a collector that is slow or gone costs spans, which
// are counted, and never a call's time. What a caller sends as traceparent (W3C Trace
// Context) becomes the parent; where it says that nobody records, nothing is.
//
// The form is OTLP over HTTP in JSON: https://opentelemetry.io/docs/specs/otlp/.
package traces
