#!/bin/sh
# Compiles README's example of the library as a package of its own that depends on this one, and runs it against a local
# server. Such a package sees only what is public, and may not depend on unsafe flags. Then checks the links in the
# library's documentation.
#
#     check-library.sh [STOMPTAP]

set -eu
cd "$(dirname "$0")/.."
stomptap=$(realpath "${1:-.build/debug/stomptap}")
swift=${SWIFT:-swift}
package=$PWD/.build/library
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || :' EXIT
trap exit INT TERM

fail() {
    echo "check-library: $1" >&2
    exit 1
}

# Prints the code block of README's section that contains a text.
block() {
    awk -v text="$1" '
        /^## / { section = $0 == "## The library" }
        section && /^```/ { if (inside && index(code, text)) printf "%s", code; code = ""; inside = !inside; next }
        section && inside { code = code $0 "\n" }' README.md
}

mkdir -p "$package/graphs" "$package/Sources/example"
"$stomptap" serve --tcp 127.0.0.1:0 >"$package/urls" &
server=$!
for _ in $(seq 100); do
    grep -q '^stomp://' "$package/urls" && break
    sleep 0.1
done
address=$(sed -n 's,^stomp://\([^/ ]*\).*,\1,p' "$package/urls")
[ -n "$address" ] || fail "the local server has not started"

block 'import STOMPClient' | sed "s,@localhost:61613,@$address," >"$package/Sources/example/main.swift"
grep -q "@$address" "$package/Sources/example/main.swift" || fail "README has no example for localhost:61613"
product=$(block '.product(' | grep -o '\.product([^)]*)') || fail "README does not name the product"
cat >"$package/Package.swift" <<SWIFT
// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "example",
    dependencies: [.package(name: "stomptap", path: "$PWD")],
    targets: [.executableTarget(name: "example", dependencies: [$product])]
)
SWIFT
# The tested versions of the dependencies.
cp Package.resolved "$package/"

timeout 900 "$swift" build --package-path "$package" --product example \
    -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc "$package/graphs"
output=$(timeout 60 "$package/.build/debug/example")
echo "$output"
[ "$output" = "/topic/orders: one espresso
disconnected: confirmed" ] || fail "the example should print the order and the end of the session"

# The graphs of the other modules would need their documentation too.
rm -rf "$package/client"
mkdir "$package/client"
cp "$package"/graphs/STOMPClient*.json "$package/client/"
"$(dirname "$(realpath "$(command -v "$swift")")")/docc" convert Sources/STOMPClient/STOMPClient.docc --warnings-as-errors \
    --additional-symbol-graph-dir "$package/client" --output-path "$package/documentation" \
    --fallback-display-name STOMPClient --fallback-bundle-identifier stomptap.STOMPClient
