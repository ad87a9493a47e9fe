package notify

// How much merchants may use together. A merchant may always use its floor, so
// that the dead never take what the living need; more only while enough is
// free. So what all use is at most the size of the pool and a floor for each
// merchant, and 900 merchants (the prefixes of payment codes) are the most
// there can be.
const (
	// sharedWaiting is how many deliveries wait in memory beyond the floors, about
	// 2 KB each. With 900 floors there are at most 165,200.
	sharedWaiting = 50_000
	// waitingPart: one merchant's may be a quarter of what is free.
	waitingPart = 4
	// floorPerHost is how many deliveries to a host may always wait, and
	// floorHosts for how many hosts of a merchant: more than a charge can name.
	floorPerHost = 16
	floorHosts   = 8

	// sharedAttempts is how many attempts run at once beyond the floors, a socket
	// each. With 900 floors there are at most 4,624.
	sharedAttempts = 1024
	// attemptsPart: one merchant's may be an eighth of what is free.
	attemptsPart = 8
	// floorAttempts is how many attempts of a merchant may always run.
	floorAttempts = 4

	// sharedResends is how many resends run at once beyond the floors, each to all
	// targets of its notice. With 900 floors there are at most 1,156.
	sharedResends = 256
	// resendsPart: one merchant's may be an eighth of what is free.
	resendsPart = 8
	// floorResends is how many resends of a merchant may always run.
	floorResends = 1

	// hostPart is the part of a merchant's places, and of its memory, that one host
	// may take: three dead URLs leave room for a fourth.
	hostPart = 4
)

// pool is how much all merchants use of something, of how much there is beyond
// their floors.
type pool struct{ size, used int }

// share is how much one merchant may use: a part of what is free (as switches
// share their buffers: Choudhury and Hahne, dynamic queue length thresholds,
// 1998), but its floor in any case and never more than the ceiling.
func (p *pool) share(part, floor, ceiling int) int {
	return min(max((p.size-p.used)/part, floor), ceiling)
}

// shares are the pools of a service. The service's mu guards them.
type shares struct {
	waiting, attempts, resends pool
	// maxWaiting is Config.MaxWaiting.
	maxWaiting int
}

func newShares(maxWaiting int) *shares {
	return &shares{
		waiting: pool{size: sharedWaiting}, attempts: pool{size: sharedAttempts}, resends: pool{size: sharedResends},
		maxWaiting: maxWaiting,
	}
}

// room is how many more deliveries to a host may wait in memory.
func (m *merchant) room(name string) int {
	waiting, hosts := 0, len(m.hosts)
	if h := m.hosts[name]; h != nil {
		waiting = h.waiting
	} else {
		hosts++
	}
	most := max(1, m.shares.maxWaiting/hostPart)
	// The floor is that of floorHosts hosts, whichever they are: a host is in the
	// way of another by what it holds, not by being there.
	each := min(floorPerHost, most)
	floor := each - waiting
	if hosts > floorHosts {
		floor = min(floor, floorHosts*each-m.waiting)
	}
	shared := m.shares.waiting.share(waitingPart, 0, m.shares.maxWaiting) - m.waiting
	return max(floor, min(shared, most-waiting), 0)
}

// places are how many attempts of a merchant may run at once, to all its hosts
// and to one.
func (m *merchant) places() (all, host int) {
	all = m.shares.attempts.share(attemptsPart, floorAttempts, MaxPerMerchant)
	return all, min(MaxPerHost, max(1, all/hostPart))
}
