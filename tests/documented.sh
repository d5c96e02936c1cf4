#!/bin/bash
# The man page and the completion know every command and every option of the program, and the man
# page no others.
set -uo pipefail
program=${MCDROP_PROGRAM:-./mcdrop}
root=$(dirname "${MCDROP_TEST_SRCDIR:-tests}")
page=$root/doc/mcdrop.1
failed=0

complain() {
    echo "documented.sh: $*"
    failed=1
}

commands=$("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ -n "$commands" ] || complain "no commands in --help"
bench=$(sed -n '/^const struct mcd_command mcd_bench_parts/,/^}/s/^ *{"\([a-z]*\)".*/\1/p' \
    "$root/core/cli/commands.c")
options=$({ "$program" --help; for c in $commands; do "$program" "$c" --help; done
            for c in $bench; do "$program" bench "$c" --help; done; } |
    grep -oE -e '^ +(-., )?--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u |
    grep -vE -e '--(help|usage|version)$')
described=$(sed -n 's/^\.It //p' "$page" | grep -oE -e '(^| )-?-[a-z][a-z-]*' |
    sed 's/^ *-*/--/' | sort -u)

for c in $commands; do
    grep -q "^\.It Cm $c" "$page" || complain "the man page lacks the command $c"
    grep -q "commands='.*\b$c\b" "$root/completions/mcdrop" || complain "completion lacks $c"
done
for o in $options; do
    grep -qx -e "$o" <<<"$described" || complain "the man page lacks $o"
done
for o in $described; do
    grep -qx -e "$o" <<<"$options" || complain "the man page has $o, the program has not"
done

# Completion as bash calls it.
mcdrop() { "$program" "$@"; }
compopt() { :; }
# shellcheck source=/dev/null
. "$root/completions/mcdrop"
completes() {
    local expected=$1
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _mcdrop "$program"
    printf '%s\n' "${COMPREPLY[@]}" | grep -qx -e "$expected" ||
        complain "'$*' completes to '${COMPREPLY[*]}', not to $expected"
}
completes predict mcdrop pr
completes --passes= mcdrop predict --pas
completes lenet mcdrop --model le
completes predict mcdrop -q pr
(cd "$root" && completes ./completions mcdrop --model ./compl; exit $failed) || failed=1
completes lenet mcdrop train --model = le
completes json mcdrop predict --format ''
completes dropout mcdrop info drop
completes dropout mcdrop check relu drop
completes symbols mcdrop check --only sym
completes errors mcdrop plot er
completes sampler mcdrop new s
completes samplers mcdrop bench sam
completes --replications= mcdrop bench samplers --repl

exit $failed
