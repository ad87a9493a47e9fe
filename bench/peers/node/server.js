// The Node peer: the npm package `soap` over node:http, one or more processes.
//
//   node server.js sqlite   FILE      WSDL [PROCESSES]
//   node server.js postgres DIRECTORY WSDL [PROCESSES]   (folder of the server's Unix socket)
//
// Listens on a free port of 127.0.0.1 and prints `listening on http://HOST:PORT`.
// The key is the sandbox partner key.
'use strict';

const cluster = require('node:cluster');
const fs = require('node:fs');
const http = require('node:http');
const soap = require('soap');
const { isSignatureOf } = require('./signature');

const [kind, location, wsdlFile, processes = '1'] = process.argv.slice(2);
const partnerKey = Buffer.from('1234567812345678');
const descriptions = { '00': 'Success', 13: 'Invalid amount', 14: 'Payment code unknown', 63: 'Invalid signature', 88: 'Already paid', 96: 'System error' };

// Whole rupiah as the spec's "double": 50000, 50000.0 or 50000.00.
const amountForm = /^\d{1,12}(\.0{1,2})?$/;

// Time on the wire is WIB, UTC+7 without summer time.
function wireTime() {
  return new Date(Date.now() + 7 * 3600 * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

// All of ResPayment, in the order of the spec's field table, empty elements too.
function answer(request, code, receipt) {
  return {
    TimeStamp: wireTime(),
    MessageID: request.MessageID,
    ResponseCode: code,
    ResponseDesc: descriptions[code],
    TrackingRef: request.TrackingRef,
    StoreID: request.StoreID,
    ReceiptCode: receipt || '',
    Message: '',
  };
}

function payment(store) {
  return async (request) => {
    if (!isSignatureOf(request, partnerKey)) return answer(request, '63');
    if (!amountForm.test(request.Amount)) return answer(request, '13');
    try {
      const { code, receipt } = await store.pay(request, Math.trunc(Number(request.Amount)));
      return answer(request, code, receipt);
    } catch (error) {
      console.error(error);
      return answer(request, '96');
    }
  };
}

function serve() {
  const store = require(`./store-${kind}`).open(location);
  const server = http.createServer((request, response) => { response.statusCode = 404; response.end(); });
  server.keepAliveTimeout = 60 * 1000;
  server.listen(0, '127.0.0.1', () => {
    // One write with Content-Length instead of two with chunks: fewer packets.
    soap.listen(server, {
      path: '/indomaret',
      xml: fs.readFileSync(wsdlFile, 'utf8'),
      services: { PaymentPoint: { PaymentPoint: { Payment: payment(store) } } },
      enableChunkedEncoding: false,
      callback: () => announce(server.address().port),
    });
  });
}

function announce(port) {
  if (cluster.isPrimary) console.log(`listening on http://127.0.0.1:${port}`);
  else process.send(port);
}

// The processes share one port; it is announced when all of them serve it.
function serveTogether(count) {
  let ready = 0;
  for (let i = 0; i < count; i++) {
    cluster.fork().on('message', (port) => { if (++ready === count) announce(port); });
  }
}

if (cluster.isPrimary && Number(processes) > 1) serveTogether(Number(processes));
else serve();
