#!/usr/bin/env bash
# Plays the whole story against a ledger of its own in a temporary folder: a
# merchant makes payment codes, tills look them up, pay them, lose an answer,
# take a payment back, and finance closes and exports the day, takes Indomaret's
# file of it, and has a difference corrected by two persons. Ends with 0 when
# every step did what it should.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
server=
finish() {
	[[ -z $server ]] || kill -9 "$server" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT

paypoint() { bin/paypoint --data "$work/ledger" "$@"; }
till() { bin/indomaret --url "$url/indomaret" --journal "$work/tills.jsonl" "$@"; }
say() { printf '\n== %s\n' "$*"; }
fail() {
	echo "demo: $*" >&2
	exit 1
}

# start serves the ledger on a free port and sets url.
start() {
	: >"$work/out"
	bin/paypoint serve --sandbox --listen 127.0.0.1:0 --data "$work/ledger" >"$work/out" 2>>"$work/log" &
	server=$!
	for _ in $(seq 100); do
		url=$(sed -n 's/^listening on //p' "$work/out")
		[[ -n $url ]] && return
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	cat "$work/log" >&2
	fail 'the server did not start'
}

# charge ORDER AMOUNT [MEMBERS] prints the payment code of a new charge.
charge() {
	curl --silent --fail --user SB-paypoint-server-key: --header 'Content-Type: application/json' --data \
		'{"payment_type":"cstore","transaction_details":{"order_id":"'"$1"'","gross_amount":'"$2"'},
		  "customer_details":{"first_name":"Andi","last_name":"Sujono"},"cstore":{"store":"indomaret"'"${3:-}"'}}' \
		"$url/v2/charge" | sed -n 's/.*"payment_code":"\([0-9]*\)".*/\1/p'
}

status() {
	curl --silent --fail --user SB-paypoint-server-key: "$url/v2/$1/status" |
		sed -n 's/.*"transaction_status":"\([a-z]*\)".*/\1/p'
}

# as PERSON COMMAND... runs a command that one of the sandbox's persons gives.
as() { PAYPOINT_FINANCE_TOKEN="SB-paypoint-$1-token" paypoint "${@:2}"; }

# expect STATUS COMMAND... runs a command that must end with a status.
expect() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	[[ $got == "$want" ]] || fail "'$*' ended with $got, not $want"
}

say 'A server of its own'
start
echo "$url"

say 'A merchant makes a payment code, a customer pays it at a till'
code=$(charge order-1 50000)
till pay "$code"
[[ $(status order-1) == settlement ]] || fail 'order-1 is not settled'

say 'Another till is refused: a code is paid once'
expect 1 till pay "$code" --amount 50000 --skip-inquiry

say 'The customer chooses the amount of an open code'
open=$(charge order-2 100000 ',"min_amount":25000,"fee":5000')
till pay "$open" --amount 30000

say 'A till gets no answer and takes its payment back'
lost=$(charge order-3 75000)
expect 3 till pay "$lost" --hang-up
case $(status order-3) in
pending | deny) ;;
*) fail 'order-3 is still paid' ;;
esac

say 'The server is killed in mid-air and starts again; a retry gets the same receipt'
kill -9 "$server"
wait "$server" 2>/dev/null || true
start
again=$(charge order-4 20000)
till pay "$again" --ref RETRY0001
till pay "$again" --ref RETRY0001 --amount 20000 --skip-inquiry

say 'Finance closes the day early, exports it, and every rupiah is accounted for'
paypoint settlement close --early
paypoint settlement export | tee "$work/ours.txt"
paypoint trial-balance
day=$(TZ=UTC-7 date +%F)
till settlement --date "$day" | tee "$work/theirs.txt"
ours=$(sed -n 's/^T|\([0-9]*|[0-9]*\)|.*/\1/p' "$work/ours.txt")
theirs=$(sed -n 's/^T|\([0-9]*|[0-9]*\)|.*/\1/p' "$work/theirs.txt")
[[ -n $ours && $ours == "$theirs" ]] || fail "our file has $ours paid, Indomaret's $theirs"

say "Indomaret's file of the day arrives, with a wrong amount in it"
till settlement --date "$day" --out "$work/indomaret.txt" --plant amount_mismatch=1
paypoint reconcile import "$work/indomaret.txt"
expect 4 paypoint reconcile match "$day"

say 'The difference is a case: one person proposes what another approves'
paypoint case list | tee "$work/cases.txt"
read -r case surplus <<<"$(awk '$2 == "AMOUNT_MISMATCH" { print $1, $6 }' "$work/cases.txt")"
[[ -n $surplus ]] || fail 'the wrong amount is no case'
proposal=$(as finance case propose "$case" write_off --amount="$surplus" --why 'the receipt shows another amount' |
	sed -n 's/^proposal \([0-9]*\) by .*/\1/p')
expect 1 as finance case approve "$case" "$proposal"
as approver case approve "$case" "$proposal"

say 'The correction stands in the next batch, and the books balance'
paypoint settlement list
paypoint trial-balance | tee "$work/balance.txt"
grep -q '^sum  *0$' "$work/balance.txt" || fail 'the books do not balance'

say 'The ledger is what its journal says'
paypoint verify
kill -TERM "$server"
wait "$server" || fail 'the server did not stop cleanly'
server=
paypoint verify

say 'All of it went as it should'
