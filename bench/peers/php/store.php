<?php
// Payments in SQLite: one transaction a payment, durable when it is answered
// (WAL, synchronous=FULL).
declare(strict_types=1);

final class Store
{
    private PDO $db;

    public function __construct(string $file)
    {
        // The connection outlives the request, and so do its settings and its cache.
        $this->db = new PDO("sqlite:$file", null, null, [
            PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_TIMEOUT => 10]);
        $this->db->exec('pragma synchronous = full; pragma cache_size = -65536'); // 64 MiB
    }

    /** @return array{string, string} response code and receipt code */
    public function pay(stdClass $request, int $amount): array
    {
        // IMMEDIATE takes the write lock first: two workers cannot both find a code unpaid.
        $this->db->exec('begin immediate');
        try {
            $result = $this->decide($request, $amount);
            $this->db->exec('commit');
            return $result;
        } catch (PDOException $failure) {
            $this->db->exec('rollback');
            throw $failure;
        }
    }

    private function decide(stdClass $request, int $amount): array
    {
        $find = $this->db->prepare('select amount, tracking_ref, receipt_code from code where payment_code = ?');
        $find->execute([$request->PaymentCode]);
        $code = $find->fetch(PDO::FETCH_OBJ);
        $find->closeCursor();
        if ($code === false) {
            return ['14', ''];
        }
        if ($code->tracking_ref === $request->TrackingRef && $code->amount === $amount) {
            return ['00', $code->receipt_code];
        }
        if ($code->tracking_ref !== null) {
            return ['88', ''];
        }
        if ($code->amount !== $amount) {
            return ['13', ''];
        }
        return ['00', $this->book($request, $amount)];
    }

    private function book(stdClass $request, int $amount): string
    {
        $this->db->prepare('insert into journal
            (payment_code, tracking_ref, amount, store_id, message_id, time_stamp, booked_at) values (?, ?, ?, ?, ?, ?, ?)')
            ->execute([$request->PaymentCode, $request->TrackingRef, $amount,
                $request->StoreID, $request->MessageID, $request->TimeStamp, gmdate('Y-m-d\TH:i:s\Z')]);
        $receipt = 'R' . $this->db->lastInsertId();
        $this->db->prepare('update code set tracking_ref = ?, receipt_code = ? where payment_code = ?')
            ->execute([$request->TrackingRef, $receipt, $request->PaymentCode]);
        return $receipt;
    }
}
