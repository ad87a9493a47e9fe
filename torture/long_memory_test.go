package torture_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// longSlope is how much the live heap may grow with each request once a server is
	// warm, in bytes: half of what a leak of 1 KB for each would add.
	longSlope = 512
	// longWarm is the part of a life's requests that is left out of the fit: pools,
	// caches and connections fill in it.
	longWarm = 1.0 / 3
	// longApart is the part of a life's requests that lies between two samples of the
	// fit, so that an idle hour counts no more than a busy one.
	longApart = 1.0 / 200
	// longFit is how many requests a life must have had after that to be judged. With
	// fewer the noise is as large as a leak: of the collector, and of the index files,
	// which gather some megabytes of rows before they write them.
	longFit = 12_000
	// longSampling is how often a server is looked at.
	longSampling = 250 * time.Millisecond
)

// longSample is what a server had at a moment. Sizes are in bytes.
type longSample struct {
	// requests is how many it has answered since its start.
	requests float64
	// heap is what the last garbage collection found to be in use.
	heap float64
	// own is the memory that is its own, and resident all of it: the ledger's pages
	// are mapped, and count there while the system has room for them.
	own, resident      float64
	goroutines, opened float64
}

// takeSample asks a server's metrics and the system.
func takeSample(url string, pid int) (longSample, error) {
	m, err := readMetrics(url)
	if err != nil {
		return longSample{}, err
	}
	s := longSample{goroutines: m["go_goroutines"], opened: m["process_open_fds"]}
	for name, value := range m {
		if strings.HasPrefix(name, "paypoint_http_request_seconds_count") {
			s.requests += value
		}
	}
	// The collector sets its next goal at what was in use and go_gc_gogc_percent of it.
	s.heap = m["go_memstats_next_gc_bytes"] / (1 + m["go_gc_gogc_percent"]/100)
	s.own, s.resident, err = residentMemory(pid)
	return s, err
}

// readMetrics reads /metrics, each series under its name with its labels.
func readMetrics(url string) (map[string]float64, error) {
	response, err := http.Get(url + "/metrics")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	series := map[string]float64{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, text, found := strings.Cut(lines.Text(), " ")
		if value, err := strconv.ParseFloat(text, 64); found && err == nil && name != "#" {
			series[name] = value
		}
	}
	return series, lines.Err()
}

// residentMemory reads a process's RssAnon and VmRSS, in bytes.
func residentMemory(pid int) (own, resident float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "kB" {
			continue
		}
		kilobytes, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return 0, 0, err
		}
		switch fields[0] {
		case "RssAnon:":
			own = 1024 * kilobytes
		case "VmRSS:":
			resident = 1024 * kilobytes
		}
	}
	return own, resident, nil
}

// growth fits a line through the heap of a life after its warm-up: bytes for each
// request. It is not judged when the life was too short for that.
func growth(life []longSample) (slope float64, judged bool) {
	if len(life) < 3 {
		return 0, false
	}
	last := life[len(life)-1].requests
	var n, x, y, xx, xy, before float64
	for _, s := range life {
		if s.requests < last*longWarm || s.requests-before < last*longApart {
			continue
		}
		n++
		before = s.requests
		x += s.requests
		y += s.heap
		xx += s.requests * s.requests
		xy += s.requests * s.heap
	}
	spread := n*xx - x*x
	if last*(1-longWarm) < longFit || n < 3 || spread == 0 {
		return 0, false
	}
	return (n*xy - x*y) / spread, true
}

// String is what a life began with, had in its middle, and ended with.
func describeLife(life []longSample) string {
	first, middle, last := life[0], life[len(life)/2], life[len(life)-1]
	three := func(of func(longSample) float64) string {
		return fmt.Sprintf("%.1f / %.1f / %.1f", of(first), of(middle), of(last))
	}
	mega := func(of func(longSample) float64) string {
		return three(func(s longSample) float64 { return of(s) / 1e6 }) + " MB"
	}
	return fmt.Sprintf("%.0f requests: live heap %s; own memory %s; resident %s; goroutines %s; open files %s",
		last.requests, mega(func(s longSample) float64 { return s.heap }), mega(func(s longSample) float64 { return s.own }),
		mega(func(s longSample) float64 { return s.resident }), three(func(s longSample) float64 { return s.goroutines }),
		three(func(s longSample) float64 { return s.opened }))
}

// The fit itself must see a leak of 1 KB for each request, through the noise of the
// collector and beside a warm-up, and must not see one where there is none.
func TestLongFitSeesALeak(t *testing.T) {
	t.Parallel()
	const mega = 1e6
	random := rand.New(rand.NewPCG(1, 2))
	noise := func() float64 { return 4 * mega * (random.Float64() - 0.5) }
	life := func(requests int, heap func(n float64) float64) []longSample {
		var samples []longSample
		for i := range 60 {
			n := float64(requests) * float64(i) / 59
			samples = append(samples, longSample{requests: n, heap: heap(n)})
		}
		return samples
	}
	warmUp := func(n float64) float64 { return min(n*2000, 20*mega) + noise() }
	for name, try := range map[string]struct {
		life         []longSample
		judged, leak bool
	}{
		"flat":                    {life(30_000, func(float64) float64 { return 20*mega + noise() }), true, false},
		"a warm-up":               {life(60_000, warmUp), true, false},
		"a leak of 1 KB":          {life(30_000, func(n float64) float64 { return 20*mega + n*1024 + noise() }), true, true},
		"a leak behind a warm-up": {life(60_000, func(n float64) float64 { return warmUp(n) + n*1024 }), true, true},
		"a short life":            {life(5_000, func(n float64) float64 { return n * 1024 }), false, false},
		"no life at all":          {nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slope, judged := growth(try.life)
			require.Equal(t, try.judged, judged)
			require.Equal(t, try.leak, slope > longSlope, slope)
		})
	}
}
