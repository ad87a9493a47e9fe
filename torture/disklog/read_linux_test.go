package disklog_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	. "paypoint/torture/disklog"
)

// script does what programs do to files.
const script = `
use Fcntl; use IO::Handle;
my $root = shift;
sub put {
	my ($name, $flags, $at, $text) = @_;
	sysopen(my $file, "$root/$name", $flags | O_RDWR) or die "$name: $!";
	sysseek($file, $at, 0) if $at;
	syswrite($file, $text); syswrite($file, "!");
	$file->sync;
	truncate($file, 20000) if $name eq "big";
	close($file);
}
mkdir "$root/sub";
put("sub/a", O_CREAT, 0, "one two"); put("sub/a", O_APPEND, 0, " three");
put("big", O_CREAT, 0, "\1" x 9000); put("big", 0, 5000, "\2" x 1000);
put("empty", O_CREAT, 0, "text"); sysopen(my $file, "$root/empty", O_RDWR | O_TRUNC);
link("$root/sub/a", "$root/sub/b"); rename("$root/sub/a", "$root/kept"); unlink("$root/before");
mkdir "$root/gone"; rmdir "$root/gone";
`

// TestReadSeesEverything records a script and finds the same folder in the log.
func TestReadSeesEverything(t *testing.T) {
	t.Parallel()
	if err := exec.Command("strace", "-qq", "-e", "trace=none", "true").Run(); err != nil {
		t.Skip("needs strace that may trace: Debian package strace, and the right to use ptrace")
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "before"), []byte("x"), 0o600))
	before, err := Load(root)
	require.NoError(t, err)
	trace := filepath.Join(t.TempDir(), "trace")
	line := append(Strace(trace), "perl", "-e", script, root)
	out, err := exec.Command(line[0], line[1:]...).CombinedOutput()
	require.NoError(t, err, string(out))

	file, err := os.Open(trace)
	require.NoError(t, err)
	defer file.Close()
	log, err := Read(file, root, before)
	require.NoError(t, err)
	whole, err := log.Whole(len(log.Events))
	require.NoError(t, err)
	there, err := Load(root)
	require.NoError(t, err)
	differs, same := whole.Equal(there)
	require.True(t, same, differs)
	require.Equal(t, []string{"big", "empty", "kept", "sub/b"}, whole.Files())

	copied := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, whole.Write(copied))
	again, err := Load(copied)
	require.NoError(t, err)
	differs, same = again.Equal(there)
	require.True(t, same, differs)
}

// hexed is a string as strace writes it.
func hexed(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		const digits = "0123456789abcdef"
		b.WriteString(`\x` + string(digits[c>>4]) + string(digits[c&15]))
	}
	return b.String()
}

func TestReadJoinsWhatOtherThreadsCutInTwo(t *testing.T) {
	t.Parallel()
	text := strings.Join([]string{
		`1 openat(AT_FDCWD<` + hexed("/") + `>, "` + hexed("/d/a") + `", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3<` + hexed("/d/a") + `>`,
		`1 pwrite64(3<` + hexed("/d/a") + `>, "` + hexed("abc") + `", 3, 0) = 3`,
		`1 fdatasync(3<` + hexed("/d/a") + `> <unfinished ...>`,
		`2 pwrite64(3<` + hexed("/d/a") + `>, "` + hexed("xyz") + `", 3, 3 <unfinished ...>`,
		`3 write(9<` + hexed("socket:[7]") + `>, "` + hexed("hello") + `", 5) = 5`,
		`2 <... pwrite64 resumed>)            = 2`,
		`1 <... fdatasync resumed>)           = 0`,
		`1 pwrite64(3<` + hexed("/d/a") + `>, "` + hexed("never") + `", 5, 0) = -1 EIO (Input/output error)`,
		`1 +++ exited with 0 +++`,
	}, "\n")
	log, err := Read(strings.NewReader(text), "/d", Image{})
	require.NoError(t, err)
	require.Equal(t, []Event{
		{Kind: Opened, File: 1, Path: "a", Flags: Flags{Create: true}},
		{Kind: Written, File: 1, Data: []byte("abc")},
		{Kind: Sent, Socket: "socket:[7]", Data: []byte("hello")},
		{Kind: Written, File: 1, Offset: 3, Data: []byte("xy")},
		{Kind: Synced, File: 1, Since: 2},
	}, log.Events)
}

func TestReadRefusesWhatItCannotKnow(t *testing.T) {
	t.Parallel()
	open := `1 openat(AT_FDCWD<` + hexed("/") + `>, "` + hexed("/d/a") + `", O_RDWR|O_CREAT, 0600) = 3<` + hexed("/d/a") + ">\n"
	for name, c := range map[string]struct {
		line string
		want error
	}{
		"a call of unknown effect": {`1 writev(3<` + hexed("/d/a") + `>, [{iov_base="\x41", iov_len=1}], 1) = 1`, ErrUnknown},
		"a write that was cut off": {`1 pwrite64(3<` + hexed("/d/a") + `>, "\x41"..., 5, 0) = 5`, ErrUnknown},
		"a file of unknown origin": {`1 write(5<` + hexed("/d/a") + `>, "\x41", 1) = 1`, ErrUnknown},
		"a move out":               {`1 renameat(AT_FDCWD<\x2f>, "` + hexed("/d/a") + `", AT_FDCWD<\x2f>, "` + hexed("/e/a") + `") = 0`, ErrUnknown},
		"truncate by name":         {`1 truncate("` + hexed("/d/a") + `", 5) = 0`, ErrUnknown},
		"no call":                  {`1 what is this`, ErrUnreadable},
		"an end without beginning": {`1 <... write resumed>) = 1`, ErrUnreadable},
		"no thread":                {`x`, ErrUnreadable},
		"a bad number":             {`1 ftruncate(3<` + hexed("/d/a") + `>, many) = 0`, ErrUnreadable},
		"bad hex":                  {`1 pwrite64(3<` + hexed("/d/a") + `>, "\xzz", 1, 0) = 1`, ErrUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(strings.NewReader(open+c.line), "/d", Image{})
			require.ErrorIs(t, err, c.want)
			_, err = Read(strings.NewReader(strings.ReplaceAll(c.line, hexed("/d/a"), hexed("/f/a"))), "/d", Image{})
			if c.want == ErrUnknown && !strings.Contains(name, "cut off") {
				require.NoError(t, err, "of files elsewhere nothing has to be known")
			}
		})
	}
}
