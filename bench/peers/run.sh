#!/bin/bash
# mcdrop beside PyTorch: makes a virtual environment with the newest PyTorch, checks that both sides
# compute the same, and times both in turns. Options are those of compare.py, which says the rest.
#
#     run.sh PROGRAM FOLDER [OPTION...]       FOLDER gets the environment and what is measured
set -euo pipefail

fail() {
    echo "bench-peers: $*" >&2
    exit 1
}

[ $# -ge 2 ] || fail "expected PROGRAM FOLDER [OPTION...]"
program=$1 folder=$2
shift 2
[ -x "$program" ] || fail "$program is no program: expected mcdrop, built"
command -v python3 >/dev/null || fail "there is no python3, which the peer's side is written in"
python3 -c 'import ensurepip, venv' 2>/dev/null ||
    fail "python3 makes no virtual environments: on Debian install python3-venv"

if [ ! -x "$folder/venv/bin/python" ]; then
    echo "bench-peers: making a virtual environment in $folder/venv" >&2
    mkdir -p "$folder"
    python3 -m venv "$folder/venv" || fail "no virtual environment in $folder/venv"
fi
if ! "$folder/venv/bin/python" -m pip install --quiet --upgrade numpy torch; then
    "$folder/venv/bin/python" -c 'import numpy, torch' 2>/dev/null ||
        fail "PyTorch cannot be installed: a network or a proxy is needed"
    echo "bench-peers: nothing newer can be asked for; going on with the PyTorch that is there" >&2
fi
# Sources may be where nothing can be written.
export PYTHONDONTWRITEBYTECODE=1
exec "$folder/venv/bin/python" "$(dirname "$0")/compare.py" --program "$program" \
    --folder "$folder" "$@"
