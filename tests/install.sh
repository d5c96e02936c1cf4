#!/bin/bash
# The installed tree as a stranger sees it: a program that embeds mcdrop builds against headers and
# pkg-config alone and predicts; nothing more is exported than is declared; uninstall leaves nothing.
set -euo pipefail
. "$(dirname "$0")/installed.sh"

examples=$(dirname "$(find "$root" -path '*/examples/embed')")/embed
# shellcheck disable=SC2086 # flags are words
make -s -C "$examples" CC="${CC:-cc} $sanitize" CFLAGS="-std=c11 -Wall -Wextra -Werror"
weights=$MCDROP_TEST_SRCDIR/fixtures/mlp_tiny.safetensors
"$examples/embed" "$weights" >"$root/first"
"$examples/embed" "$weights" >"$root/second"
cmp "$root/first" "$root/second" || fail "two runs with one seed differ"
grep -q '^row 1 class 0: 0\.[0-9]* +- 0\.0[0-9]*' "$root/first" || fail "$(cat "$root/first")"
if "$examples/embed" /nonexistent 2>"$root/message"; then
    fail "embed read weights that are not there"
fi
grep -q '^embed: /nonexistent: ' "$root/message" || fail "$(cat "$root/message")"

# Only what include/mcdrop/mcdrop.h declares is exported.
exported=$(nm -D --defined-only "$libdir/libmcdrop.so" | awk '{ print $3 }' | sort)
for symbol in $exported; do
    grep -q "$symbol(" "$(dirname "$MCDROP_TEST_SRCDIR")/include/mcdrop/mcdrop.h" ||
        fail "libmcdrop exports $symbol"
done

make -s -C "$build" uninstall DESTDIR="$tree" >"$root/log" 2>&1 || fail "$(cat "$root/log")"
rm -f "$root"/{log,first,second,message} "$examples/embed"
left=$(find "$root" ! -type d)
[ -z "$left" ] || fail "uninstall left $left"
