// Package metrics shows a node's figures to Prometheus. What there is stands in one table,
// [Families], which docs/metrics.md repeats: a name, a help text, and the reading behind it.
//
// Names are cairn_<part>_<what>_<unit>. No label ever has a value that comes from a
// stranger: the values are in the table too, and each is shown from the start, so that a
// rate is known before the first event.
package metrics
