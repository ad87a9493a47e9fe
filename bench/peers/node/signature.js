// The partner's signature: AES-128-ECB without padding, hexadecimal, over
// StoreID + PaymentCode + TrackingRef + HHmmss, filled on the left with 0 or spaces.
'use strict';

const { createDecipheriv, timingSafeEqual } = require('node:crypto');

const blockBytes = 16;
const wholeBlocks = /^([0-9a-f]{32})+$/i;

function isSignatureOf(request, key) {
  // Buffer.from stops silently at what is no hexadecimal.
  if (!wholeBlocks.test(request.Signature)) return false;
  const cipher = Buffer.from(request.Signature, 'hex');
  const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(cipher), decipher.final()]);

  const time = String(request.TimeStamp).slice(11, 19).replaceAll(':', '');
  const text = request.StoreID + request.PaymentCode + request.TrackingRef + time;
  const length = Math.ceil(text.length / blockBytes) * blockBytes;
  return ['0', ' '].some((fill) => {
    const expected = Buffer.from(text.padStart(length, fill));
    return expected.length === plain.length && timingSafeEqual(expected, plain);
  });
}

module.exports = { isSignatureOf };
