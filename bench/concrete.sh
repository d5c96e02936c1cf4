#!/bin/bash
# concrete: the one-dimensional experiment of Gal, Hron and Kendall (Concrete dropout, NeurIPS 2017):
# y = 2 x + 8 + noise of standard deviation 1, with standard normal x, learned from more and more
# rows. Prints for each number of rows the noise that was found (to be 1), what the passes spread by
# (to vanish) and the dropout rates that were learned (to fall): mean and standard error over seeds.
#
#     make bench-concrete, or MCDROP_PLUGIN_PATH=... bench/concrete.sh PROGRAM [BACKEND]
#
# SIZES (numbers of rows), SEEDS (how many) and LAYER (parameters of concrete) change it.
set -euo pipefail
program=$1
backend=${2:-openblas}
sizes=${SIZES:-10 30 100 300 1000 3000 10000}
seeds=${SEEDS:-5}
layer=concrete${LAYER:+:$LAYER}
updates=4000 batch=256
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# rows, seed: x and y, the same everywhere: Lehmer's generator, Box and Muller's normals.
data() {
    awk -v rows="$1" -v state="$2" '
        function uniform() { state = state * 16807 % 2147483647; return state / 2147483647 }
        function normal(  u) { u = uniform(); return sqrt(-2 * log(u)) * cos(6.283185307179586 * uniform()) }
        BEGIN { for (i = 0; i < 100; i++) uniform()
                print "x,y"
                for (i = 0; i < rows; i++) { x = normal(); printf "%.6f,%.6f\n", x, 2 * x + 8 + normal() } }'
}

# file, tensor: the first of its numbers, a float.
tensor() {
    local length begin
    length=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
    begin=$(head -c $((8 + length)) "$1" | tail -c "$length" |
        sed "s/.*\"$2\":{[^}]*\"data_offsets\":\[\([0-9]*\),.*/\1/")
    od -An -t f4 -j $((8 + length + begin)) -N 4 "$1" | tr -d ' '
}

# pattern before it: the last such number of the result, which is the passes'.
value() {
    tr -d '\n ' <"$scratch/result" | sed "s/.*$1\([-+.e0-9]*\).*/\1/"
}

# rows, seed: noise, epistemic sd, total sd, p of both layers.
one() {
    local out=$scratch/$1-$2 each
    data "$1" $((1000 * $2 + 7)) >"$scratch/train.csv"
    each=$((($1 + batch - 1) / batch))
    "$program" train --quiet --model "mlp2:hidden=64x64,linear=\"$layer\"" --backend "$backend" \
        --data "$scratch/train.csv" --target y --seed "$2" --batch $batch --decay 0 --rate 0.003 \
        --epochs $((updates / each)) --out "$out" >/dev/null
    "$program" evaluate --quiet --weights "$out/weights.safetensors" --backend "$backend" \
        --data "$scratch/test.csv" --target y --tau fit --passes 200 --seed "$2" --format json >"$scratch/result"
    echo "$(value '"noise_std":\[') $(value '"epistemic_sd":{"value":') $(tensor "$out/weights.safetensors" model.hidden1.p_logit) \
$(tensor "$out/weights.safetensors" model.final.p_logit)"
    rm -r "$out"
}

data 2000 5 >"$scratch/test.csv"
echo "| rows | noise | epistemic | p of hidden1 | p of final |"
echo "|---|---|---|---|---|"
for rows in $sizes; do
    for ((seed = 1; seed <= seeds; seed++)); do
        one "$rows" "$seed"
    done | awk -v rows="$rows" '
        function p(logit) { return 1 / (1 + exp(-logit)) }
        { v[1] = $1; v[2] = $2; v[3] = p($3); v[4] = p($4)
          for (i = 1; i <= 4; i++) { sum[i] += v[i]; squares[i] += v[i] * v[i] } }
        END { printf "| %d ", rows
              for (i = 1; i <= 4; i++) {
                  mean = sum[i] / NR
                  variance = squares[i] / NR - mean * mean
                  printf("| %.4f ± %.4f ", mean, (NR > 1 && variance > 0) ? sqrt(variance / (NR - 1)) : 0)
              }
              print "|" }'
done
