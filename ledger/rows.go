package ledger

// Rows is the ledger's tables inside one transaction of an engine: plain gets
// and puts, without any rule. Load and Project hold the rules, once for all
// engines. A get of what is not there gives nil (or a zero value) and no
// error; an error means that the engine can't read or write.
type Rows interface {
	// Codes are this ledger's payment codes.
	Codes() *Codes

	// LastNumber is the highest charge number given out.
	LastNumber() (uint64, error)
	// PutLastNumber passes over the numbers up to one; never back.
	PutLastNumber(number uint64) error
	Charge(number uint64) (*Charge, error)
	PutCharge(Charge) error
	// PutHandles makes a charge found by its ID and as the newest of its order id.
	PutHandles(Charge) error
	ByID(id string) (number uint64, err error)
	ByOrder(merchant, order string) (number uint64, err error)

	Details(number uint64) (*Details, error)
	PutDetails(number uint64, d Details) error
	// OldestDetails lists the least numbers of charges that have details, at most
	// limit of them, in ascending order.
	OldestDetails(limit int) ([]uint64, error)
	// DeleteDetails deletes the details of all charges up to a number.
	DeleteDetails(through uint64) error

	Transaction(PaymentCode, TrackingRef) (*Transaction, error)
	PutTransaction(Transaction) error

	// RefUse is the latest use of a TrackingRef by a store, and whether another
	// store has used it.
	RefUse(ref TrackingRef, store string) (use *RefUse, otherStore bool, err error)
	PutRefUse(TrackingRef, RefUse) error

	// Document is the value of a key, any bytes. An empty value removes it.
	Document(key string) ([]byte, error)
	PutDocument(key string, value []byte) error

	// Batch is the batch of a day; one that was never put has only its Day.
	Batch(Day) (Batch, error)
	// BatchNo is the batch with a number, or a zero one.
	BatchNo(no uint64) (Batch, error)
	// LastBatch is the closed batch with the highest number, or a zero one.
	LastBatch() (Batch, error)
	PutBatch(Batch) error

	PutDue(Due) error
	DeleteDue(Due) error

	// The outbox.
	Notice(seq uint64) (*Notice, error)
	PutNotice(Notice) error
	DeleteNotice(seq uint64) error

	Setting(key string) ([]byte, error)
	PutSetting(key string, value []byte) error

	// Post adds a posting to its account's balance on a day.
	Post(Day, Posting) error
}
