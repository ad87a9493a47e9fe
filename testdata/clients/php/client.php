<?php
// PHP SoapClient as a till: php client.php WSDL-URL code=… amount=… ref=… store=… product=… key=… time=…
// See ../README.md for the arguments and the output. Debian packages: php-cli php-soap.
declare(strict_types=1);

const CIPHER_BLOCK = 16;

/** arguments turns name=value words into an array. */
function arguments(array $words): array
{
    $values = [];
    foreach ($words as $word) {
        [$name, $value] = explode('=', $word, 2) + [1 => ''];
        $values[$name] = $value;
    }
    foreach (['code', 'amount', 'ref', 'store', 'product', 'key', 'time'] as $name) {
        if (!isset($values[$name])) {
            throw new InvalidArgumentException("argument $name=… is missing");
        }
    }
    return $values;
}

/** sign makes the Signature: AES-128-ECB without padding over a text that zeros fill on the left. */
function sign(array $a): string
{
    $text = $a['store'] . $a['code'] . $a['ref'] . str_replace(':', '', substr($a['time'], 11, 8));
    $length = (int) ceil(strlen($text) / CIPHER_BLOCK) * CIPHER_BLOCK;
    $sealed = openssl_encrypt(
        str_pad($text, $length, '0', STR_PAD_LEFT),
        'aes-128-ecb',
        $a['key'],
        OPENSSL_RAW_DATA | OPENSSL_ZERO_PADDING,
    );
    return strtoupper(bin2hex($sealed));
}

/** documented lists the elements that the contract gives a message. */
function documented(SoapClient $client, string $message): array
{
    foreach ($client->__getTypes() as $type) {
        if (str_starts_with($type, "struct $message {")) {
            preg_match_all('/string (\w+);/', $type, $found);
            return $found[1];
        }
    }
    throw new UnexpectedValueException("the contract has no message $message");
}

/** call does one operation, prints its line and refuses an answer that is incomplete or not 00. */
function call(SoapClient $client, string $operation, array $request): void
{
    $answer = get_object_vars($client->__soapCall($operation, [$request]));
    $missing = array_diff(documented($client, "Res$operation"), array_keys($answer));
    $words = [strtolower($operation), $answer['ResponseCode'] ?? '', $answer['ReceiptCode'] ?? ''];
    echo rtrim(implode(' ', $words)), "\n";
    if ($missing !== []) {
        throw new UnexpectedValueException("$operation: the answer lacks " . implode(', ', $missing));
    }
    foreach (['MessageID', 'TrackingRef', 'StoreID'] as $name) {
        if ($answer[$name] !== $request[$name]) {
            throw new UnexpectedValueException("$operation: $name is not echoed: {$answer[$name]}");
        }
    }
    if ($answer['ResponseCode'] !== '00' || ($answer['ReceiptCode'] ?? 'none due') === '') {
        throw new UnexpectedValueException("$operation: refused or without a receipt");
    }
}

try {
    $a = arguments(array_slice($argv, 2));
    $client = new SoapClient($argv[1], ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true]);
    foreach (['Inquiry', 'Payment', 'Reversal'] as $operation) {
        $request = [
            'TimeStamp' => $a['time'],
            'MessageID' => preg_replace('/\D/', '', $a['time']) . $operation,
            'PaymentCode' => $a['code'],
            'Amount' => $a['amount'],
            'TrackingRef' => $a['ref'],
            'ProductCode' => $a['product'],
            'StoreID' => $a['store'],
            'Signature' => sign($a),
        ];
        if ($operation === 'Inquiry') {
            unset($request['Amount']);
        }
        call($client, $operation, $request);
    }
} catch (Throwable $e) {
    fwrite(STDERR, get_class($e) . ': ' . $e->getMessage() . "\n");
    exit(1);
}
