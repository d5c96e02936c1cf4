#!/bin/bash
# mcdrop new: what it writes builds without a warning, passes mcdrop check and runs, by the very commands that
# it prints; what it refuses leaves nothing behind.
set -euo pipefail
. "$(dirname "$0")/installed.sh"

mkdir "$root/bin" "$root/work"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$MCDROP_PROGRAM" >"$root/bin/mcdrop"
chmod +x "$root/bin/mcdrop"
export PATH=$root/bin:$PATH
export CFLAGS="-std=c11 -O2 -Wall -Wextra -Werror -pedantic"
cd "$root/work" || exit 1

# head_is_its_own SOURCE FIRST: its first comment begins with FIRST, has the commands, and names as to be filled in
# what there is.
head_is_its_own() {
    local line word
    sed '/^ \*\/$/q' "$1" >"$root/head"
    sed "1,$(wc -l <"$root/head")d" "$1" >"$root/body"
    [ "$(sed -n 2p "$root/head")" = " * $2" ] || fail "$(cat "$root/head")"
    tail -n +2 "$root/output" | while IFS= read -r line; do
        grep -qxF -e " *     $line" "$root/head" || fail "no '$line' in $(cat "$root/head")"
    done
    sed -n 's/^ \* - \([^:]*\):.*/\1/p' "$root/head" | tr -d ' ' | tr ',' '\n' >"$root/words"
    [ "$(wc -l <"$root/words")" -ge 4 ] || fail "$(cat "$root/head")"
    while IFS= read -r word; do
        grep -qw -e "$word" "$root/body" || fail "there is no $word in $1"
    done <"$root/words"
}

# try KIND NAME [OPTION...]: writes it and runs what it says comes next, in short: examples.sh checks the
# same sources, with MCDROP_FULL at length.
try() {
    local kind=$1 plugin=$2 folder
    mcdrop new "$@"
    [ "$(wc -l <"$root/output")" = 4 ] || fail "new $*: $(cat "$root/output")"
    folder=$(sed -n "s/^cd '\(.*\)'$/\1/p" "$root/output")
    sed 's/--epochs 200//; s/ --out run/ --epochs 3 --passes 20 --seed 1 --out run/; s/^make$/make -e/; s/ check / check --quick /' \
        "$root/output" >"$root/next"
    bash -e "$root/next" >"$root/log" 2>&1 || fail "new $*: $(cat "$root/next" "$root/log")"
    [ -s "$folder/run/result.json" ] || fail "new $*: no result"
    head_is_its_own "$folder/$plugin.c" "$plugin: a new $kind."
    mcdrop info "$folder/$plugin.so"
    grep -q "^kind *$kind$" "$root/output" || fail "$(cat "$root/output")"
}

long=$(printf 'n%.0s' $(seq 64))
try layer q
try layer "$long"
try sampler int --dir "a folder"
try model _2 --dir "$PWD/deep"
try backend Own --dir given/
mkdir empty
try layer Empty --dir empty

# refused STATUS MESSAGE ARGUMENT...
refused() {
    local status=0 expected=$1 message=$2
    shift 2
    find "$root/work" >"$root/before"
    "$MCDROP_PROGRAM" new "$@" >"$root/output" 2>"$root/message" || status=$?
    [ $status = "$expected" ] || fail "new $*: status $status, $(cat "$root/message")"
    grep -qF -e "$message" "$root/message" || fail "new $*: $(cat "$root/message")"
    find "$root/work" | cmp -s - "$root/before" || fail "new $* left $(find "$root/work")"
}

refused 2 'expected a kind and a name'
refused 2 'expected a kind and a name' layer
refused 2 "'x': expected a kind and a name" layer swish x
refused 2 "'optimiser': expected layer, sampler, model or backend" optimiser adam
for odd in '' 2x 'a b' a-b a.b ../a "n$long" 'ä' '$(x)'; do
    refused 2 "expected a name of at most 64 letters, digits and '_', no digit first" layer "$odd"
done
refused 2 '--dir: expected the name of a new folder' layer x --dir ''
refused 1 'q: the folder cannot be made: Directory not empty: expected the name of a new folder' layer q
refused 1 'expected the name of a new folder' layer x --dir q/q.c
refused 1 'none/x: the folder cannot be made: No such file or directory: expected the folder around it' \
    layer x --dir none/x
refused 1 'the folder cannot be made' layer x --dir .
refused 1 'the folder cannot be made: File name too long' layer x --dir "$(printf 'n%.0s' $(seq 5000))"
if [ "$(id -u)" != 0 ]; then
    mkdir locked && chmod 555 locked
    refused 1 'locked/x: the folder cannot be made: Permission denied' layer x --dir locked/x
fi
refused 1 'the folder cannot be made' layer x --dir /proc/x
