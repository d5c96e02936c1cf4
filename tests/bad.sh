#!/bin/bash
# Every plugin in tests/bad fails the check that it is there for. One that is wrong only when told to,
# or not by a check, names the test that tells it.
set -uo pipefail
program=${MCDROP_PROGRAM:-./mcdrop}
here=${MCDROP_TEST_SRCDIR:-tests}
bad=${MCDROP_BAD_PLUGINS:-tests/bad/.libs}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0

# name, check and maybe a word of what it says; or name, - and the test where it is used
table='
absent        - test_check_command
adding        aliasing
alike         law
announces     output
bad_default   descriptor
coarse        - test_check_backends
consuming     aliasing
countless     listed
crashing      ops LOGSOFTMAX
create_fails  create
create_leaks  create
damped        kept SGD
edges         - test_check_life
endless       - test_check_command
exports       symbols
forgetful     fields
frozen        section
fusing        - test_fused
hangs         - test_check_life
hopeful       starve
idle          claims
jittery       linalg
keeps         leak
late          refusals
lopsided      devices
lost          fetch
lingers       threads
meddles       - test_check_life
nearest       refusals
newer_minor   descriptor
no_build      descriptor
no_entry      symbols
odd_layer     - test_check_layers
odd_model     build
odd_network   - test_check_models
odd_posterior - test_check_models
older         - test_older
older_model   - test_wrong_posterior
one_for_all   create
other_name    descriptor
overrun       aliasing
padless       ops
placeless     ops GATHER
prints        output
rebatched     ops SUMS
redrawn       section
rejoined      section dense, condensed
rounded       law
rpath         rpath
scale         ops
scratch       concurrent
shared        concurrent
sign          ops
sections      - test_sections
silent        shapes
siteless      ops
skewed        law pass 1 of each group of 2 alone
sluggish      descriptor
stale         kept
steady_adam   ops ADAM
steady_sgd    ops SGD
stray         shapes
tardy         fetch
threaded      split
ties          ops
touchy        - test_check_backends
transposed    ops
ungrouped     groups
unit          masks
unjoined      ops MOMENTS
unknown_kind  descriptor
unmasked      fused
unpaced       section to a schedule
unresolved    load
unset         fields
weak          symbols
wordless      descriptor
wordwise      memory
workers       workers
wrong_major   descriptor
'

complain() {
    echo "bad.sh: $*"
    failed=1
}

# The module fails the one check that runs, as a row of the table says, with status 1.
fails() {
    local name=$1 check=$2 word=$3 status=0
    "$program" check --quiet --quick --only="$check" --format=csv "$bad/$name.so" >"$out" || status=$?
    [ $status -eq 1 ] || complain "$name: expected status 1, got $status"
    { cut -d, -f2,3 "$out" | grep -qx "$check,failed" && grep -q "$word" "$out"; } || {
        complain "$name does not fail $check${word:+ by $word}"
        cat "$out"
    }
}

for source in "$here"/bad/*.c; do
    name=$(basename "$source" .c)
    grep -q "^$name " <<<"$table" || complain "$name is in no row of this test"
done
while read -r name check word; do
    [ -n "$name" ] || continue
    if [ "$check" != - ]; then
        [ -f "$bad/$name.so" ] || { complain "$name was not built"; continue; }
        fails "$name" "$check" "$word"
    elif ! grep -q "\b$name\b" "$here/$word.c"; then
        complain "$word does not use $name"
    fi
done <<<"$table"
exit $failed
