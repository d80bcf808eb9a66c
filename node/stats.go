package node

import (
	"reflect"
	"strings"
	"unicode"
)

// addCounters copies the integer fields of a flat stats struct into counters,
// named prefix, the field in snake case, and "_total".
func addCounters(into map[string]uint64, prefix string, stats any) {
	v := reflect.ValueOf(stats)
	for i := range v.NumField() {
		name := prefix + snake(v.Type().Field(i).Name) + "_total"
		switch f := v.Field(i); f.Kind() {
		case reflect.Uint64:
			into[name] = f.Uint()
		case reflect.Int64:
			into[name] = uint64(max(0, f.Int()))
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
