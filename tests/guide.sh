#!/bin/bash
# doc/plugins.md shows the examples as they are: each piece of code behind <!-- FILE --> stands so in FILE,
# in one piece, and each example is shown.
set -euo pipefail
top=$(dirname "$0")/..
guide=$top/doc/plugins.md
failed=0 shown='' file='' block='' inside=no

complain() {
    echo "guide.sh: $*"
    failed=1
}

while IFS= read -r line; do
    case $inside,$line in
    no,'<!-- examples/'*) file=${line#<!-- } file=${file% -->} ;;
    no,'```c')
        inside=yes block=''
        [ -n "$file" ] || complain "code that belongs to no file"
        ;;
    yes,'```')
        inside=no shown+=" $file "
        [[ $(<"$top/$file")$'\n' == *"$block"* ]] || complain "$file has not: $block"
        file=''
        ;;
    yes,*) block+=$line$'\n' ;;
    esac
done <"$guide"
[ $inside = no ] || complain "the last piece of code does not end"

for folder in "$top"/examples/*/; do
    example=$(basename "$folder")
    [[ $example == embed || $shown == *" examples/$example/$example.c "* ]] ||
        complain "$example is not shown"
done

# Links within the page lead somewhere.
for link in $(grep -oE '\(#[a-z-]+\)' "$guide" | tr -d '(#)'); do
    grep -E '^##+ ' "$guide" | sed -E 's/^#+ //' | tr 'A-Z ' 'a-z-' | tr -d ',.' | grep -qx -e "$link" ||
        complain "no section #$link"
done

exit $failed
