#!/bin/bash
# tests/device/run without a card: it says that there is none; with another backend in cuda's place
# every stage runs, and fails for what it is there to find.
set -uo pipefail
run=$MCDROP_TEST_SRCDIR/device/run
bad=$MCDROP_BAD_PLUGINS
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cd "$scratch" || exit 1

fail() {
    echo "$*"
    cat said
    exit 1
}

# try STATUS ARGUMENT...: a first look, with its table in `said`.
try() {
    local wanted=$1 status
    shift
    bash "$run" --quick --out result "$@" >said 2>log
    status=$?
    [ $status = "$wanted" ] || fail "$*: status $status, not $wanted: $(tail -n 3 log)"
}

has() {
    grep -qE -e "$1" said || fail "no '$1'"
}

cat >sanitizer <<'END'
#!/bin/bash
shift 2
"$@" && echo "========= ERROR SUMMARY: ${ERRORS:-0} errors"
END
cat >unsteady <<'END'
#!/bin/bash
case "$*" in train*twice-2*) set -- "$@" --seed 2 ;; esac
exec "$PROGRAM" "$@"
END
chmod +x sanitizer unsteady
export SANITIZER=$PWD/sanitizer

# With nothing in its place.
problem=$("$MCDROP_PROGRAM" info cuda 2>/dev/null | sed -n 's/^problem  *//p')
if [ -n "$problem" ]; then
    try 77
    has "^skipped: cuda: ${problem:0:20}"
fi
BACKEND=none try 1

# Everything, with a backend that is right.
export AGAINST=reference BACKEND=openblas
stages=check,sanitizer,masks,curves,twice,bench,torch,full
if ! "$MCDROP_PROGRAM" info openblas >/dev/null 2>&1; then
    BACKEND=reference stages=check,sanitizer,masks,curves,twice,torch,full
fi
try 0 --only $stages
for row in 'check .* passed' 'memcheck, mlp .* passed' 'racecheck, mlp .* passed' \
    'initcheck, mlp .* passed' 'masks .* passed .* samples differ by' \
    'curves .* passed .* losses differ by' 'twice .* weights .* passed' \
    'twice .* samples .* passed' \
    'torch .* (skipped|measured)' 'full .* mlp, f32 .* measured .* hours' 'full .* mlp2, f32'; do
    has "$row"
done
case $stages in *bench*) has 'bench .* step of 128 .* measured .* ms' ;; esac
grep -q '"stage": "twice"' result/result.json || fail "not in the JSON"
if command -v python3 >/dev/null; then
    python3 -m json.tool result/result.json >json || fail "no JSON"
    python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' \
        "$(dirname "$run")/torch_jobs.py" ||
        fail "torch_jobs.py is no Python"
fi

# And with what is wrong.
ERRORS=3 try 1 --only sanitizer
has 'memcheck, mlp .* failed .* 3 errors'
BACKEND=$bad/unmasked.so try 1 --only masks
has 'masks .* failed .* expected at most'
BACKEND=$bad/sign.so try 1 --only check,curves
has 'check .* failed .* ops'
has 'curves .* failed .* expected at most'
export PROGRAM=$MCDROP_PROGRAM
MCDROP_PROGRAM=$PWD/unsteady try 1 --only twice
has 'twice .* weights .* failed .* different bits'
has 'twice .* samples .* failed .* different bits'
try 2 --only nothing
try 2 --nonsense
exit 0
