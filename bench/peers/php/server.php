<?php
// The PHP peer: SoapServer behind nginx and php-fpm, SQLite through PDO.
// nginx hands it LEDGER, the SQLite file; the key is the sandbox partner key.
declare(strict_types=1);

require __DIR__ . '/signature.php';
require __DIR__ . '/store.php';

final class PaymentPoint
{
    private const PARTNER_KEY = '1234567812345678';
    private const DESCRIPTIONS = ['00' => 'Success', '13' => 'Invalid amount', '14' => 'Payment code unknown',
        '63' => 'Invalid signature', '88' => 'Already paid', '96' => 'System error'];

    // SoapServer hands over the parts of ReqPayment as one object.
    public function Payment(stdClass $request): array
    {
        if (!isSignatureOf($request, self::PARTNER_KEY)) {
            return self::answer($request, '63');
        }
        // Whole rupiah as the spec's "double": 50000, 50000.0 or 50000.00.
        if (!preg_match('/^\d{1,12}(\.0{1,2})?$/D', $request->Amount)) {
            return self::answer($request, '13');
        }
        try {
            [$code, $receipt] = (new Store($_SERVER['LEDGER']))->pay($request, (int) $request->Amount);
        } catch (PDOException $failure) {
            error_log((string) $failure);
            [$code, $receipt] = ['96', ''];
        }
        return self::answer($request, $code, $receipt);
    }

    // All of ResPayment, in the order of the spec's field table, empty elements too.
    private static function answer(stdClass $request, string $code, string $receipt = ''): array
    {
        return [
            'TimeStamp' => gmdate('Y-m-d H:i:s', time() + 7 * 3600), // WIB
            'MessageID' => $request->MessageID,
            'ResponseCode' => $code,
            'ResponseDesc' => self::DESCRIPTIONS[$code],
            'TrackingRef' => $request->TrackingRef,
            'StoreID' => $request->StoreID,
            'ReceiptCode' => $receipt,
            'Message' => '',
        ];
    }
}

// SoapServer finds no operation for a message without a namespace, and Indomaret's have
// none: payment.wsdl has one, which the request is given here and the answer loses again.
$message = preg_replace('/<ReqPayment\b/', '<ReqPayment xmlns="urn:paymentpoint"', file_get_contents('php://input'), 1);
ob_start(function (string $answer): string {
    $bare = str_replace(['<ns1:', '</ns1:', ' xmlns:ns1="urn:paymentpoint"'], ['<', '</', ''], $answer);
    header('Content-Length: ' . strlen($bare));
    return $bare;
});
$server = new SoapServer(__DIR__ . '/payment.wsdl', ['cache_wsdl' => WSDL_CACHE_MEMORY]);
$server->setClass(PaymentPoint::class);
$server->handle($message);
