#!/bin/bash
# No kernel uses a stack or spills registers, on any architecture: either means that a body keeps in
# slow memory what its author took for a register. What ptxas said is from the build.
set -uo pipefail
log=$MCDROP_TEST_BUILDDIR/../backends/cuda/kernels.log

# Kernels by architecture, with the most registers of one; names what spills.
judge() {
    awk '
        /Compiling entry function/ { split($0, part, "\047"); kernel = part[2]; arch = part[4] }
        /bytes stack frame/ {
            if ($1 || $5 || $9) {
                printf "%s on %s: %s\n", kernel, arch, $0
                bad = 1
            }
            properties[arch]++
        }
        /Used [0-9]+ registers/ {
            sub(/.*Used /, "")
            if ($1 > most[arch]) { most[arch] = $1; of[arch] = kernel }
            kernels[arch]++
        }
        END {
            for (arch in kernels) {
                printf "%s: %d kernels, at most %d registers (%s)\n", arch, kernels[arch],
                    most[arch], of[arch]
                if (count && kernels[arch] != count) { print "not as many as on others"; bad = 1 }
                count = kernels[arch]
                if (properties[arch] != count) { print arch ": not all are known"; bad = 1 }
            }
            if (!count) { print "no kernel"; bad = 1 }
            exit bad
        }' "$@"
}

# What it must not let pass.
report() {
    cat <<END
ptxas info    : Compiling entry function '_Z10map_kernel' for 'sm_75'
ptxas info    : Function properties for _Z10map_kernel
    $1 bytes stack frame, $2 bytes spill stores, $3 bytes spill loads
ptxas info    : Used 40 registers, 400 bytes cmem[0]
END
}
refused() {
    local said
    if said=$(judge -); then
        echo "accepted: $said"
        exit 1
    fi
    grep -qF -e "$1" <<<"$said" || { echo "without a word of $1: $said"; exit 1; }
}
report 0 0 0 | judge - >/dev/null || { echo "refused what is right"; exit 1; }
refused '_Z10map_kernel on sm_75' < <(report 8 0 0)
refused '4 bytes spill stores' < <(report 0 4 0)
refused '4 bytes spill loads' < <(report 0 0 4)
refused 'not all are known' < <(report 0 0 0 | grep -v 'stack frame')
refused 'not as many' < <(report 0 0 0; report 0 0 0 | sed 's/sm_75/sm_80/;p')
refused 'no kernel' </dev/null

judge "$log"
