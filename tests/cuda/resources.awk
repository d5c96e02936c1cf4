# Judges what `cuobjdump -res-usage` says of a file: the machine code of every architecture of `machine`
# has `expected` kernels, none with a stack (where spilled registers go, too) or local memory, and
# there is PTX of `ptx`. Shows kernels by architecture, with the most registers of one, and what is wrong.

function wrong(what) {
    print what
    bad = 1
}

function compare(kind, wanted, found, name, part, n) {
    n = split(wanted, part)
    for (; n > 0; n--) {
        if (!(part[n] in found))
            wrong(kind " of sm_" part[n] " is missing")
        known[part[n]]
    }
    for (name in found)
        if (!(name in known))
            wrong(kind " of sm_" name " was not asked for")
    split("", known)
}

/^Fatbin (ptx|elf) code:/ { kind = $2 }
/^arch = sm_/ {
    arch = substr($3, 4)
    if (kind == "ptx")
        portable[arch]
    else
        kernels[arch] += 0
}
/^ *Function / {
    kernel = $2
    sub(/:$/, "", kernel)
}
/^ *REG:/ {
    split("", uses)
    for (i = 1; i <= NF; i++) {
        split($i, field, ":")
        uses[field[1]] = field[2]
    }
    if (uses["STACK"] != "0" || uses["LOCAL"] != "0")
        wrong(kernel " on sm_" arch ": STACK:" uses["STACK"] " LOCAL:" uses["LOCAL"])
    if (uses["REG"] > most[arch] + 0) {
        most[arch] = uses["REG"] + 0
        of[arch] = kernel
    }
    kernels[arch]++
}

END {
    compare("machine code", machine, kernels)
    compare("PTX", ptx, portable)
    n = split(machine, asked)
    for (i = 1; i <= n; i++) {
        arch = asked[i]
        printf "sm_%s: %d kernels, at most %d registers (%s)\n", arch, kernels[arch], most[arch], of[arch]
        if (kernels[arch] != expected)
            wrong("sm_" arch " has " kernels[arch] " kernels, not " expected)
    }
    exit bad
}
