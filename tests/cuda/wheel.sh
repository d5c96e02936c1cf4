#!/bin/bash
# wheel.sh FOLDER PACKAGE[==VERSION]...: unpacks binary packages of Python's index into a folder. Parts of
# CUDA are to be had there without the whole; none of them is installed.
set -euo pipefail
folder=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --dest "$scratch" "$@" >&2
mkdir -p "$folder"
for wheel in "$scratch"/*.whl; do
    python3 -m zipfile -e "$wheel" "$folder"
done
find "$folder" -path '*/bin/*' -type f -exec chmod +x {} + # which zipfile forgets
