package torture_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// Of ptrace, what package syscall leaves out (linux/ptrace.h).
const (
	ptraceGetSyscallInfo = 0x420e
	ptraceOptionExitKill = 0x00100000
	ptraceSyscallStop    = syscall.SIGTRAP | 0x80
	ptraceInfoEntry      = 1
)

// faultCalls are the calls that are counted: all with which a process reads or
// changes a file or a socket. Waiting, memory, clocks, threads and signals change
// nothing that outlives the process.
func faultCalls() map[uint64]string {
	return map[uint64]string{
		syscall.SYS_READ: "read", syscall.SYS_WRITE: "write", syscall.SYS_PREAD64: "pread64", syscall.SYS_PWRITE64: "pwrite64",
		syscall.SYS_FSYNC: "fsync", syscall.SYS_FDATASYNC: "fdatasync", syscall.SYS_FTRUNCATE: "ftruncate", syscall.SYS_FALLOCATE: "fallocate",
		syscall.SYS_OPENAT: "openat", syscall.SYS_CLOSE: "close", syscall.SYS_FSTAT: "fstat", syscall.SYS_NEWFSTATAT: "newfstatat",
		syscall.SYS_LSEEK: "lseek", syscall.SYS_FCNTL: "fcntl", syscall.SYS_FLOCK: "flock", syscall.SYS_GETDENTS64: "getdents64",
		syscall.SYS_LINKAT: "linkat", syscall.SYS_RENAMEAT: "renameat", syscall.SYS_UNLINKAT: "unlinkat", syscall.SYS_MKDIRAT: "mkdirat",
		syscall.SYS_MMAP: "mmap", syscall.SYS_ACCEPT4: "accept4", syscall.SYS_SETSOCKOPT: "setsockopt", syscall.SYS_GETSOCKNAME: "getsockname",
		syscall.SYS_EPOLL_CTL: "epoll_ctl", syscall.SYS_SHUTDOWN: "shutdown", syscall.SYS_SENDTO: "sendto", syscall.SYS_RECVFROM: "recvfrom",
	}
}

// tracerVariable names the socket on which a tracer is told what to do. Where it
// is set, this test binary is a tracer of the program that its arguments name.
const tracerVariable = "TORTURE_TRACER"

// tracer runs a program, stops it at its system calls and kills it at one of
// them, before that is done. strace can't: it counts the calls of each thread by
// itself, and the goroutine of a request wanders from thread to thread. It is a
// process of its own, for ptrace and os/exec would take each other's children.
type tracer struct {
	pid   int
	calls map[uint64]string
	mu    sync.Mutex
	// armed says that calls are counted; killAt is the one to kill at, from 1, or
	// atAnswer.
	armed  bool
	killAt int
	saw    traced
}

// traced is what a tracer has seen since it was armed.
type traced struct {
	Calls []string `json:"calls"`
	// Killed says that the last of the calls was never done.
	Killed bool `json:"killed"`
}

// TestTracedPayment is the tracer, in a process of its own; and where it is not
// asked to be that, it looks at the calls of one payment: the answer is written
// behind the last wait for the disk.
func TestTracedPayment(t *testing.T) {
	if path := os.Getenv(tracerVariable); path != "" {
		require.NoError(t, traceProgram(path, flag.Args()))
		return
	}
	t.Parallel()
	control, setup := tracedSetup(t, play.Setup{})
	s := newFaultScene(t, setup)
	code := s.charge("order")
	control.arm(t, 0)
	require.True(t, strings.HasPrefix(s.pay(code, "REF"), "00 "))
	calls := control.disarm(t).Calls
	last := len(calls) - 1
	for calls[last] != "fdatasync" {
		last--
		require.GreaterOrEqual(t, last, 0, calls)
	}
	require.GreaterOrEqual(t, len(calls[:last]), 4, calls)
	require.Contains(t, calls[:last], "pwrite64")
	require.Contains(t, calls[last:], "write")
	s.server.Kill()
}

// tracedSetup lets a server run under the tracer.
func tracedSetup(t *testing.T, setup play.Setup) (*tracerControl, play.Setup) {
	t.Helper()
	faultStrace(t) // what strace may do, the tracer may
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(play.Folder(t), "tracer")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	setup.Under = []string{self, "-test.run=^TestTracedPayment$", "--"}
	setup.Env = append(slices.Clone(setup.Env), tracerVariable+"="+path)
	return &tracerControl{listener: listener}, setup
}

// tracerControl tells a tracer what to do.
type tracerControl struct {
	listener net.Listener
	conn     net.Conn
}

// atAnswer arms a tracer to kill at the write of the answer, wherever among the
// calls that is: which calls another thread makes meanwhile differs each time.
const atAnswer = -1

// arm counts calls from now on and kills at the n-th; 0 kills at none.
func (c *tracerControl) arm(t *testing.T, n int) {
	t.Helper()
	var err error
	c.conn, err = c.listener.Accept()
	require.NoError(t, err)
	require.NoError(t, json.NewEncoder(c.conn).Encode(n))
	var armed int
	require.NoError(t, json.NewDecoder(c.conn).Decode(&armed))
	require.Equal(t, n, armed)
}

// disarm stops counting and tells what there was.
func (c *tracerControl) disarm(t *testing.T) traced {
	t.Helper()
	require.NoError(t, json.NewEncoder(c.conn).Encode("disarm"))
	var saw traced
	require.NoError(t, json.NewDecoder(c.conn).Decode(&saw))
	require.NoError(t, errors.Join(c.conn.Close(), c.listener.Close()))
	return saw
}

// obey does what is asked on the socket: it arms, and at the end tells.
func (t *tracer) obey(conn net.Conn, disarmed chan<- error) {
	commands, answers := json.NewDecoder(conn), json.NewEncoder(conn)
	var n int
	err := commands.Decode(&n)
	t.mu.Lock()
	t.armed, t.killAt = true, n
	t.mu.Unlock()
	var word string
	err = errors.Join(err, answers.Encode(n), commands.Decode(&word))
	t.mu.Lock()
	t.armed = false
	t.mu.Unlock()
	disarmed <- errors.Join(err, answers.Encode(t.saw))
}

// traceProgram runs a program to its end, and until it was told to disarm.
func traceProgram(socket string, line []string) error {
	runtime.LockOSThread() // ptrace knows one thread only
	defer runtime.UnlockOSThread()
	command := exec.Command(line[0], line[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	t := &tracer{pid: command.Process.Pid, calls: faultCalls()}
	disarmed := make(chan error, 1)
	go t.obey(conn, disarmed)
	if err := t.trace(); err != nil {
		return err
	}
	return <-disarmed
}

// trace lets the program run from call to call until its last thread has ended.
func (t *tracer) trace() error {
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(t.pid, &status, syscall.WALL, nil); err != nil {
		return fmt.Errorf("wait for the program's start: %w", err)
	}
	options := syscall.PTRACE_O_TRACESYSGOOD | syscall.PTRACE_O_TRACECLONE | ptraceOptionExitKill
	if err := syscall.PtraceSetOptions(t.pid, options); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	_ = syscall.PtraceSyscall(t.pid, 0)
	for {
		thread, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.ECHILD):
			return nil
		case err != nil:
			return err
		case status.Stopped():
			t.stopped(thread, status)
		}
	}
}

// stopped looks at why a thread has stopped and lets it go on to its next call.
func (t *tracer) stopped(thread int, status syscall.WaitStatus) {
	signal := status.StopSignal()
	switch {
	case signal == ptraceSyscallStop:
		t.call(thread)
		signal = 0
	case signal == syscall.SIGSTOP, uint32(status)>>16 != 0: // a new thread, and who made it
		signal = 0
	}
	// It fails where the process was killed meanwhile.
	_ = syscall.PtraceSyscall(thread, int(signal))
}

// syscallInfo is struct ptrace_syscall_info of linux/ptrace.h, as a call begins.
type syscallInfo struct {
	op                   uint8
	_                    [3]uint8
	arch                 uint32
	instruction, pointer uint64
	number               uint64
	args                 [6]uint64
}

// call counts a call that begins, and kills the process if it is the one.
func (t *tracer) call(thread int) {
	var info syscallInfo
	_, _, failed := syscall.RawSyscall6(syscall.SYS_PTRACE, ptraceGetSyscallInfo, uintptr(thread), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if failed != 0 || info.op != ptraceInfoEntry {
		return
	}
	name, counted := t.calls[info.number]
	t.mu.Lock()
	defer t.mu.Unlock()
	if !counted || !t.armed || t.saw.Killed {
		return
	}
	what := t.opened(info.args[0])
	if strings.Contains(what, "[eventfd]") {
		return // it only wakes another thread of the process, which it does as it likes
	}
	t.saw.Calls = append(t.saw.Calls, name)
	answers := name == "write" && strings.HasPrefix(what, "socket:")
	if len(t.saw.Calls) == t.killAt || answers && t.killAt == atAnswer {
		t.saw.Killed = true
		_ = syscall.Kill(t.pid, syscall.SIGKILL) // it is stopped in this call, and so alive
	}
}

// opened is what a file descriptor of the process stands for; empty where it is
// none.
func (t *tracer) opened(descriptor uint64) string {
	what, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(t.pid), "fd", strconv.FormatUint(descriptor, 10)))
	if err != nil {
		return ""
	}
	return what
}

// tally says how often each call was there: "2 fdatasync, 4 pwrite64".
func tally(calls []string) string {
	counts := map[string]int{}
	for _, call := range calls {
		counts[call]++
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprint(counts[name], " ", name))
	}
	return strings.Join(parts, ", ")
}
