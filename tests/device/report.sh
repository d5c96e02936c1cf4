# The table: a row for everything that was looked at, for people and as JSON.

start_report() {
    table=$out/rows.tsv
    : >"$table"
    mkdir -p "$out/log"
}

# row STAGE WHAT passed|failed|skipped|measured TEXT
row() {
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$(tr '\t\n' '  ' <<<"$4" | sed 's/ *$//')" >>"$table"
    say "  $2: $3${4:+: $4}"
}

# limited SECONDS LOG COMMAND...: output in a log, status 124 where the time was up, its own or that
# of the whole script.
limited() {
    local left=$((whole - SECONDS)) limit=$1 log=$out/log/$2
    shift 2
    [ "$left" -ge 1 ] || left=1
    [ "$limit" -le "$left" ] || limit=$left
    timeout "$limit" "$@" >"$log" 2>&1
}

# Why a command failed: its last line, or that it took too long.
reason() {
    if [ "$1" = 124 ]; then
        echo "not done in time"
    else
        echo "status $1: $(tail -n 1 "$out/log/$2")"
    fi
}

json_text() {
    printf '"%s"' "$(sed 's/[\\"]/\\&/g' <<<"$1")"
}

json_rows() {
    local stage what verdict text comma=''
    while IFS=$'\t' read -r stage what verdict text; do
        printf '%s\n    {"stage": %s, "what": %s, "verdict": %s, "text": %s}' "$comma" \
            "$(json_text "$stage")" "$(json_text "$what")" "$(json_text "$verdict")" \
            "$(json_text "$text")"
        comma=,
    done <"$table"
}

write_json() {
    {
        echo '{'
        local key
        for key in date version backend device library driver against; do
            printf '  "%s": %s,\n' "$key" "$(json_text "${!key}")"
        done
        printf '  "quick": %s,\n  "seconds": %d,\n' "$(json_text "$quick")" "$SECONDS"
        printf '  "rows": [%s\n  ]\n}\n' "$(json_rows)"
    } >"$out/result.json"
}

finish_report() {
    write_json
    echo "$version, $backend: $device, $library, driver ${driver:-unknown}, $date, $SECONDS s"
    echo
    awk -F '\t' '
        { line[NR] = $0; for (i = 1; i < 4; i++) if (length($i) > wide[i]) wide[i] = length($i) }
        END {
            for (n = 1; n <= NR; n++) {
                split(line[n], cell, FS)
                printf "%-*s  %-*s  %-*s  %s\n", wide[1], cell[1], wide[2], cell[2], wide[3],
                    cell[3], cell[4]
            }
        }' "$table"
    echo
    awk -F '\t' '{ n[$3]++ } END { printf "%d passed, %d failed, %d skipped, %d measured\n",
        n["passed"], n["failed"], n["skipped"], n["measured"] }' "$table"
    ! grep -q $'\tfailed\t' "$table"
}
