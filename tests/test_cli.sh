#!/bin/bash
# The frame of the command line: exit statuses, where output goes, list and info.
set -uo pipefail
program=${MCDROP_PROGRAM:-./mcdrop}
bad=${MCDROP_BAD_PLUGINS:-tests/bad/.libs}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
failed=0

# Runs the program: its status in $status, its output in the files out and err.
run() {
    "$program" "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    call="mcdrop $*"
}

complain() {
    echo "$call: $1"
    sed 's/^/  out: /' "$scratch/out"
    sed 's/^/  err: /' "$scratch/err"
    failed=1
}

# expect STATUS: and nothing on stderr after success, nothing on stdout after failure.
expect() {
    [ "$status" = "$1" ] || complain "status $status, not $1"
    if [ "$1" = 0 ]; then
        [ -s "$scratch/out" ] || complain "no output"
        [ ! -s "$scratch/err" ] || complain "something on stderr"
    else
        [ ! -s "$scratch/out" ] || complain "something on stdout"
        grep -q '^mcdrop[^:]*: ' "$scratch/err" || complain "no message"
    fi
}

out_has() {
    grep -qE -e "$1" "$scratch/out" || complain "no '$1' in the output"
}

err_has() {
    grep -qE -e "$1" "$scratch/err" || complain "no '$1' in the message"
}

run --version; expect 0; out_has '^mcdrop [0-9]'
run --help; expect 0; out_has '^  info .*plugin'; out_has '^  list .*plugin'
for command in list info; do
    run $command --help; expect 0; out_has "^Usage: mcdrop $command"
    run $command --version; expect 0
    run $command --nonsense; expect 2; err_has "unrecognized option '--nonsense'"
    run $command --format xml; expect 2; err_has 'expected text, json or csv'
done
run --nonsense; expect 2
run nonsense; expect 2; err_has '^mcdrop: nonsense: there is no such command: expected .*list'

run list; expect 0; out_has '^model +lenet +1\.0 .*/models/lenet\.so$'
out_has '^layer +dropout '; out_has '^sampler +bernoulli '; out_has '^backend +reference '
run list --format csv; expect 0; out_has '^kind,name,version,help,path,problem$'
out_has '^model,mlp,1\.0,'
run list --format json; expect 0; out_has '^    "name": "lenet",$'
run list lenet; expect 2

run info lenet; expect 0; out_has '^kind +model$'; out_has '^drop +real +0\.5 +\[0, 1\] '
out_has '^noise +text +"" +- '
run info lenet.so --format json; expect 0; out_has '"default": "0.5"'; out_has '"default": ""'
run info linear:out=3 --format csv; expect 0; out_has '^out,int,,"\[1, 2147483647\]",'
run info mlp:hidden=3x4; expect 0
out_has '^specification +mlp:hidden=3x4,drop_in=0.2,drop=0.5,activation="tanh",classes=10,noise="",linear=""$'
run info reference; expect 0; out_has '^device +'
run info; expect 2
run info lenet mlp; expect 2
run info nothing; expect 2; err_has 'there is no such plugin: expected one of .*lenet'
run info linear:out=0; expect 2; err_has "^mcdrop: linear:out: '0': expected a whole number"
run info lenet:dorp=1; expect 2; err_has "unknown parameter 'dorp': expected drop, classes or noise"
run info lenet:; expect 2
run info "$scratch/nothing.so"; expect 2; err_has 'No such file or directory'
run info "$bad/wrong_major.so"; expect 1; err_has 'built for plugin interface 2\.0: expected 1\.0'

# One broken plugin is a row of the list, and no more.
mkdir "$scratch/models"
echo 'not ELF' >"$scratch/models/text.so"
run info "$scratch/models/text.so"; expect 1; err_has 'text.so: not a shared object'
paths=${MCDROP_PLUGIN_PATH-}
export MCDROP_PLUGIN_PATH=$scratch:$paths
run list; expect 0; out_has '^model +text +- .*not a shared object'; out_has '^model +lenet '
chmod o+w "$scratch/models"
run list; expect 0; out_has '^model +text .*others can write its directory'
MCDROP_PLUGIN_PATH=$scratch/empty run list
[ "$status" = 0 ] || complain "status $status"
unset MCDROP_PLUGIN_PATH
if [ -d "$(dirname "$(readlink -f "$program")")/plugins-build" ]; then
    run info lenet; expect 0; out_has '^path .*/models/(.libs/)?lenet\.so$'
fi
export MCDROP_PLUGIN_PATH=$paths

# A full disk is a failure.
if [ -w /dev/full ]; then
    "$program" list >/dev/full 2>"$scratch/err"
    status=$?
    : >"$scratch/out"
    call="mcdrop list >/dev/full"
    expect 1
    err_has 'standard output: No space left'
fi

# The best of some starts is what the program costs; sanitizers cost more.
start_up() {
    local best=1000000 i from to
    for i in {1..10}; do
        from=${EPOCHREALTIME/[.,]/}
        "$program" "$@" >/dev/null
        to=${EPOCHREALTIME/[.,]/}
        [ $((to - from)) -ge $best ] || best=$((to - from))
    done
    echo "mcdrop $*: $best us"
    if [ $best -gt 30000 ] && ! grep -q __asan_init "$program"; then
        echo "mcdrop $*: slower than 30 ms"
        failed=1
    fi
}
start_up --version
start_up info lenet.so

exit $failed
