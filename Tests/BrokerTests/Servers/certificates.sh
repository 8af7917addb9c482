#!/bin/sh
# Makes ca.pem, and server.pem with server.key for localhost, in the folder named, unless they are there.

set -eu
cd "$1"
[ ! -e server.pem ] || exit 0

newKey="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 30"
# shellcheck disable=SC2086
{
    openssl req -x509 $newKey -keyout ca.key -out ca.pem -subj "/CN=stomptap test CA" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
    openssl req -x509 $newKey -CA ca.pem -CAkey ca.key -keyout server.key -out server.pem -subj /CN=localhost \
        -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
}
