#!/bin/bash
# What test_abi watches is all that there is: every member of every struct and every enumerator of
# include/mcdrop/.
set -euo pipefail
here=$(dirname "$0")
watched=$(sed -n '/^static const struct fact facts/,/^};/p' "$here/test_abi.c" |
    grep -oE '(M|C|FIXED|GROWING)\([^)]*\)' | sed -E 's/^[A-Z]+\(|\)$//g; s/, */./g')

# Declarations without comments and preprocessor lines, as "struct.member" or "ENUMERATOR", one a line.
declared=$(cat "$here"/../include/mcdrop/*.h | sed -E ':a; /^#.*\\$/ { N; s/\\\n//; ba }; /^#/d' | tr '\n' ' ' |
    sed -E 's@/\*([^*]|\*+[^*/])*\*+/@@g; s/__attribute__\(\([^;]*\)\)//g; s/([{};])/\1\n/g' | awk '
    function member(text,    n, part, i) {
        if (match(text, /\(\*[a-z_0-9]+\)/)) { # of functions
            print name "." substr(text, RSTART + 2, RLENGTH - 3)
            return
        }
        n = split(text, part, ",")
        for (i = 1; i <= n; i++) {
            gsub(/\[[^]]*\]|[;} ]+$/, "", part[i])
            gsub(/^.*[ *]/, "", part[i])
            print name "." part[i]
        }
    }
    !name && match($0, /(struct|enum) mcd_[a-z_0-9]+ *\{$/) {
        split(substr($0, RSTART, RLENGTH), word, " ")
        what = word[1]
        name = word[2]
        depth = 1
        next
    }
    !name { next }
    what == "enum" {
        sub(/\}.*/, "")
        n = split($0, part, ",")
        for (i = 1; i <= n; i++)
            if (match(part[i], /MCD_[A-Z0-9_]+/))
                print substr(part[i], RSTART, RLENGTH)
        name = ""
        next
    }
    /\{$/ { depth++; next }
    /\}$/ { depth--; if (depth == 0) name = ""; closing = depth > 0; next }
    depth == 1 && closing { closing = 0; next } # the name of a nested one: its members stand for it
    depth == 1 { sub(/;$/, ""); member($0) }
    ')
[ "$(wc -w <<<"$declared")" -gt 250 ] || { echo "abi_complete.sh: only $declared"; exit 1; }

missing=$(sort -u <<<"$declared" | grep -vxF -e "$watched" || :)
[ -z "$missing" ] || { echo "abi_complete.sh: test_abi.c does not watch" $missing; exit 1; }
