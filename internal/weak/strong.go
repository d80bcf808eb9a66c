//go:build !cairn_weak

package weak

// Built says that this build has the switches.
const Built = false

// Off reports whether a defence is off: never.
func Off(Defence) bool { return false }
