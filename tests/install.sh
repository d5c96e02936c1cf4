#!/bin/bash
# The installed tree as a stranger sees it: a program that embeds mcdrop and plugins from outside
# build against headers and pkg-config alone, train and predict; uninstall leaves nothing.
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
if nm -D "$libdir/libmcdrop.so" | grep __asan_init >/dev/null; then # -q would end nm by a signal
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

# A model from outside, for the layers of examples/: they come by their paths.
cat >"$root/blocks.c" <<'END'
#include <mcdrop/model.h>

#define PARAMS(X) X(TEXT, block, NULL, NULL, "layer of one vector")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct blocks {
    char block[400];
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    if (strlen(block) >= sizeof((struct blocks *)0)->block)
        return host->fail(error, MCD_INVALID, "block", "is too long");
    struct blocks *b = mcd_self_create(host, sizeof *b, self, error);
    if (!b)
        return MCD_NOMEM;
    strcpy(b->block, block);
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    const struct blocks *b = self;
    x = mcd_layer(g, "block", mcd_layer(g, "flatten", x, "flatten"), "%s", b->block);
    return mcd_layer(g, "out", mcd_layer(g, "drop", x, "dropout"), "linear:out=2");
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe r = {
        .size = sizeof r, .task = MCD_CLASSIFY, .data = "mnist", .optimiser = MCD_ADAM,
        .rate = 0.01, .batch = 8, .epochs = 3};
    (void)self;
    return &r;
}

static const struct mcd_model api = {.size = sizeof api, .build = build, .recipe = recipe};
MCD_PLUGIN(MCD_MODEL, "blocks", "MIT", "one block of any kind", mcd_self_destroy);
END

# Plugins from outside: one symbol, found by their path.
for source in "$examples"/{antithetic,concrete,residual}.c "$root/blocks.c"; do
    name=$(basename "$source" .c)
    # shellcheck disable=SC2086
    $CC -std=c11 -Wall -Wextra -Werror -shared -fPIC $cflags -o "$root/$name.so" "$source" -lm
    [ "$(nm -D --defined-only "$root/$name.so" | awk '{ print $3 }')" = mcd_entry ] ||
        fail "$name.so exports more than mcd_entry"
    "$MCDROP_PROGRAM" info "$root/$name.so" >"$root/info" || fail "info $name.so failed"
    grep -q "$name" "$root/info" || fail "$(cat "$root/info")"
done

# They run, too: two classes that the second input tells apart.
awk 'BEGIN { for (i = 0; i < 40; i++) print i / 40 "," i % 2 + i % 7 / 20 "," i % 3 }' >"$root/x.csv"
awk 'BEGIN { for (i = 0; i < 40; i++) print i % 2 }' >"$root/y.csv"

mcdrop() {
    "$MCDROP_PROGRAM" "$@" >"$root/output" 2>"$root/message" ||
        fail "mcdrop $*: $(cat "$root/message")"
}

train_and_predict() {
    mcdrop train --model "$1" --data "$root/x.csv" --labels "$root/y.csv" --seed 1 --threads 2 \
        --backend reference --epochs 3 --out "$root/run"
    [ "$(awk 'END { print NR }' "$root/run/history.csv")" = 4 ] ||
        fail "$1: $(cat "$root/run/history.csv")"
    mcdrop predict --model "$1" --weights "$root/run/weights.safetensors" --input "$root/x.csv" \
        --seed 1 --backend reference --sampler "$root/antithetic.so" --passes 64 --format csv
    [ "$(grep -c '^[0-9]' "$root/output")" = 40 ] || fail "$1: $(cat "$root/output")"
    rm -r "$root/run"
}

train_and_predict "mlp:hidden=8,classes=2"
train_and_predict "mlp:hidden=8,classes=2,noise=$root/concrete.so"
train_and_predict "$root/blocks.so:block=\"$root/residual.so:inner=4\""

make -s -C "$build" uninstall DESTDIR="$root" >"$root/log" 2>&1 || { cat "$root/log"; exit 1; }
rm -f "$root"/{log,embed,first,second,message,info,output} "$root"/*.{so,c,csv}
left=$(find "$root" ! -type d)
[ -z "$left" ] || fail "uninstall left $left"
