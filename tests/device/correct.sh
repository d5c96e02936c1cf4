# Stages that say right or wrong.

# train LOG FOLDER BACKEND ARGUMENT...
train() {
    local log=$1 folder=$2 with=$3
    shift 3
    rm -rf "${out:?}/$folder"
    limited 240 "$log" "$program" train --backend "$with" --out "$out/$folder" --seed 1 -q "$@"
}

# The name of a model without its parameters.
name_of() {
    echo "${1%%:*}"
}

# check_one SPEC OPTION...: the contract of backends. The driver keeps threads and files until the
# process ends, which no plugin can change: these two checks are told of and do not count.
check_one() {
    local spec=$1 log=check-${1//[^a-z0-9]/-}.csv failed wrong drivers status
    shift
    limited 150 "$log" "$program" check "$spec" --format csv --quick "$@"
    status=$?
    failed=$(grep ',failed,' "$out/log/$log" | cut -d, -f2)
    wrong=$(grep -vx 'threads\|process' <<<"$failed" | tr '\n' ' ')
    drivers=$(grep -x 'threads\|process' <<<"$failed" | tr '\n' ' ')
    if [ -n "${wrong// /}" ]; then
        row check "$spec" failed "$wrong"
    elif [ $status != 0 ] && [ -z "$failed" ]; then
        row check "$spec" failed "$(reason $status "$log")"
    else
        row check "$spec" passed \
            "$(grep -c ',passed,' "$out/log/$log") checks${drivers:+; the driver keeps: $drivers}"
    fi
}

# Two cards where there are two, else the first as two.
cards() {
    case $device in *' of 1') echo 0x0 ;; *) echo 0x1 ;; esac
}

# Everything once, and what depends on how factors are rounded.
stage_check() {
    local precision
    if [ $quick = yes ]; then
        check_one "$backend" --only ops,masks
        return
    fi
    check_one "$backend"
    [ "$(with device=0x0)" = "$backend" ] || check_one "$(with device=$(cards))" --only devices
    for precision in tf32 bf16; do
        [ "$(with precision=$precision)" = "$backend" ] ||
            check_one "$(with precision=$precision)" \
                --only ops,extremes,aliasing,workers,kept,fused,section
    done
}

# What the tool counts; of initcheck only what our kernels read, libraries pad as they like.
sanitizer_errors() {
    local tool=$1 log=$out/log/$2
    if [ "$tool" = initcheck ]; then
        grep -c 'at .*_args' "$log"
    else
        sed -n 's/.*\(ERROR\|RACECHECK\) SUMMARY: \([0-9]*\) .*/\2/p' "$log" |
            awk '{ n += $1 } END { print NR ? n : "no summary" }'
    fi
}

sanitize() {
    local tool=$1 model=$2 name log errors status
    name=$(name_of "$model") && log=$tool-$name
    limited 45 "$log" "$sanitizer" --tool "$tool" "$program" train --model "$model" --seed 1 \
        --backend "$backend" --data "$data" --rows 256 --batch 64 --epochs 1 --out "$out/$log" -q
    status=$?
    errors=$(sanitizer_errors "$tool" "$log")
    if [ $status != 0 ]; then
        row sanitizer "$tool, $name" failed "$(reason $status "$log")"
    elif [ "$errors" != 0 ]; then
        row sanitizer "$tool, $name" failed "$errors errors: log/$log"
    else
        row sanitizer "$tool, $name" passed ''
    fi
}

stage_sanitizer() {
    local tool model
    for tool in memcheck racecheck initcheck; do
        if ! command -v "$sanitizer" >/dev/null; then
            row sanitizer $tool skipped "there is no $sanitizer"
            continue
        fi
        for model in "${models[@]}"; do sanitize $tool "$model"; done
    done
}

# The numbers of a file in NPY format, version 1, one a line.
numbers() {
    od -An -v -tf4 -w4 -j $((10 + $(od -An -tu2 -j8 -N2 "$1"))) "$1"
}

# The largest difference of two files of samples, over the largest sample.
difference() {
    paste <(numbers "$1") <(numbers "$2") | awk '
        function size(x) { return x < 0 ? -x : x }
        $1 != $1 + 0 || $2 != $2 + 0 || NF != 2 { wrong = 1 }
        { d = size($1 - $2); if (d > most) most = d; if (size($2) > large) large = size($2) }
        END { print wrong || !large ? "nan" : most / large }'
}

# keep_samples FOLDER FILE BACKEND ARGUMENT...: of a few images.
keep_samples() {
    local folder=$1 file=$2 with=$3
    shift 3
    limited 120 "$folder-$file" "$program" predict --backend "$with" --rows 16 --seed 3 -q \
        --weights "$out/$folder/weights.safetensors" --keep-samples "$out/$folder/$file.npy" "$@"
}

# The same units are dropped as on the host: then every single sample is the same up to rounding,
# and no longer if a single mask differs.
masks_of() {
    local model=$1 name folder apart
    name=$(name_of "$model") && folder=masks-$name
    train "$folder" "$folder" "$against" --model "$model" --data "$data" --rows "$small" \
        --epochs 1 &&
        keep_samples "$folder" host "$against" --passes 20 &&
        keep_samples "$folder" device "$backend" --passes 20 || {
        row masks "$name" failed "$(tail -qn 1 "$out/log/$folder"*)"
        return
    }
    apart=$(difference "$out/$folder/device.npy" "$out/$folder/host.npy")
    judge masks "$name" "$apart" 0.001 "samples differ by $apart of the largest"
}

# judge STAGE WHAT VALUE MOST TEXT
judge() {
    if awk -v value="$3" -v most="$4" 'BEGIN { exit !(value + 0 == value && value <= most) }'; then
        row "$1" "$2" passed "$5"
    else
        row "$1" "$2" failed "$5, expected at most $4"
    fi
}

stage_masks() {
    local model
    for model in "${models[@]}"; do masks_of "$model"; done
}

# Both learn alike: the mean loss of each epoch, at a rate that is another one in each update.
curve_of() {
    local model=$1 name folder told
    local -a how=(--epochs 4 --schedule cosine "${recipe[@]}")
    name=$(name_of "$model") && folder=curve-$name
    train "$folder-host" "$folder-host" "$against" --model "$model" --data "$data" \
        --rows $((5 * small)) "${how[@]}" &&
        train "$folder" "$folder" "$backend" --model "$model" --data "$data" \
            --rows $((5 * small)) "${how[@]}" || {
        row curves "$name" failed "$(tail -qn 1 "$out/log/$folder"*)"
        return
    }
    told=$(paste -d, "$out/$folder/history.csv" "$out/$folder-host/history.csv" | awk -F, '
        NR == 1 { half = NF / 2; for (i = 1; i <= half; i++) column[$i] = i; next }
        { loss = $column["loss"]; other = $(column["loss"] + half)
          d = (loss - other) / other; if (d < 0) d = -d; if (!(d <= most)) most = d }
        END { printf "%.2g loss %.5g and %.5g after %d epochs", most, loss, other, NR - 1 }')
    judge curves "$name" "${told%% *}" 0.02 "losses differ by at most ${told%% *}; ${told#* }"
}

stage_curves() {
    local model
    for model in "${models[@]}"; do curve_of "$model"; done
}

# What follows the header, which holds times.
tensors() {
    tail -c +$((9 + $(od -An -tu8 -N8 "$1"))) "$1"
}

# judge_same WHAT FILE FILE
judge_same() {
    if cmp -s "$out/$2" "$out/$3"; then
        row twice "$1" passed "the same $(wc -c <"$out/$2") bytes"
    else
        row twice "$1" failed "different bits: $2 and $3"
    fi
}

# The same bits twice: weights of two trainings, samples of two predictions on other threads.
stage_twice() {
    local one model=${models[-1]} name
    name=$(name_of "$model")
    for one in 1 2; do
        train twice-$one twice-$one "$backend" --model "$model" --data "$data" --rows "$small" \
            --epochs 2 && keep_samples twice-$one samples "$backend" --passes 50 --threads $one || {
            row twice "$name" failed "run $one: $(tail -qn 1 "$out/log/twice-$one"*)"
            return
        }
        tensors "$out/twice-$one/weights.safetensors" >"$out/twice-$one/weights"
    done
    if [ "$(with device=0x0)" != "$backend" ] &&
        keep_samples twice-1 devices "$(with device=$(cards))" --passes 50; then
        judge_same "$name, device=$(cards)" twice-1/samples.npy twice-1/devices.npy
    fi
    for one in weights samples.npy; do
        judge_same "$name, ${one%.npy}" twice-1/$one twice-2/$one
    done
}
