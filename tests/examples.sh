#!/bin/bash
# Each example as it is installed: built by its own Makefile with every compiler that there is, as C11 and
# as C++, without a warning; checked, and put to use.
set -euo pipefail
. "$(dirname "$0")/installed.sh"

examples=$(dirname "$(find "$root" -path '*/examples/embed')")
plugins='antithetic loops prelu snake systematic variational wide'
quick=--quick # else a minute
[ -z "${MCDROP_FULL:-}" ] || quick=
strict='-O2 -Wall -Wextra -Werror -pedantic'

# Every folder is one of these or the program that embeds, which install.sh builds.
for folder in "$examples"/*/; do
    case " $plugins embed " in
    *" $(basename "$folder") "*) ;;
    *) fail "examples/$(basename "$folder") is not tried" ;;
    esac
done

# build COMPILER FLAGS: all of them anew.
build() {
    local plugin
    if ! command -v "${1%% *}" >/dev/null; then
        echo "$name: no $1 here: not tried with it"
        return
    fi
    for plugin in $plugins; do
        rm -f "$examples/$plugin/$plugin.so"
        make -s -C "$examples/$plugin" CC="$1" CFLAGS="$2" || fail "$1 $2: $plugin"
        [ "$(nm -D --defined-only "$examples/$plugin/$plugin.so" | awk '{ print $3 }')" = mcd_entry ] ||
            fail "$1 $2: $plugin.so exports more than mcd_entry"
        mcdrop info "$examples/$plugin/$plugin.so"
        grep -q "^name *$plugin$" "$root/output" || fail "$(cat "$root/output")"
    done
}

plugin() {
    echo "$examples/$1/$1.so"
}

# Train and predict, and pass the options on to both; weights do not say paths for us.
use() {
    local model=$1 predict=$2
    shift 2
    mcdrop train --model "$model" --data co2 --seed 1 --epochs 3 --out "$root/run" "$@"
    [ "$(awk 'END { print NR }' "$root/run/history.csv")" = 4 ] || fail "$model: $(cat "$root/run/history.csv")"
    # shellcheck disable=SC2086 # several options
    mcdrop predict --model "$model" --weights "$root/run/weights.safetensors" --grid 0:1:0.25 --seed 1 \
        --passes 64 --format csv "$@" $predict
    [ "$(grep -c '^[0-9]' "$root/output")" = 5 ] || fail "$model $*: $(cat "$root/output")"
    rm -r "$root/run"
}

use_all() {
    local small='hidden=8x8'
    use "mlp2:$small,activation=$(plugin prelu)" "--sampler $(plugin antithetic)" --backend reference
    use "mlp2:$small,activation=$(plugin snake)" "--sampler $(plugin antithetic)" --backend reference
    use "mlp2:$small,noise=$(plugin variational)" "--sampler $(plugin systematic)" --backend reference
    use "mlp2:$small" "--sampler $(plugin systematic):block=8" --backend "$(plugin loops)"
    use "$(plugin wide):hidden=8" "--sampler $(plugin systematic)" --backend reference
}

# In C++ these compilers miss the members that an example has no use for and does not name; there will
# be more of them with every version.
grown=-Wno-missing-field-initializers
build g++ "-x c++ -std=c++20 $strict $grown"
use_all
build clang++ "-x c++ -std=c++20 $strict $grown"
build clang "-std=c11 $strict"
build gcc "-std=c11 $strict"
use_all
for example in $plugins; do
    # shellcheck disable=SC2086 # an option or none
    mcdrop check $quick "$(plugin "$example")"
done
