#!/bin/bash
# The installed tree as a stranger sees it: a program that embeds mcdrop and plugins from outside
# build against headers and pkg-config alone, and work; uninstall leaves nothing.
set -euo pipefail
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
build=$(dirname "$MCDROP_TEST_BUILDDIR")
examples=$(dirname "$MCDROP_TEST_SRCDIR")/examples
CC=${CC:-cc}

make -s -C "$build" install DESTDIR="$root" >"$root/log" 2>&1 || { cat "$root/log"; exit 1; }
libdir=$(dirname "$(dirname "$(find "$root" -name mcdrop.pc)")")
export PKG_CONFIG_LIBDIR=$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
cflags=$(pkg-config --cflags mcdrop)
libs=$(pkg-config --libs mcdrop)
plugins=$root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=plugindir mcdrop)
export MCDROP_PLUGIN_PATH=$plugins

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

# Sanitized builds need the sanitizers' flags in what they are linked with.
sanitize=
if nm -D "$libdir/libmcdrop.so" | grep -q __asan_init; then
    sanitize=-fsanitize=address,undefined
fi

# shellcheck disable=SC2086 # flags are words
$CC -std=c11 -Wall -Wextra -Werror $sanitize "$examples/embed.c" $cflags $libs -o "$root/embed"
weights=$MCDROP_TEST_SRCDIR/fixtures/mlp_tiny.safetensors
"$root/embed" "$weights" >"$root/first"
"$root/embed" "$weights" >"$root/second"
cmp "$root/first" "$root/second" || fail "two runs with one seed differ"
grep -q '^row 1 class 0: 0\.[0-9]* +- 0\.0[0-9]*' "$root/first" || fail "$(cat "$root/first")"
if "$root/embed" /nonexistent 2>"$root/message"; then
    fail "embed read weights that are not there"
fi
grep -q '^embed: /nonexistent: ' "$root/message" || fail "$(cat "$root/message")"

# Only what include/mcdrop/mcdrop.h declares is exported.
exported=$(nm -D --defined-only "$libdir/libmcdrop.so" | awk '{ print $3 }' | sort)
for symbol in $exported; do
    grep -q "$symbol(" "$(dirname "$MCDROP_TEST_SRCDIR")/include/mcdrop/mcdrop.h" ||
        fail "libmcdrop exports $symbol"
done

# Plugins from outside: one symbol, found by their path.
for source in "$examples"/{antithetic,concrete,residual}.c; do
    name=$(basename "$source" .c)
    # shellcheck disable=SC2086
    $CC -std=c11 -Wall -Wextra -Werror -shared -fPIC $cflags -o "$root/$name.so" "$source" -lm
    [ "$(nm -D --defined-only "$root/$name.so" | awk '{ print $3 }')" = mcd_entry ] ||
        fail "$name.so exports more than mcd_entry"
    "$MCDROP_PROGRAM" info "$root/$name.so" >"$root/info" || fail "info $name.so failed"
    grep -q "$name" "$root/info" || fail "$(cat "$root/info")"
done

make -s -C "$build" uninstall DESTDIR="$root" >"$root/log" 2>&1 || { cat "$root/log"; exit 1; }
rm -f "$root"/{log,embed,first,second,message,info} "$root"/*.so
left=$(find "$root" ! -type d)
[ -z "$left" ] || fail "uninstall left $left"
