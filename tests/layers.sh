#!/bin/bash
# The folders of core/ stand in an order, and a file includes only what stands before it: data goes
# one way. doc/design.md says what each folder is about.
set -euo pipefail
cd "$(dirname "$MCDROP_TEST_SRCDIR")"
order=(base io plugin graph stats network predict train result figure report embed tutorial check bench cli)
failed=0

# Where a folder stands; 99 for one that is not in the list.
place() {
    local i
    for i in "${!order[@]}"; do
        if [ "${order[i]}" = "$1" ]; then
            echo "$i"
            return
        fi
    done
    echo 99
}

# Lines "FILE:FOLDER OF THE FILE:FOLDER INCLUDED", without repetitions.
includes() {
    grep -rH '^#include "core/' core --include='*.[ch]' |
        sed -E 's|^(core/([a-z]+)/[^:]*):#include "core/([a-z]+)/.*|\1:\2:\3|' | sort -u
}

[ "$(includes | wc -l)" -gt 100 ] || { echo "layers.sh: found no includes to look at"; exit 1; }
while IFS=: read -r file here there; do
    if [ "$(place "$there")" -gt "$(place "$here")" ] || [ "$(place "$here")" = 99 ]; then
        echo "layers.sh: $file includes core/$there: expected a folder before or like $here"
        failed=1
    fi
done < <(includes)
exit $failed
