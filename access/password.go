package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

const (
	// MinPassword and MaxPassword bound a password, in characters. There are no
	// other rules of composition (NIST SP 800-63B, 5.1.1.2).
	MinPassword = 12
	MaxPassword = 128
	// TemporaryLife is how long a temporary password can be used.
	TemporaryLife = 24 * time.Hour
)

// The parameters of argon2id (RFC 9106) that OWASP's password storage cheat
// sheet names first: memory in KiB, passes, lanes, and bytes of salt and digest.
const (
	argonMemory = 19 * 1024
	argonTime   = 2
	argonLanes  = 1
	argonSalt   = 16
	argonDigest = 32
	// phcShape is how parameters, salt and digest are written (PHC string format).
	phcShape = "$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s"
)

// What is wrong with a password, or with signing in by it.
var (
	// ErrPassword: the password breaks its rule, which the error tells.
	ErrPassword = errors.New("not a possible password")
	// ErrCredentials: no active person has this id and password. It does not say
	// which of the three is wrong.
	ErrCredentials = errors.New("no such person with this password")
	// ErrPasswordEnded: the password is right, but was a temporary one and its time
	// is over.
	ErrPasswordEnded = errors.New("the temporary password is over: have another one made")
	// ErrTooBusy: too many passwords wait to be checked.
	ErrTooBusy = errors.New("too many sign-ins at once: try again")
)

// PasswordFault is the rule that a password breaks.
type PasswordFault string

// The rules that a password can break.
const (
	PasswordShort       PasswordFault = "short"
	PasswordLong        PasswordFault = "long"
	PasswordUnprintable PasswordFault = "unprintable"
	PasswordOwn         PasswordFault = "own"
	PasswordCommon      PasswordFault = "common"
	PasswordSame        PasswordFault = "same"
)

// PasswordError says which rule a password breaks. It matches ErrPassword and
// never holds the password.
type PasswordError struct{ Fault PasswordFault }

// Error tells the rule.
func (e *PasswordError) Error() string {
	return map[PasswordFault]string{
		PasswordShort:       fmt.Sprintf("want at least %d characters", MinPassword),
		PasswordLong:        fmt.Sprintf("want at most %d characters", MaxPassword),
		PasswordUnprintable: "want printable characters and spaces",
		PasswordOwn:         "it is the person's id or name",
		PasswordCommon:      "it is one that many people have",
		PasswordSame:        "it is the one there is already",
	}[e.Fault]
}

// Unwrap is ErrPassword.
func (*PasswordError) Unwrap() error { return ErrPassword }

// passwordRecord is a password as its person's setting keeps it.
type passwordRecord struct {
	// Hash is a PHC string of argon2id.
	Hash string    `json:"hash"`
	Set  time.Time `json:"set"`
	// Ends is when a temporary password does; zero for one that the person chose.
	Ends time.Time `json:"ends,omitzero"`
}

// check refuses a stored password whose hash this program can't check: the
// person could not be told from one with a wrong password.
func (p *passwordRecord) check() error {
	if p == nil {
		return nil
	}
	if _, _, err := readPHC(p.Hash); err != nil {
		return fmt.Errorf("password: %w", err)
	}
	return nil
}

// ended says whether a temporary password is over.
func (p *passwordRecord) ended(now time.Time) bool { return !p.Ends.IsZero() && !now.Before(p.Ends) }

// writePHC hashes a password under a salt.
func writePHC(password string, salt []byte) string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf(phcShape, argon2.Version, argonMemory, argonTime, argonLanes, encode(salt), encode(argon(password, salt)))
}

func argon(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonDigest)
}

// readPHC takes a hash apart. Other parameters than ours are refused: a hash
// that asks for gigabytes must not be computed.
func readPHC(hash string) (salt, digest []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 {
		return nil, nil, errors.New("not a PHC string of argon2id")
	}
	decode := base64.RawStdEncoding.DecodeString
	salt, saltErr := decode(parts[4])
	digest, digestErr := decode(parts[5])
	if saltErr != nil || digestErr != nil || len(salt) != argonSalt || len(digest) != argonDigest {
		return nil, nil, errors.New("its salt or its digest is none of argon2id's")
	}
	if want := fmt.Sprintf(phcShape, argon2.Version, argonMemory, argonTime, argonLanes, parts[4], parts[5]); hash != want {
		return nil, nil, errors.New("not argon2id with this program's parameters")
	}
	return salt, digest, nil
}

// matches says whether a password is the one of a hash, in a time that depends
// on neither.
func matches(hash, password string) bool {
	salt, digest, err := readPHC(hash)
	return err == nil && subtle.ConstantTimeCompare(argon(password, salt), digest) == 1
}

// newHash hashes a password under a salt of its own.
func newHash(password string) string {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // it never fails (Go 1.24)
	return writePHC(password, salt)
}

// nobodysHash is the hash of no password, for ids that nobody has: looking for
// those takes as long.
var nobodysHash = fmt.Sprintf(phcShape, argon2.Version, argonMemory, argonTime, argonLanes,
	strings.Repeat("A", base64.RawStdEncoding.EncodedLen(argonSalt)), strings.Repeat("A", base64.RawStdEncoding.EncodedLen(argonDigest)))

const (
	// maxHashing is how many passwords are hashed at once, for each takes 19 MiB;
	// maxWaiting how many may wait for that.
	maxHashing = 2
	maxWaiting = 64
)

// places bounds how many passwords are hashed and how many wait.
type places struct{ hashing, waiting chan struct{} }

func newPlaces() places {
	return places{hashing: make(chan struct{}, maxHashing), waiting: make(chan struct{}, maxHashing+maxWaiting)}
}

// take waits for a place and returns what gives it back. Errors: ErrTooBusy and
// the context's.
func (p places) take(ctx context.Context) (release func(), err error) {
	select {
	case p.waiting <- struct{}{}:
	default:
		return nil, ErrTooBusy
	}
	select {
	case p.hashing <- struct{}{}:
		return func() { <-p.hashing; <-p.waiting }, nil
	case <-ctx.Done():
		<-p.waiting
		return nil, ctx.Err()
	}
}

// CheckPassword is the active person with an id and a password. It takes as long
// whether there is such a person or not. Errors: ErrCredentials, ErrPasswordEnded
// for a temporary password that is right but over, ErrTooBusy, and the context's.
func (s *Staff) CheckPassword(ctx context.Context, id, password string) (Person, error) {
	release, err := s.hashing.take(ctx)
	if err != nil {
		return Person{}, fmt.Errorf("check password: %w", err)
	}
	defer release()
	r, is := s.index.Load().persons[id]
	hash, known := nobodysHash, is && r.Active && r.Password != nil
	if known {
		hash = r.Password.Hash
	}
	// What is longer than any password is not hashed as it is, for as long as it takes.
	right := matches(hash, password[:min(len(password), MaxPassword*utf8.UTFMax)])
	switch {
	case !right || !known || utf8.RuneCountInString(password) > MaxPassword:
		return Person{}, ErrCredentials
	case r.Password.ended(s.now()):
		return Person{}, ErrPasswordEnded
	default:
		return r.person(), nil
	}
}

// SetPassword gives a person the password that they chose, and ends their
// sign-ins. Whoever calls has checked the one before. Errors: a *PasswordError,
// ErrUnknownPerson, ErrInactivePerson, ErrPersonChanged, ErrTooBusy, the context's
// and the ledger's.
func (s *Staff) SetPassword(ctx context.Context, id, password string) (Person, error) {
	p, err := s.setPassword(ctx, id, id, password, time.Time{})
	if err != nil {
		return Person{}, fmt.Errorf("set password: %w", err)
	}
	return p, nil
}

// TemporaryPassword makes a password that is shown once, lives for TemporaryLife
// and must be changed at the first sign-in. It ends the person's sign-ins. by
// says who asks. Errors: ErrUnknownPerson, ErrInactivePerson, ErrPersonChanged,
// ErrTooBusy, the context's and the ledger's.
func (s *Staff) TemporaryPassword(ctx context.Context, by, id string) (string, error) {
	password := newTemporary()
	if _, err := s.setPassword(ctx, by, id, password, wholeSecond(s.now().Add(TemporaryLife))); err != nil {
		return "", fmt.Errorf("temporary password: %w", err)
	}
	return password, nil
}

// newTemporary is 100 random bits in groups that a person can read out.
func newTemporary() string {
	text := strings.ToLower(rand.Text()[:20])
	return strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:]}, "-")
}

// setPassword hashes a password outside the lock, which all changes wait for. It
// refuses when the sign-ins were ended meanwhile: an admin shuts somebody out with a
// temporary password, over which a change that was under way must not write.
func (s *Staff) setPassword(ctx context.Context, by, id, password string, ends time.Time) (Person, error) {
	before, is := s.index.Load().persons[id]
	if !is {
		return Person{}, fmt.Errorf("person %s: %w", id, ErrUnknownPerson)
	}
	if err := checkPassword(password, before.ID, before.Name); err != nil {
		return Person{}, err
	}
	release, err := s.hashing.take(ctx)
	if err != nil {
		return Person{}, err
	}
	defer release()
	if before.Password != nil && matches(before.Password.Hash, password) {
		return Person{}, &PasswordError{PasswordSame}
	}
	hash := newHash(password)
	return s.change(ctx, by, id, func(r *personRecord) error {
		if !r.Active {
			return ErrInactivePerson
		}
		if r.Stamp != before.Stamp {
			return ErrPersonChanged
		}
		r.Password = &passwordRecord{Hash: hash, Set: wholeSecond(s.now()), Ends: ends}
		r.Stamp++
		return nil
	})
}
