# For tests of the installed tree, which source it: installs into $tree, in a folder $root that goes when the
# test ends, and points pkg-config, the loader and mcdrop there. `fail` ends the test with a message.
# shellcheck shell=bash
root=$(mktemp -d)
tree=$root/installed # a folder of its own, as a prefix may begin with any name
trap 'rm -rf "$root"' EXIT
build=$(dirname "$MCDROP_TEST_BUILDDIR")
name=$(basename "$0")

fail() {
    echo "$name: $*" >&2
    exit 1
}

# One at a time: installing links the library anew.
flock "$build/config.status" make -s -C "$build" install DESTDIR="$tree" >"$root/log" 2>&1 ||
    fail "$(cat "$root/log")"
libdir=$(dirname "$(dirname "$(find "$root" -name mcdrop.pc)")")
export PKG_CONFIG_LIBDIR=$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tree
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
MCDROP_PLUGIN_PATH=$tree$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=plugindir mcdrop)
export MCDROP_PLUGIN_PATH

# Sanitized builds need the sanitizers' flags in what they are linked with.
sanitize=
if nm -D "$libdir/libmcdrop.so" | grep __asan_init >/dev/null; then # -q would end nm by a signal
    sanitize=-fsanitize=address,undefined
fi

# mcdrop ARGUMENT...: the program; what it prints is in $root/output and $root/message.
mcdrop() {
    "$MCDROP_PROGRAM" "$@" >"$root/output" 2>"$root/message" ||
        fail "mcdrop $*: $(cat "$root/output" "$root/message")"
}
