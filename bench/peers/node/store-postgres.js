// Payments in PostgreSQL through pg: one prepared statement a payment, which is
// about twice as fast as BEGIN, SELECT, UPDATE, INSERT, COMMIT.
'use strict';

const { Pool } = require('pg');

// A second payment of the same code waits for the first one's row lock, then finds
// it paid: the condition is judged again.
const book = {
  name: 'book',
  text: `with receipt as (select 'R' || nextval('receipt') as code),
    paid as (
      update code set tracking_ref = $2, receipt_code = receipt.code from receipt
      where payment_code = $1 and tracking_ref is null and amount = $3
      returning receipt_code)
    insert into journal (payment_code, tracking_ref, amount, store_id, message_id, time_stamp, receipt_code)
    select $1, $2, $3, $4, $5, $6, receipt_code from paid
    returning receipt_code`,
};
const find = { name: 'find', text: 'select amount, tracking_ref, receipt_code from code where payment_code = $1' };

function open(socketDirectory) {
  const pool = new Pool({ host: socketDirectory, user: 'postgres', database: 'ledger', max: 16 });
  return { pay: (request, amount) => pay(pool, request, amount) };
}

async function pay(pool, request, amount) {
  const booked = await pool.query({
    ...book,
    values: [request.PaymentCode, request.TrackingRef, amount, request.StoreID, request.MessageID, request.TimeStamp],
  });
  if (booked.rowCount === 1) return { code: '00', receipt: booked.rows[0].receipt_code };
  return refuse(pool, request, amount);
}

// Says why nothing was booked; a repeated request gets the first one's receipt.
async function refuse(pool, request, amount) {
  const { rows: [code] } = await pool.query({ ...find, values: [request.PaymentCode] });
  if (!code) return { code: '14' };
  if (code.tracking_ref === request.TrackingRef && Number(code.amount) === amount) return { code: '00', receipt: code.receipt_code };
  return { code: code.tracking_ref !== null ? '88' : '13' };
}

module.exports = { open };
