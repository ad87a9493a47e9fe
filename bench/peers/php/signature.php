<?php
// The partner's signature: AES-128-ECB without padding, hexadecimal, over
// StoreID + PaymentCode + TrackingRef + HHmmss, filled on the left with 0 or spaces.
declare(strict_types=1);

function isSignatureOf(stdClass $request, string $key): bool
{
    $cipher = ctype_xdigit($request->Signature) && strlen($request->Signature) % 32 === 0 ? hex2bin($request->Signature) : '';
    $plain = openssl_decrypt($cipher, 'aes-128-ecb', $key, OPENSSL_RAW_DATA | OPENSSL_ZERO_PADDING);

    $time = str_replace(':', '', substr($request->TimeStamp, 11, 8));
    $text = $request->StoreID . $request->PaymentCode . $request->TrackingRef . $time;
    $length = 16 * (int) ceil(strlen($text) / 16);
    return hash_equals(str_pad($text, $length, '0', STR_PAD_LEFT), (string) $plain)
        || hash_equals(str_pad($text, $length, ' ', STR_PAD_LEFT), (string) $plain);
}
