// Payments in SQLite through better-sqlite3: one transaction a payment, durable
// when it is answered (WAL, synchronous=FULL).
'use strict';

const Database = require('better-sqlite3');

function open(file) {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('busy_timeout = 10000');
  db.pragma('cache_size = -262144'); // 256 MiB

  const find = db.prepare('select amount, tracking_ref, receipt_code from code where payment_code = ?');
  const mark = db.prepare('update code set tracking_ref = ?, receipt_code = ? where payment_code = ?');
  const book = db.prepare(`insert into journal
    (payment_code, tracking_ref, amount, store_id, message_id, time_stamp, booked_at) values (?, ?, ?, ?, ?, ?, ?)`);

  const pay = db.transaction((request, amount) => {
    const code = find.get(request.PaymentCode);
    if (!code) return { code: '14' };
    if (code.tracking_ref === request.TrackingRef && code.amount === amount) return { code: '00', receipt: code.receipt_code };
    if (code.tracking_ref !== null) return { code: '88' };
    if (code.amount !== amount) return { code: '13' };
    const { lastInsertRowid } = book.run(request.PaymentCode, request.TrackingRef, amount,
      request.StoreID, request.MessageID, request.TimeStamp, new Date().toISOString());
    const receipt = `R${lastInsertRowid}`;
    mark.run(request.TrackingRef, receipt, request.PaymentCode);
    return { code: '00', receipt };
  });
  // IMMEDIATE takes the write lock first: two processes cannot both find a code unpaid.
  return { pay: (request, amount) => pay.immediate(request, amount) };
}

module.exports = { open };
