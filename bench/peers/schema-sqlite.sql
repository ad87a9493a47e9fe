-- The ledger of the SQLite peers: what a careful team would write for this job.
-- The journal's key is the identity of a payment: one code, one TrackingRef.
create table code (
  payment_code text primary key,
  amount       integer not null, -- whole rupiah
  tracking_ref text,             -- null while unpaid
  receipt_code text
) without rowid;

create table journal (
  seq          integer primary key, -- the receipt code, too
  payment_code text    not null,
  tracking_ref text    not null,
  amount       integer not null,
  store_id     text    not null,
  message_id   text    not null,
  time_stamp   text    not null, -- Indomaret's, WIB, as received
  booked_at    text    not null,
  unique (payment_code, tracking_ref)
);
