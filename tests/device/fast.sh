# Stages that measure.

# The same steps and passes on each: every precision of the backend beside what it is compared with.
backends_to_time() {
    local precision seen=''
    echo "--backend $against"
    for precision in f32 tf32 bf16; do
        case $seen in *" $(with precision=$precision) "*) continue ;; esac
        seen+=" $(with precision=$precision) "
        [ "$(with precision=$precision)" = "$against" ] ||
            echo "--backend $(with precision=$precision)"
    done
}

# bench_of LOG LIMIT ARGUMENT...: its CSV in the log. Results are compared first: else it fails.
bench_of() {
    local log=$1 limit=$2
    shift 2
    limited "$limit" "$log" "$program" bench $(backends_to_time) --seed 1 --format csv "$@"
    local status=$?
    [ $status = 0 ] || row bench "$log" failed "$(reason $status "$log")"
    return $status
}

# A row for each job: milliseconds by backend, and what part of the product's rate that is.
bench_rows() {
    awk -F, '$2 == "step" || $2 == "pass" || $2 == "product" {
            job = $1 == "product" ? $1 : $1 ", " $2 " of " $3
            if (!(job in text)) order[++n] = job
            text[job] = text[job] sprintf("%s%s %.4g ms", text[job] == "" ? "" : "; ", $4, $5)
            if ($12 != "") text[job] = text[job] sprintf(" (%.2f of its product)", $12)
        }
        END { for (i = 1; i <= n; i++) print order[i] "\t" text[order[i]] }' "$out/log/$1" |
        while IFS=$'\t' read -r job text; do row bench "$job" measured "$text"; done
}

stage_bench() {
    if [ $quick = yes ]; then
        bench_of bench-quick 60 --rounds 1 --time 0.01 --model mlp:hidden=16x16 &&
            bench_rows bench-quick
        return
    fi
    bench_of bench-usual 200 --rounds 3 --model mlp --model lenet --model mlp2 &&
        bench_rows bench-usual
    bench_of bench-many 100 --rounds 1 --rows 10000 --model mlp --model lenet &&
        bench_rows bench-many
}

# PyTorch on the same card. What it has told counts also where it did not end.
stage_torch() {
    local job text status
    if ! "$python" -c 'import torch' 2>/dev/null; then
        row torch PyTorch skipped "$python has no torch"
        return
    elif ! "$python" -c 'import torch as t, sys; sys.exit(not t.cuda.is_available())' 2>/dev/null
    then
        row torch PyTorch skipped "torch sees no card"
        return
    fi
    limited 150 torch "$python" "$here/torch_jobs.py"
    status=$?
    while IFS=$'\t' read -r job text; do
        row torch "$job" measured "$text"
    done < <(grep $'\t' "$out/log/torch")
    [ $status = 0 ] || row torch PyTorch failed "$(reason $status torch)"
}

# How long the tutorial's full training would take, from the epochs of a short one: the first, in
# which the data come to the card, does not count.
full_of() {
    local model=$1 epochs=$2 of=$3 precision=$4 name log
    name=$(name_of "$model") && log=full-$name-$precision
    shift 4
    train "$log" "$log" "$(with precision=$precision)" --model "$model" --epochs "$epochs" "$@" || {
        row full "$name, $precision" failed "$(tail -n 1 "$out/log/$log")"
        return
    }
    row full "$name, $precision" measured "$(awk -F, -v of="$of" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        NR == 2 { first = $column["seconds"] }
        { last = $column["seconds"] }
        END { each = (last - first) / (NR - 2)
              printf "%.3g s an epoch; %d epochs in %.3g hours", each, of, each * of / 3600 }' \
        "$out/$log/history.csv")"
}

stage_full() {
    local precision model rows=60000 series=(mlp2 1000)
    [ $quick = no ] || { rows=$small && series=(mlp2:hidden=16 3); }
    for precision in f32 tf32; do
        for model in "${models[@]}"; do
            full_of "$model" 4 1500 $precision --data "$data" --rows $rows
        done
        full_of "${series[@]}" 1000000 $precision --data co2
        [ "$(with precision=tf32)" != "$backend" ] || return 0
    done
}
