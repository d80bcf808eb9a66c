package main

import (
	"net"
	"strconv"
	"time"
)

// supervisor tells a service manager how the daemon stands, by sd_notify's protocol: one
// datagram to the socket of $NOTIFY_SOCKET. Without one it says nothing.
//
// READY means that the node listens and answers, not that its facts are complete: what a
// node can prove it answers from the first moment, a bootstrap that cannot be reached is
// not mended by a restart, and whoever must know asks /readyz. The state of the node is
// in STATUS.
type supervisor struct {
	s     *session
	every time.Duration // between two signs of life; zero: nobody waits for any
	last  time.Time
}

// supervisor reads the environment.
func (s *session) supervisor() *supervisor {
	v := &supervisor{s: s}
	if usec, err := strconv.ParseInt(s.env.getenv("WATCHDOG_USEC"), 10, 64); err == nil && usec > 0 {
		v.every = time.Duration(usec) * time.Microsecond / 3
	}
	return v
}

// tell sends one state. That it cannot be sent is logged, and changes nothing.
func (v *supervisor) tell(state string) {
	name := v.s.env.getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err == nil {
		_, err = conn.Write([]byte(state))
		_ = conn.Close() // the datagram is sent, or it is not
	}
	if err != nil {
		v.s.log.Warn("the service manager was not told", "state", state, "err", err)
	}
}

// alive is a sign of life, as often as they are waited for.
func (v *supervisor) alive(now time.Time) {
	if v.every > 0 && now.Sub(v.last) >= v.every {
		v.last = now
		v.tell("WATCHDOG=1")
	}
}
