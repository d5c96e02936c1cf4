#!/bin/bash
# What backend cuda says where there is no card: exit status 3 and one line that says which part is
# missing; everything that needs no card works.
set -uo pipefail
program=$MCDROP_PROGRAM
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cd "$scratch" || exit 1

fail() {
    echo "$*"
    head -n 20 out err
    exit 1
}

run() {
    "$program" "$@" >out 2>err
    status=$?
}

run info cuda
[ $status = 0 ] || fail "info: status $status"
grep -q '^precision *enum *f32 *f32|tf32|bf16' out || fail "info: no parameters"
if ! grep -q '^problem' out; then
    echo "skipped: there is a card: $(sed -n 's/^device  *//p' out); card.sh checks it"
    exit 77
fi
problem=$(sed -n 's/^problem  *//p' out)
missing='^(there is no NVIDIA driver|the NVIDIA driver (is too old|sees no card)|cards cannot be)'
grep -qE "$missing" <<<"$problem" || fail "info: what is missing is not said"

run list
{ [ $status = 0 ] && grep -q '^backend *cuda ' out && [ ! -s err ]; } || fail "list: status $status"

# Training, and predicting with and without parameters: nothing is written, and one line is enough.
for backend in cuda cuda:device=1,precision=tf32,deterministic=no,memory=1000000000; do
    run train --model mlp --backend $backend --data co2 --out made -q
    [ $status = 3 ] || fail "train on $backend: status $status, not 3"
    [ "$(cat err)" = "mcdrop: cuda: $problem" ] || fail "train on $backend: not this one line"
    [ ! -s out ] && [ ! -e made ] || fail "train on $backend: something was made"
done
run --backend cuda --model lenet
{ [ $status = 3 ] && grep -qF "cuda: $problem" err; } || fail "the whole way: status $status"

# What is wrong with the parameters is said all the same.
run train --model mlp --backend cuda:precision=f16 --data co2 --out made
{ [ $status = 2 ] && grep -q 'expected f32, tf32 or bf16' err; } || fail "precision: status $status"

# The file is judged, the rest is skipped with the reason.
run check cuda --format csv
[ $status = 3 ] || fail "check: status $status, not 3"
for check in load symbols rpath descriptor; do
    grep -q "$check,passed" out || fail "check: $check did not pass"
done
grep -q 'ops,skipped' out && grep -q "no device: ${problem:0:20}" out || fail "check: no reason"
echo "$problem"
