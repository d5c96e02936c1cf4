#!/bin/bash
# errors: whether training does as well as PyTorch does with the same settings on MNIST, over three
# seeds each: mlp without input dropout 290 to 350 of 10000 test images wrong after 20 epochs,
# lenet 280 to 350 after 10. About 15 minutes on two cores.
#
#     make bench-errors, or MCDROP_PLUGIN_PATH=... bench/errors.sh PROGRAM [BACKEND]
set -euo pipefail
program=$1
backend=${2:-openblas}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

errors() { # model, epochs, seed
    "$program" train --quiet --model "$1" --backend "$backend" --data mnist --epochs "$2" \
        --seed "$3" --out "$scratch/$1-$3" --format csv | awk -F, 'NR == 1 {
            for (i = 1; i <= NF; i++) if ($i == "test_errors") column = i } NR == 2 { print $column }'
}

check() { # model, epochs, least, most
    local sum=0 all=() e
    for seed in 1 2 3; do
        e=$(errors "$1" "$2" "$seed")
        all+=("$e")
        sum=$((sum + e))
    done
    local verdict=ok mean=$(((2 * sum + 3) / 6))
    if [ $mean -lt "$3" ] || [ $mean -gt "$4" ]; then
        verdict=FAILED
        failed=1
    fi
    echo "$1, $2 epochs: ${all[*]} of 10000 wrong, mean $mean, expected $3 to $4: $verdict"
}

check mlp:drop_in=0 20 290 350
check lenet 10 280 350
exit $failed
