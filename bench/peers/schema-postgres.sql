-- The ledger of the PostgreSQL peer: the same tables as schema-sqlite.sql.
create table code (
  payment_code text primary key,
  amount       bigint not null, -- whole rupiah
  tracking_ref text,            -- null while unpaid
  receipt_code text
) with (fillfactor = 70);       -- room for the paid version on the same page (HOT update)

create table journal (
  seq          bigint generated always as identity primary key,
  payment_code text        not null,
  tracking_ref text        not null,
  amount       bigint      not null,
  store_id     text        not null,
  message_id   text        not null,
  time_stamp   text        not null, -- Indomaret's, WIB, as received
  receipt_code text        not null,
  booked_at    timestamptz not null default now(),
  unique (payment_code, tracking_ref)
);

create sequence receipt cache 1000; -- a block of numbers to each connection
