#!/bin/sh
# Installs those of the given Debian packages that are missing, without starting their services.

set -eu

missing=
for package in "$@"; do
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "apt-get not found; install these packages (Debian names):$missing" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "sudo $0$missing" >&2
    exec sudo "$0" "$@"
fi

echo "installing$missing" >&2
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap exit INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 $missing </dev/null >/dev/null
