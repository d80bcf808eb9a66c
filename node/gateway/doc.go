// Package gateway is the node's door to the rest of the Internet of agents.
// Today it holds the importers: [Import] recognises a foreign agent document and
// maps it to a [records.Location], [Split] takes a list or a catalog apart first.
// It reads bytes and nothing else: no network, no name lookup, no clock.
//
//	doc, err := gateway.Import(bytes, gateway.Options{})
//	...                                // errors.Is(err, gateway.ErrPrivate), and so on
//	n.PublishAgent(ctx, name, doc.Location, 0)
//
// # Shapes
//
// A shape is recognised by the document's keys, never by a version field: that one
// is missing, a number or wrong too often.
//
//	a2a/1.0 a2a/1.0-draft a2a/0.3 a2a/0.3-snake a2a/0.2 a2a/0.1 a2a/fragment   A2A AgentCard
//	mcp/2025-12-11 mcp/2025-05 mcp/draft-registries mcp/draft mcp/server-card  MCP server.json
//	mcp/registry-entry                                                         ... in its registry's envelope
//	oasf/VERSION                                                               OASF record, 0.1 to 1.1
//	agentfacts/kya /v1.2 /switchboard /list39 /index /nanda                    NANDA AgentFacts
//	ai-catalog/entry ai-catalog/draft-entry ai-card/draft                      AI Catalog
//	ans/event ans/projection                                                   Agent Name Service
//
// # What becomes of a document
//
// Endpoints keep the document's order of preference as their priority. The
// protocol says what is met at the URL: a2a, grpc (A2A over gRPC), mcp, https, and
// a2a-card, mcp-card, ai-card, agentfacts where it is another document about the
// agent: an AI Catalog entry by reference, a facts_url. Packages come last, as
// package URLs of protocol "package". Source code is a location of last resort
// (pkg:github/owner/repo): where a locator names it, or where an MCP package's
// registry is unknown or its name is not one of that registry.
//
// Capabilities are the skills' own ids (/translate-en-es), OASF class paths
// (/natural_language_processing/text_completion), for an MCP server its name under
// /mcp (/mcp/io.github.owner/name) and its tools, and free tags under /x.
//
// The card is the SHA-256 of the bytes given to Import, with the shape's media
// type. Its URL stays empty: these formats say where other documents are served,
// not where they are themselves; a caller that fetched the bytes knows, and sets it.
//
// Names, identifiers and repositories are claims, and so is all the rest: nothing
// here is evidence of who wrote it. Environment variables, arguments and headers
// are never copied, nor is a URL that seems to carry a secret.
//
// # Refusals and findings
//
// A refusal is a [*RefusalError] around one of this package's sentinel errors. What
// was coerced, doubted or left out of an accepted document is a [Finding] with the
// JSON Pointer of its place.
package gateway
