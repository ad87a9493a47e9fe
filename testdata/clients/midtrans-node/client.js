// midtrans-client as a shop: node client.js URL SERVER-KEY
// An empty URL leaves the SDK as it is: it then calls its own sandbox's host.
//
// Each line of the input is a call of the SDK, as JSON:
//   {"call": "transaction.status", "arguments": ["order-1"]}
// with, if wanted, another server key for this call ("key") and headers that
// stay for it and all later ones ("headers"), as they do in a shop that sets
// them the only way this SDK has.
//
// Each line of the output is what the shop got: {"answer": …}, or {"error": …}
// with what it can read of the error. Set up with: npm ci
'use strict';

const readline = require('node:readline');
const { CoreApi, MidtransError } = require('midtrans-client');

/** Makes a client that calls url: the SDK has no setting for it, so one method is replaced. */
function newClient(url, serverKey) {
  const client = new CoreApi({ isProduction: false, serverKey });
  if (url !== '') client.apiConfig.getCoreApiBaseUrl = () => url;
  return client;
}

/** Calls a method by its name, such as transaction.status or charge. */
function call(client, name, values) {
  const path = name.split('.');
  const method = path.pop();
  const owner = path.reduce((object, member) => object[member], client);
  return owner[method](...values);
}

/** Tells what a shop can read of an error. httpStatus is the answer's own, the SDK's httpStatusCode may be the body's. */
function told(error) {
  return {
    name: error.name,
    isMidtransError: error instanceof MidtransError,
    message: error.message,
    httpStatusCode: error.httpStatusCode,
    ApiResponse: error.ApiResponse,
    httpStatus: error.rawHttpClientData?.status,
  };
}

async function main(url, serverKey) {
  const shop = newClient(url, serverKey);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    const client = request.key === undefined ? shop : newClient(url, request.key);
    Object.assign(client.httpClient.http_client.defaults.headers.common, request.headers);
    const outcome = await call(client, request.call, request.arguments ?? []).then(
      (answer) => ({ answer }),
      (error) => ({ error: told(error) }),
    );
    console.log(JSON.stringify(outcome));
  }
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(String(error.stack ?? error));
  process.exitCode = 1;
});
