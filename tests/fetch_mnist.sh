#!/bin/bash
# data/fetch-mnist, with folders as mirrors: wrong content is never kept, and a mirror that lacks a file
# is passed over. The last part needs MNIST itself, in one of MCDROP_DATA_PATH.
set -u
script=$MCDROP_TEST_SRCDIR/../data/fetch-mnist
command -v curl >/dev/null || { echo "curl is missing"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail()
{
    echo "FAIL: $*"
    exit 1
}
export XDG_CACHE_HOME=$scratch/cache
into=$XDG_CACHE_HOME/mcdrop/mnist

sh "$script" --help | grep -q Usage || fail "--help says nothing"
sh "$script" --nonsense 2>/dev/null
[ $? = 2 ] || fail "an unknown option is no usage error"

mkdir "$scratch/empty" "$scratch/wrong"
for part in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    echo wrong | gzip >"$scratch/wrong/$part-ubyte.gz"
done
MCDROP_MNIST_MIRRORS="file://$scratch/empty file://$scratch/wrong" sh "$script" 2>"$scratch/log"
[ $? = 1 ] || fail "wrong content is no failure"
grep -q "not MNIST's" "$scratch/log" || fail "wrong content is not told"
grep -q "no mirror has it" "$scratch/log" || fail "the failure is not told"
[ -z "$(ls -A "$into")" ] || fail "something is left: $(ls -A "$into")"

IFS=:
for folder in ${MCDROP_DATA_PATH-}; do
    [ -f "$folder/mnist/t10k-labels-idx1-ubyte.gz" ] && mnist=$folder/mnist
done
unset IFS
[ -n "${mnist-}" ] || { echo "no MNIST in MCDROP_DATA_PATH: success is not tested"; exit 77; }

head -c 1000 "$mnist/train-images-idx3-ubyte.gz" >"$scratch/wrong/train-images-idx3-ubyte.gz"
MCDROP_MNIST_MIRRORS="file://$scratch/wrong file://$mnist" sh "$script" 2>"$scratch/log" ||
    fail "not fetched: $(cat "$scratch/log")"
[ "$(find "$into" -type f | wc -l)" = 4 ] || fail "not four files: $(ls -A "$into")"
cmp "$mnist/train-images-idx3-ubyte.gz" "$into/train-images-idx3-ubyte.gz" || fail "not the same"

echo broken >"$into/t10k-labels-idx1-ubyte.gz"
MCDROP_MNIST_MIRRORS="file://$mnist" sh "$script" 2>"$scratch/log" || fail "not repaired"
[ "$(grep -c 'is there' "$scratch/log")" = 3 ] || fail "good files were fetched again"
cmp "$mnist/t10k-labels-idx1-ubyte.gz" "$into/t10k-labels-idx1-ubyte.gz" || fail "not repaired"
