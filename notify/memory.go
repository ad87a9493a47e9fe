package notify

import "paypoint/ledger"

// maxLags is how many hosts of a merchant may lag, each with a place of its own
// in the outbox; with more the merchant lags as a whole.
const maxLags = 16

// everything names the lag of a merchant as a whole, beside those of its hosts.
const everything = ""

// lag remembers that what follows a Seq is left in the outbox. Going back is
// safe: what is in memory, or done, is passed over when it is read again.
func (m *merchant) lag(key string, resume uint64) {
	if before, lags := m.lags[key]; lags {
		resume = min(resume, before)
	}
	m.lags[key] = resume
}

// behind says that a Seq is among those that are left in the outbox.
func (m *merchant) behind(key string, seq uint64) bool {
	resume, lags := m.lags[key]
	return lags && seq > resume
}

// catchesUp says whether it is worth while to read on what lags: a quarter of
// the room must be free.
func (m *merchant) catchesUp(key string) bool {
	if key == everything {
		return len(m.lags) <= maxLags*3/4
	}
	room := m.room(key)
	waiting := 0
	if h := m.hosts[key]; h != nil {
		waiting = h.waiting
	}
	return room > 0 && room >= (room+waiting)/4
}

// row is a notice as it was read from the outbox.
type row struct {
	ledger.Notice
	// inMemory says that it waited in memory when it was read, so that neither
	// view nor past was asked for.
	inMemory bool
	view     ledger.View
	past     progresses
	// fault is why the charge could not be read.
	fault error
}

// left says that a row stays in the outbox, because what reads it found no room
// for one before it.
func (s *Service) left(r row, reader string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(r.Merchant)
	return m.behind(everything, r.Seq) || m.behind(reader, r.Seq)
}

// hold takes a notice into memory, with its deliveries to hosts that have room.
// The others are left out: their hosts lag from here. reader is what reads: a
// host that lags, or everything.
func (s *Service) hold(r row, reader string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(r.Merchant)
	n := m.notices[r.Seq]
	switch {
	case n == nil && (r.fault != nil || r.inMemory):
		// It left memory since: what came of its attempts is in the history by now.
		m.lag(reader, r.Seq-1)
		return
	case n == nil:
		if n = s.begin(m, r); n == nil {
			return
		}
	}
	for _, d := range n.deliveries {
		if !d.waiting && !d.done() {
			m.admit(d)
		}
	}
	if !n.idle() {
		m.notices[r.Seq] = n
	}
}

// begin makes a notice with what the history knows of it; nil when nothing is
// left to do. The caller holds mu.
func (s *Service) begin(m *merchant, r row) *notice {
	own, only := ownTargets(r.view)
	targets := targetsOf(m.urls, own, only)
	if len(targets) == 0 {
		s.outcomes = append(s.outcomes, outcome{r.Notice, ledger.NoticeDropped})
		return nil
	}
	n := &notice{Notice: r.Notice}
	for _, target := range targets {
		n.deliveries = append(n.deliveries, &delivery{
			progress: r.past[target], merchant: m, notice: n, target: target, host: hostOf(target),
		})
	}
	// A crash between history and ledger leaves rows that are done.
	if result, over := n.result(); over {
		s.outcomes = append(s.outcomes, outcome{r.Notice, result})
		return nil
	}
	return n
}

// admit takes a delivery into memory if its host has room and does not lag: so
// lanes keep their order.
func (m *merchant) admit(d *delivery) {
	before := d.notice.Seq - 1
	switch {
	case m.behind(d.host, d.notice.Seq):
	case m.room(d.host) > 0:
		m.add(d)
	case len(m.lags) < maxLags:
		m.lag(d.host, before)
	default:
		m.lag(everything, before)
	}
}

// forget drops a merchant's place in memory. The caller holds mu.
func (s *Service) forget(m *merchant) {
	s.shares.waiting.used -= m.waiting
	delete(s.merchants, m.id)
}
