#!/bin/sh
# Generates a JAX-WS client from a server's contract, compiles it in FOLDER and runs it:
#   run.sh FOLDER WSDL-URL code=… amount=… ref=… store=… product=… key=… time=…
# See ../README.md for the arguments and the output. Debian packages: jaxws default-jdk-headless.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$1
url=$2
shift 2
path="$folder/classes:/usr/share/jaxws/lib/*"

# The generator reports its progress on the standard output, which belongs to the client alone.
build() {
	rm -rf "$folder/source" "$folder/classes" &&
		mkdir -p "$folder/source" "$folder/classes" &&
		wsimport -keep -s "$folder/source" -d "$folder/classes" -p paymentpoint "$url" &&
		javac -cp "$path" -d "$folder/classes" "$here/Client.java"
}

mkdir -p "$folder"
if ! build >"$folder/build.log" 2>&1; then
	cat "$folder/build.log" >&2
	exit 1
fi
exec java -cp "$path" Client "$url" "$@"
