# Images to learn from: MNIST where it is found, else as many of patterns with noise, made here.

be32() {
    printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) \
        $(($1 >> 8 & 255)) $(($1 & 255)))"
}

# patterns COUNT SEED: image i is of class i % 10, in printable characters.
patterns() {
    awk -v count="$1" -v seed="$2" 'BEGIN {
        srand(seed)
        for (i = 0; i < count; i++) {
            k = i % 10
            image = ""
            for (p = 0; p < 784; p++)
                image = image sprintf("%c", 33 + int(70 * (p * (k + 3) % 17 < 8) + 23 * rand()))
            printf "%s", image
        }
    }'
}

# write_set NAME IMAGES SEED REPEAT: IMAGES different ones, REPEAT times.
write_set() {
    local images=$1-images-idx3-ubyte labels=$1-labels-idx1-ubyte count=$(($2 * $4)) i
    patterns "$2" "$3" >"$images.part"
    {
        printf '\0\0\10\3' && be32 "$count" && be32 28 && be32 28
        for ((i = 0; i < $4; i++)); do cat "$images.part"; done
    } >"$images"
    {
        printf '\0\0\10\1' && be32 "$count"
        for ((i = 0; i < count; i += 10)); do printf '\0\1\2\3\4\5\6\7\10\11'; done
    } >"$labels"
    rm "$images.part"
}

# Sets `data`, a name or folder of 60000 and 10000 images, `small`, the rows that a first look
# takes, and for those `models` and `recipe`, options of train.
make_data() {
    data=mnist small=2000 models=(mlp lenet) recipe=()
    [ $quick = no ] || { small=100 models=(mlp:hidden=16x16) recipe=(--batch 10 --rate 0.1); }
    if [ $quick = no ] && limited 60 mnist "$program" train --model mlp:hidden=8 --data mnist \
        --rows 10 --epochs 1 --backend reference --out "$out/log/mnist-run" -q; then
        return
    fi
    data=$out/data
    mkdir -p "$data"
    if [ $quick = yes ]; then
        (cd "$data" && write_set train 500 1 1 && write_set t10k 50 2 1)
    else
        (cd "$data" && write_set train 2000 1 30 && write_set t10k 1000 2 10)
    fi
}
