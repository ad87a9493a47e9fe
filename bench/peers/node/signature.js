// The partner's signature: AES-128-ECB without padding, hexadecimal, over
// StoreID + PaymentCode + TrackingRef + HHmmss, filled on the left with 0 or spaces.
'use strict';

const { createDecipheriv, timingSafeEqual } = require('node:crypto');

const blockBytes = 16;

function isSignatureOf(request, key) {
  const cipher = Buffer.from(String(request.Signature), 'hex');
  if (cipher.length === 0 || cipher.length % blockBytes !== 0) return false;
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
