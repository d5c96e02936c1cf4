#!/bin/bash
# No kernel of cuda.so has a stack or spills registers, on any architecture that it is built for: either
# means that a body keeps in slow memory what its author took for a register.
set -uo pipefail
here=$MCDROP_TEST_SRCDIR/cuda
expected=$(grep -c '^    X(' "$here/../../backends/cuda/kernels.h")
architectures=${NVCC_ARCH:?says what cuda.so is built for}
newest=${architectures##* }

judge() {
    awk -v expected="${3:-1}" -v machine="$1" -v ptx="$2" -f "$here/resources.awk"
}

# What must not be let pass: a report, and what is to be said of it.
report() {
    cat <<REPORT
Fatbin ptx code:
================
arch = sm_75

Fatbin elf code:
================
arch = sm_75

Resource usage:
 Common:
  GLOBAL:0
 Function map_kernel:
  REG:40 STACK:$1 SHARED:0 LOCAL:$2 CONSTANT[0]:400 TEXTURE:0 SURFACE:0 SAMPLER:0
REPORT
}
refused() {
    local what=$1 said
    shift
    if said=$(judge "$@"); then
        echo "accepted: $said"
        exit 1
    fi
    grep -qF -e "$what" <<<"$said" || { echo "without a word of $what: $said"; exit 1; }
}
report 0 0 | judge 75 75 >/dev/null || { echo "refused what is right"; exit 1; }
refused 'map_kernel on sm_75: STACK:8' 75 75 < <(report 8 0)
refused 'map_kernel on sm_75: STACK:0 LOCAL:4' 75 75 < <(report 0 4)
refused 'map_kernel on sm_75: STACK: ' 75 75 < <(report 0 0 | sed 's/STACK:0//')
refused 'machine code of sm_90 is missing' '75 90' 75 < <(report 0 0)
refused 'PTX of sm_90 is missing' 75 90 < <(report 0 0)
refused 'machine code of sm_75 was not asked for' 80 75 < <(report 0 0)
refused 'PTX of sm_75 was not asked for' 75 '' < <(report 0 0)
refused 'sm_75 has 0 kernels' 75 75 < <(report 0 0 | grep -v REG)
refused 'sm_75 has 1 kernels, not 2' 75 75 2 < <(report 0 0)
refused 'machine code of sm_75 is missing' 75 '' </dev/null

if [ -z "${CUOBJDUMP:-}" ]; then
    echo "skipped: there is no cuobjdump (./bootstrap deps --developer fetches one; CUOBJDUMP=PATH)"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck disable=SC2086 # a command may have words
${NVCC:?} ${NVCCFLAGS:-} -arch="sm_$newest" -cubin -o "$scratch/stack.cubin" "$here/stack.cu" || exit 1
{ echo "arch = sm_$newest"; "$CUOBJDUMP" -res-usage "$scratch/stack.cubin"; } >"$scratch/stack" || exit 1
refused "stack_kernelPfi on sm_$newest: STACK:128" "$newest" '' <"$scratch/stack"

"$CUOBJDUMP" -res-usage "$MCDROP_PLUGIN_PATH/backends/cuda.so" >"$scratch/all" || exit 1
judge "$architectures" "$newest" "$expected" <"$scratch/all"
