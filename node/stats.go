package node

import (
	"reflect"
	"strings"
	"unicode"
)

// addCounters copies the counters of a stats struct into others: its integers of 64 bits,
// named prefix, the field in snake case, and "_total"; and what it counts by name, with
// that name before "_total". Other fields are gauges.
func addCounters(into map[string]uint64, prefix string, stats any) {
	v := reflect.ValueOf(stats)
	for i := range v.NumField() {
		name := prefix + snake(v.Type().Field(i).Name)
		switch f := v.Field(i).Interface().(type) {
		case uint64:
			into[name+"_total"] = f
		case int64:
			into[name+"_total"] = uint64(max(0, f))
		case map[string]int64:
			for what, n := range f {
				into[name+"_"+strings.ReplaceAll(what, "-", "_")+"_total"] = uint64(max(0, n))
			}
		}
	}
}

// snake turns FieldName into field_name.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
