package api

import (
	_ "embed"
	"encoding/json"
	"strings"
)

// openapiJSON is the description of the API (OpenAPI 3.1), written by hand and
// held against the handlers by the tests in both directions.
//
//go:embed openapi.json
var openapiJSON string

// versionMark stands in openapi.json where the version goes.
const versionMark = `"0.0.0-dev"`

// description is openapi.json with the version of this build.
func description(version string) []byte {
	if version == "" {
		return []byte(openapiJSON)
	}
	quoted, err := json.Marshal(version)
	if err != nil {
		return []byte(openapiJSON)
	}
	return []byte(strings.Replace(openapiJSON, versionMark, string(quoted), 1))
}
