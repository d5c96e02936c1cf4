#!/bin/bash
# Backend cuda keeps the rules of backends on this machine's card; tests/device/run does much more.
# NVIDIA's driver keeps threads and files for as long as the process lives, which no plugin can
# change: what the checks `threads` and `process` say is shown and does not count. In the short form:
# a handle of cuDNN takes long to make, and objects are made by the thousand else.
set -uo pipefail
problem=$("$MCDROP_PROGRAM" info cuda | sed -n 's/^problem  *//p')
if [ -n "$problem" ]; then
    echo "skipped: no card: $problem"
    exit 77
fi
said=$("$MCDROP_PROGRAM" check cuda --quick --format csv)
cut -d, -f2-4,6- <<<"$said"
grep -q '^cuda,ops,passed,' <<<"$said" &&
    ! grep ',failed,' <<<"$said" | grep -v '^cuda,\(threads\|process\),'
