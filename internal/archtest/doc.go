// Package archtest holds the house together: the import law, the shape rules and
// the list of dependencies, each as a test that says why.
//
// The packages lie on floors (docs/architecture.md has the picture). law_test.go
// is the law: one table, a row per rule, and each row carries its reason, so that
// a failure teaches. shape_test.go has the rules about what stands inside a file.
// deps_test.go keeps go.mod and docs/dependencies.md equal.
//
// The tests parse the files instead of asking `go list`: what a child process
// reads is unknown to Go's test cache, and a cached "ok" would outlive a broken
// law. Import rows bind direct imports of non-test files; test files may import
// what they like.
//
// An exception is made in the table, next to its reason, never at the place that
// breaks the rule.
package archtest
