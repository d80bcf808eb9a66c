package api

import (
	"errors"
	"net/http"
	"os"
)

// bodyProblem says why a body could not be read.
func bodyProblem(err error) *Problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return problem("too-large", "more than %d bytes", tooLarge.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem("slow", "")
	}
	return problem("malformed", "the body cannot be read")
}
