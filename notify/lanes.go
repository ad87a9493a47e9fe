package notify

import (
	"container/heap"
	"slices"
	"time"

	"paypoint/ledger"
)

// merchant is what is in memory of one merchant's notices. Merchants share
// nothing but what shares leave each of them: a dead one uses up its own.
type merchant struct {
	id     string
	shares *shares
	// urls are the merchant's URLs by which its notices were read.
	urls []string
	// notices are those that wait, by Seq.
	notices map[uint64]*notice
	lanes   map[laneKey]*lane
	// hosts are those with deliveries in memory.
	hosts map[string]*host
	// later are deliveries whose time has not come.
	later schedule
	// outages are hosts that an attempt did not reach, with deliveries that wait
	// to be tried again.
	outages map[string]bool
	// waiting counts deliveries in memory, running attempts under way, unrecorded
	// those that ended since and are not applied yet.
	waiting, running, unrecorded int
	// lags says of which hosts, or of everything, not all of the outbox is in
	// memory, and from which Seq on it is to be read.
	lags map[string]uint64
	// stale says that the URLs have changed: nothing is started any more, and
	// what is in memory is given up for what is read anew.
	stale bool
}

func newMerchant(id string, urls []string, shares *shares) *merchant {
	return &merchant{
		id: id, urls: urls, shares: shares,
		notices: map[uint64]*notice{}, lanes: map[laneKey]*lane{}, hosts: map[string]*host{},
		outages: map[string]bool{}, lags: map[string]uint64{},
	}
}

// quiet says that no attempt's outcome is open.
func (m *merchant) quiet() bool { return m.running == 0 && m.unrecorded == 0 }

// notice is a notice of the outbox with its delivery to each target.
type notice struct {
	ledger.Notice
	deliveries []*delivery
}

// result is what became of the notice; false while a delivery goes on.
func (n *notice) result() (ledger.NoticeResult, bool) {
	result := ledger.NoticeDelivered
	for _, d := range n.deliveries {
		switch {
		case !d.done():
			return "", false
		case d.gaveUp:
			result = ledger.NoticeFailed
		}
	}
	return result, true
}

// idle says that none of its deliveries goes on in memory. One that was left
// out, because its host lags, waits in the outbox.
func (n *notice) idle() bool {
	for _, d := range n.deliveries {
		if d.waiting && !d.done() {
			return false
		}
	}
	return true
}

// delivery is the way of one notice to one target.
type delivery struct {
	progress
	merchant *merchant
	notice   *notice
	target   string
	host     string
	// waiting says that it is in its lane.
	waiting bool
	// queued says that it is in its merchant's schedule or its host's queue.
	queued bool
	// busy says that an attempt is under way, or ended and is not recorded.
	busy bool
	// hastened says that it was brought forward because its host had recovered.
	hastened bool
	// early says that this is to be now, whatever the schedule has.
	early bool
}

// due is when it is to be tried.
func (d *delivery) due() time.Time {
	if d.early {
		return time.Time{}
	}
	return d.next
}

// laneKey names a lane: the notices of one charge to one target.
type laneKey struct {
	number uint64
	target string
}

func (d *delivery) lane() laneKey { return laneKey{d.notice.Number, d.target} }

// lane is deliveries that go one after the other, by Seq. Only the first may
// be tried.
type lane struct{ waiting []*delivery }

// host is a receiver's host and port.
type host struct {
	// waiting counts deliveries in memory, running attempts under way.
	waiting, running int
	// ready are deliveries whose time has come, in the order of their coming.
	ready []*delivery
}

// schedule is a heap of deliveries by their time.
type schedule []*delivery

func (s schedule) Len() int { return len(s) }
func (s schedule) Less(i, j int) bool {
	if s[i].due().Equal(s[j].due()) {
		return s[i].notice.Seq < s[j].notice.Seq
	}
	return s[i].due().Before(s[j].due())
}
func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push is container/heap's.
func (s *schedule) Push(d any) { *s = append(*s, d.(*delivery)) }

// Pop is container/heap's.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	d := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return d
}

// add puts a delivery at the end of its lane. Notices are added by Seq.
func (m *merchant) add(d *delivery) {
	key := d.lane()
	d.waiting = true
	m.host(d.host).waiting++
	m.waiting++
	m.shares.waiting.used++
	if m.lanes[key] == nil {
		m.lanes[key] = &lane{}
	}
	m.lanes[key].waiting = append(m.lanes[key].waiting, d)
	m.noteOutage(d)
	m.advance(key)
}

// advance takes what is done from the front of a lane and queues what is there
// then. One that is being tried stays in front even if a resend was faster:
// else what follows could overtake it.
func (m *merchant) advance(key laneKey) {
	l := m.lanes[key]
	if l == nil {
		return
	}
	for len(l.waiting) > 0 && l.waiting[0].done() && !l.waiting[0].busy {
		m.leave(l.waiting[0])
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
	}
	if len(l.waiting) == 0 {
		delete(m.lanes, key)
		return
	}
	if first := l.waiting[0]; !first.queued && !first.busy {
		first.queued = true
		heap.Push(&m.later, first)
	}
}

// leave gives back the place in memory of a delivery that has left its lane.
func (m *merchant) leave(d *delivery) {
	d.waiting = false
	m.host(d.host).waiting--
	m.waiting--
	m.shares.waiting.used--
	m.forgetHost(d.host)
	m.clearSchedule()
}

// spareSchedule is how many deliveries that are over the schedule may hold
// beside those that wait.
const spareSchedule = 64

// clearSchedule takes out of the schedule, when they are many, the deliveries
// that a resend ended before their time.
func (m *merchant) clearSchedule() {
	if len(m.later) <= 2*m.waiting+spareSchedule {
		return
	}
	m.later = slices.DeleteFunc(m.later, func(d *delivery) bool { return d.done() && !d.waiting })
	heap.Init(&m.later)
}

// host is a host's place, made where there is none.
func (m *merchant) host(name string) *host {
	if m.hosts[name] == nil {
		m.hosts[name] = &host{}
	}
	return m.hosts[name]
}

// forgetHost drops the place of a host with nothing to do.
func (m *merchant) forgetHost(name string) {
	if h := m.hosts[name]; h != nil && h.waiting == 0 && h.running == 0 && len(h.ready) == 0 {
		delete(m.hosts, name)
		delete(m.outages, name)
	}
}

// noteOutage remembers that a delivery waits for its host to come back.
func (m *merchant) noteOutage(d *delivery) {
	if d.unreached && !d.done() && !d.hastened {
		m.outages[d.host] = true
	}
}

// recovered brings forward what waits for a host that takes notices again: a
// shop that was down for an hour is not to wait three more for the next row of
// the schedule. Each delivery is brought forward once, and keeps its place in the
// schedule: a host that comes and goes uses up none of its retries.
func (m *merchant) recovered(host string, now time.Time) {
	if !m.outages[host] {
		return
	}
	delete(m.outages, host)
	for _, d := range m.later {
		if d.host == host && d.unreached && !d.hastened && d.next.After(now) {
			d.early, d.hastened = true, true
		}
	}
	heap.Init(&m.later)
}

// wake moves what is due to the queues of its hosts.
func (m *merchant) wake(now time.Time) {
	for len(m.later) > 0 && !m.later[0].due().After(now) {
		d := heap.Pop(&m.later).(*delivery)
		h := m.host(d.host)
		h.ready = append(h.ready, d)
	}
}

// take takes the deliveries that may start, host by host in turn, so that a
// slow host does not take all the places.
func (m *merchant) take() []*delivery {
	var taken []*delivery
	for found := true; found; {
		found = false
		for name, h := range m.hosts {
			if d := m.takeFrom(name, h); d != nil {
				taken = append(taken, d)
				found = true
			}
		}
	}
	return taken
}

// takeFrom takes the next delivery to a host; nil when there is none or no room.
func (m *merchant) takeFrom(name string, h *host) *delivery {
	for len(h.ready) > 0 {
		if all, one := m.places(); h.running >= one || m.running >= all {
			return nil
		}
		d := h.ready[0]
		h.ready[0] = nil
		h.ready = h.ready[1:]
		d.queued = false
		if d.done() { // by a resend
			m.advance(d.lane())
			continue
		}
		// From here to the history's answer it stays in front of its lane.
		d.busy = true
		h.running++
		m.running++
		m.shares.attempts.used++
		return d
	}
	m.forgetHost(name)
	return nil
}

// release gives back the places of an attempt.
func (m *merchant) release(d *delivery) {
	m.running--
	m.shares.attempts.used--
	m.host(d.host).running--
	m.forgetHost(d.host)
}

// dispatch starts what a merchant has that may start. The caller holds mu.
func (s *Service) dispatch(m *merchant) {
	// What a merchant's old URLs still have under way ends; nothing new goes there.
	if s.stopping || m.stale {
		return
	}
	m.wake(s.config.Now())
	for _, d := range m.take() {
		s.busy++
		go s.attempt(d)
	}
}

// dispatchAll starts what may start, tells the ledger of outcomes that it did
// not take before, and forgets merchants with nothing to do.
func (s *Service) dispatchAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.merchants {
		s.dispatch(m)
		if len(m.notices) == 0 && len(m.lags) == 0 && !m.stale && m.quiet() {
			s.forget(m)
		}
	}
	s.startWriting()
}
