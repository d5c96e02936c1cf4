#!/bin/bash
# cuda12.sh FOLDER [RELEASE...]: backend cuda in the hands of NVIDIA's compilers of CUDA 12, of which Python's
# index has parts; FOLDER keeps them. NVRTC, the front end and optimiser for the device, compiles every kernel
# to PTX, without a warning, and ptxas that for each architecture; resources.awk judges what ptxas says as it
# does what cuobjdump says of cuda.so (today's does not read the machine code of 12.0). The host's sources
# that need no cuBLAS and cuDNN meet that release's headers. There is no nvcc among the parts, so the host's
# side of kernels.cu is left out.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
folder=$1
shift
[ $# -gt 0 ] || set -- 12.0 12.4 12.9
if [ ! -f "$top/backends/cuda/kernels.cu" ]; then
    echo "skipped: the folder backends/cuda is not there"
    exit 77
fi
expected=$(grep -c '^    X(' "$top/backends/cuda/kernels.h")

# SOURCE ARCHITECTURE; shows what ptxas says. Of mcd_entry, which the host defines, NVRTC would warn.
compile() {
    local ptx=$parts/compute_$2.ptx
    python3 "$here/nvrtc.py" "$parts"/nvidia/cuda_nvrtc/lib/libnvrtc.so.12 "$1" "$ptx" \
        "-arch=compute_$2" -std=c++20 -lineinfo -default-device -D__CUDACC__ -diag-suppress=20044 \
        "-I$top/include" "-I$top" "-I$top/backends/cuda" "-I$parts/nvidia/cuda_runtime/include" \
        "-I$parts/nvidia/cuda_nvcc/include" || return 1
    "$parts/nvidia/cuda_nvcc/bin/ptxas" -O3 -lineinfo -Werror -v "-arch=sm_$2" -o "$parts/sm_$2.cubin" \
        "$ptx" 2>&1
}

# The same in cuobjdump's words; what is spilled counts as local memory.
reworded() {
    awk '
        /Compiling entry function/ { split($0, part, "\047"); kernel = part[2] }
        /bytes stack frame/ { stack = $1; spilled = $5 + $9 }
        /Used [0-9]+ registers/ {
            sub(/.*Used /, "")
            print "arch = " part[4] "\n Function " kernel ":"
            print "  REG:" $1 " STACK:" stack " LOCAL:" spilled
            stack = spilled = ""
        }'
}

# SOURCE "ARCHITECTURE..." KERNELS
judge() {
    local arch
    : >"$parts/report"
    for arch in $2; do
        compile "$1" "$arch" >"$parts/said" || { cat "$parts/said"; return 1; }
        reworded <"$parts/said" >>"$parts/report"
    done
    awk -v machine="$2" -v expected="$3" -f "$here/resources.awk" "$parts/report"
}

host() {
    local source
    for source in $(grep -L '"\(libraries\|product\)\.h"' "$top"/backends/cuda/*.c); do
        ${CC:-cc} -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -include config.h -DMCD_CUDA_ARCH=90 \
            -I. -I"$top/include" -I"$top" -isystem "$parts/nvidia/cuda_runtime/include" \
            -isystem "$parts/nvidia/cuda_nvcc/include" "$source" || return 1
    done
}

release() {
    local parts=$folder/$1 architectures="75 80 86 89 90" said
    if [ ! -f "$parts/complete" ]; then
        if ! bash "$here/wheel.sh" "$parts" "nvidia-cuda-nvrtc-cu12==$1.*" "nvidia-cuda-nvcc-cu12==$1.*" \
            "nvidia-cuda-runtime-cu12==$1.*"; then
            echo "skipped: the parts of CUDA $1 could not be fetched"
            exit 77
        fi
        touch "$parts/complete"
    fi
    case $("$parts/nvidia/cuda_nvcc/bin/ptxas" --help) in
    *\'sm_100\'*) architectures+=" 100" ;;
    esac
    if said=$(judge "$here/stack.cu" 75 1) || ! grep -q 'stack_kernel.*STACK:128' <<<"$said"; then
        echo "a kernel with a stack is not found: $said"
        return 1
    fi
    echo "CUDA $1:"
    judge "$top/backends/cuda/kernels.cu" "$architectures" "$expected" && host
}

for release in "$@"; do
    release "$release" || exit 1
done
