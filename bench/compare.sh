#!/bin/bash
# compare.sh PROGRAM SLUGGISH.so [RUNS [OPTION...]]: how often mcdrop bench compare is right.
#
# Runs benchmarks in turns: of the reference backend, and of the same with a linear op that takes 5 % longer.
# Two of the same must be no difference; with the slowed one the product and the passes, which are linear
# ops before all, must be slower. OPTIONs replace the benchmark's own: processor time and one thread, so
# that it can run where other programs do.
set -euo pipefail
program=$1 sluggish=$2 runs=${3:-20}
shift $(($# < 3 ? $# : 3))
options=("$@")
[ ${#options[@]} -gt 0 ] || options=(--backend reference --model mlp:hidden=100x100 --model
    "mlp2:hidden=64x64" --rounds 20 --time 0.04 --threads 1 --clock cpu)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/backends"
cp "$sluggish" "$dir/backends/reference.so"
chmod 755 "$dir" "$dir/backends" "$dir/backends/reference.so"

alarms=0 seen=0 jobs=0
for i in $(seq 0 "$runs"); do
    "$program" bench -q "${options[@]}" --format json >"$dir/right$i.json"
    [ "$i" -gt 0 ] || continue
    "$program" bench compare -q --format csv "$dir/right$((i - 1)).json" "$dir/right$i.json" \
        >"$dir/same" || true
    ! grep -E ',(faster|slower)$' "$dir/same" || alarms=$((alarms + 1))
    MCDROP_PLUGIN_PATH=$dir:${MCDROP_PLUGIN_PATH:-} \
        "$program" bench -q "${options[@]}" --format json >"$dir/slow.json"
    "$program" bench compare -q --format csv "$dir/right$i.json" "$dir/slow.json" >"$dir/other" || true
    grep -E '^[^,]*,(pass|product),|^"[^"]*",pass,' "$dir/other" >"$dir/linear"
    seen=$((seen + $(grep -c ',slower$' "$dir/linear" || true)))
    jobs=$((jobs + $(wc -l <"$dir/linear")))
done
echo "the same build: a difference in $alarms of $runs comparisons"
echo "linear 5 % slower: $seen of $jobs products and passes reported as slower"
