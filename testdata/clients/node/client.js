// node-soap as a till: node client.js WSDL-URL code=… amount=… ref=… store=… product=… key=… time=…
// See ../README.md for the arguments and the output. Set up with: npm ci
'use strict';

const crypto = require('node:crypto');
const soap = require('soap');

const CIPHER_BLOCK = 16;

/** Turns name=value words into an object. */
function parseArguments(words) {
  const values = Object.fromEntries(words.map((word) => word.split(/=(.*)/s).slice(0, 2)));
  for (const name of ['code', 'amount', 'ref', 'store', 'product', 'key', 'time']) {
    if (values[name] === undefined) throw new Error(`argument ${name}=… is missing`);
  }
  return values;
}

/** Makes the Signature: AES-128-ECB without padding over a text that zeros fill on the left. */
function sign(a) {
  const text = a.store + a.code + a.ref + a.time.slice(11, 19).replaceAll(':', '');
  const filled = text.padStart(Math.ceil(text.length / CIPHER_BLOCK) * CIPHER_BLOCK, '0');
  const cipher = crypto.createCipheriv('aes-128-ecb', a.key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(filled, 'ascii'), cipher.final()]).toString('hex').toUpperCase();
}

/** Does one operation, prints its line and refuses an answer that is incomplete or not 00. */
async function call(client, operation, request) {
  const [answer] = await client[`${operation}Async`](request);
  const line = [operation.toLowerCase(), answer?.ResponseCode, answer?.ReceiptCode];
  console.log(line.filter(Boolean).join(' '));

  const documented = Object.keys(client.describe().PaymentPoint.PaymentPoint[operation].output);
  const missing = documented.filter((name) => !(name in answer));
  if (missing.length > 0) throw new Error(`${operation}: the answer lacks ${missing}`);
  for (const name of ['MessageID', 'TrackingRef', 'StoreID']) {
    if (answer[name] !== request[name]) throw new Error(`${operation}: ${name} is not echoed: ${answer[name]}`);
  }
  if (answer.ResponseCode !== '00' || (operation === 'Payment' && !answer.ReceiptCode)) {
    throw new Error(`${operation}: refused or without a receipt`);
  }
}

async function main(url, words) {
  const a = parseArguments(words);
  const client = await soap.createClientAsync(url);
  for (const operation of ['Inquiry', 'Payment', 'Reversal']) {
    // node-soap writes the elements in this object's order, not in the contract's.
    await call(client, operation, {
      TimeStamp: a.time,
      MessageID: a.time.replaceAll(/\D/g, '') + operation,
      PaymentCode: a.code,
      ...(operation === 'Inquiry' ? {} : { Amount: a.amount }),
      TrackingRef: a.ref,
      ProductCode: a.product,
      StoreID: a.store,
      Signature: sign(a),
    });
  }
}

main(process.argv[2], process.argv.slice(3)).catch((error) => {
  console.error(String(error.message ?? error));
  process.exitCode = 1;
});
