package records

// Status says how good an answer about an agent is. One enumeration serves the
// library, the API, the doors and the logs.
type Status string

// The statuses. Only active means: found, the lease holds, and known to be unrevoked.
const (
	// StatusActive: the newest record known, its lease holds, and the node's facts are complete for it.
	StatusActive Status = "active"
	// StatusStale: a record whose lease holds, while a newer one is known to exist and was not found.
	StatusStale Status = "stale"
	// StatusExpired: the newest record found, its lease has ended.
	StatusExpired Status = "expired"
	// StatusRevoked: a tombstone proves that the agent is no more.
	StatusRevoked Status = "revoked"
	// StatusConflict: two different rotations with one number; no endpoints are given.
	StatusConflict Status = "conflict"
	// StatusUnverified: a valid record, not known to be unrevoked.
	StatusUnverified Status = "unverified"
	// StatusUnknown: nobody asked knows anything of the agent.
	StatusUnknown Status = "unknown"
)
