#!/bin/sh
# Generates a gSOAP client from a server's contract, compiles it in FOLDER and runs it:
#   run.sh FOLDER WSDL-URL code=… amount=… ref=… store=… product=… key=… time=…
# See ../README.md for the arguments and the output. Debian packages: gsoap libgsoap-dev libssl-dev gcc libc6-dev.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$1
url=$2
shift 2

# Both generators are talkative on the standard output, which belongs to the client alone.
build() {
	wsdl2h -c -L -o "$folder/paymentpoint.h" "$url" &&
		soapcpp2 -c -C -L -x -d "$folder" "$folder/paymentpoint.h" &&
		cc -O1 -Wall -I "$folder" -o "$folder/client" \
			"$here/client.c" "$folder/soapC.c" "$folder/soapClient.c" -lgsoap -lcrypto
}

mkdir -p "$folder"
if ! build >"$folder/build.log" 2>&1; then
	cat "$folder/build.log" >&2
	exit 1
fi
exec "$folder/client" "$@"
