# MCD_CUDA
# --with-cuda: NVIDIA's toolkit 12 or 13 with nvcc, cuBLASLt and cuDNN 9, in DIR, else in CUDA_HOME
# or CUDA_PATH, else beside the nvcc of PATH, else in /usr/local/cuda. The runtime is linked
# statically, cuBLASLt and cuDNN are opened when the backend is made, so a build needs no card, no
# driver and no loader's path.
# Result: besides that of MCD_ARG_BACKEND, NVCC_FLAGS (architectures, warnings), CUDA_ARCH (those,
# with commas), CUDA_LIBRARIES (where libraries lie), CUOBJDUMP (empty where there is none) and the
# conditional HAVE_CUDA_FOLDER.
AC_DEFUN([MCD_CUDA], [
  AC_ARG_VAR([NVCC], [CUDA compiler])
  AC_ARG_VAR([NVCC_ARCH],
    [compute capabilities that cuda is built for (default: those of "75 80 86 89 90 100" that NVCC
     knows); later ones run the code of the last one])
  AC_ARG_VAR([NVCCFLAGS], [flags for NVCC, such as -ccbin g++-12])
  AC_ARG_VAR([CUOBJDUMP], [CUDA's cuobjdump, with which a test looks into cuda.so])
  NVCC_FLAGS= CUDA_ARCH= CUDA_LIBRARIES=
  MCD_ARG_BACKEND([cuda], [CUDA on NVIDIA cards, with cuBLASLt and cuDNN], [
    MCD_CUDA_FOLDER
    AS_IF([test ! -f "$srcdir/backends/cuda/cuda.c"],
      [mcd_why="the folder backends/cuda is not there"])
    AS_IF([test -z "$mcd_why"], [MCD_CUDA_HEADERS])
    AS_IF([test -z "$mcd_why"], [MCD_CUDA_RUNTIME])
    AS_IF([test -z "$mcd_why"], [MCD_CUDA_NVCC])
    MCD_CUDA_CUOBJDUMP
  ])
  AC_SUBST([NVCC_FLAGS])
  AC_SUBST([CUDA_ARCH])
  AC_SUBST([CUDA_LIBRARIES])
  AM_CONDITIONAL([HAVE_CUDA_FOLDER], [test -f "$srcdir/backends/cuda/cuda.c"])
])

# Where the toolkit lies: mcd_cuda, empty where that is where compilers look anyway. Its headers are
# not ours to warn about.
AC_DEFUN([MCD_CUDA_FOLDER], [
  mcd_cuda=$mcd_dir
  MCD_DIR_HEADER([cuda_runtime_api.h], [CUDA 12 or 13])
  mcd_beside=$(command -v $(echo "${NVCC:-nvcc}" | sed 's/.* //') | sed 's,/bin/nvcc$,,')
  for mcd_place in "$CUDA_HOME" "$CUDA_PATH" "$mcd_beside" /usr/local/cuda; do
    AS_IF([test -z "$mcd_cuda" && test -f "$mcd_place/include/cuda_runtime_api.h"],
      [mcd_cuda=$mcd_place])
  done
  AS_IF([test "$mcd_cuda" = /usr], [mcd_cuda=])
  mcd_dir=$mcd_cuda # for the summary
  CPPFLAGS= LDFLAGS=
  AS_IF([test -n "$mcd_cuda"], [
    CUDA_LIBRARIES=$mcd_cuda/lib64
    test -f "$CUDA_LIBRARIES/libcudart_static.a" || CUDA_LIBRARIES=$mcd_cuda/lib
    CPPFLAGS="-isystem $mcd_cuda/include" LDFLAGS="-L$CUDA_LIBRARIES"])
])

AC_DEFUN([MCD_CUDA_HEADERS], [
  AC_CHECK_HEADER([cuda_runtime_api.h], [],
    [: ${mcd_why:="cuda_runtime_api.h is missing (CUDA 12 or 13; its folder: --with-cuda=DIR)"}])
  AC_CHECK_HEADER([cublasLt.h], [],
    [: ${mcd_why:="cublasLt.h is missing (cuBLAS of CUDA 12 or 13)"}])
  AC_CHECK_HEADER([cudnn.h], [], [: ${mcd_why:="cudnn.h is missing (cuDNN 9)"}])
  AS_IF([test -z "$mcd_why"], [
    AC_COMPUTE_INT([mcd_runtime], [CUDART_VERSION], [#include <cuda_runtime_api.h>],
      [mcd_runtime=0])
    AC_COMPUTE_INT([mcd_cudnn], [CUDNN_MAJOR], [#include <cudnn.h>], [mcd_cudnn=0])
    AC_COMPUTE_INT([mcd_minor], [CUDNN_MINOR], [#include <cudnn.h>], [mcd_minor=0])
    mcd_release=$((mcd_runtime / 1000)).$((mcd_runtime % 1000 / 10))
    mcd_version="CUDA $mcd_release, cuDNN $mcd_cudnn.$mcd_minor"
    AS_CASE([$mcd_release], [12.*|13.*], [],
      [mcd_why="CUDA $mcd_release is not known: expected 12 or 13"])
    AS_IF([test "$mcd_cudnn" -ne 9],
      [: ${mcd_why:="cuDNN $mcd_cudnn.$mcd_minor is not known: expected 9"}])])
])

AC_DEFUN([MCD_CUDA_RUNTIME], [
  LIBS="-lrt -lpthread -ldl"
  AC_SEARCH_LIBS([cudaGetDeviceCount], [cudart_static], [],
    [mcd_why="libcudart_static is missing (CUDA $mcd_release's runtime)"])
])

# nvcc of the same release as the headers, that compiles for the first architecture.
AC_DEFUN([MCD_CUDA_NVCC], [
  AS_IF([test -z "$NVCC"], [AC_PATH_PROG([NVCC], [nvcc], [], [$mcd_cuda/bin:$PATH])])
  AS_IF([test -z "$NVCC"], [mcd_why="nvcc is missing (NVCC=PATH-OF-NVCC)"], [
    mcd_is=$($NVCC --version 2>/dev/null | sed -n 's/.*release \(@<:@0-9.@:>@*\).*/\1/p')
    AS_IF([test "$mcd_is" != "$mcd_release"],
      [mcd_why="$NVCC is of CUDA ${mcd_is:-?}, the headers are of $mcd_release"])])
  AS_IF([test -z "$mcd_why"], [
    MCD_CUDA_ARCHITECTURES
    AC_MSG_CHECKING([whether $NVCC compiles for $NVCC_ARCH])
    AS_ECHO(["__global__ void kernel(int *x) { *x = 1; }"]) >conftest.cu
    AS_IF([$NVCC $NVCCFLAGS $NVCC_FLAGS -c -o conftest.o conftest.cu >&AS_MESSAGE_LOG_FD 2>&1],
      [AC_MSG_RESULT([yes])
       mcd_version="$mcd_version, for $NVCC_ARCH"],
      [AC_MSG_RESULT([no])
       mcd_why="$NVCC does not compile for $NVCC_ARCH: see config.log, NVCC_ARCH, NVCCFLAGS"])
    rm -f conftest.cu conftest.o])
])

# Of the toolkit, of PATH, or where ./bootstrap deps --developer puts one.
AC_DEFUN([MCD_CUDA_CUOBJDUMP], [
  mcd_fetched=$(cd "$srcdir" && pwd)/build-cuobjdump/nvidia/cu13/bin
  AC_PATH_PROG([CUOBJDUMP], [cuobjdump], [], [$mcd_cuda/bin:$PATH:$mcd_fetched])
])

# Machine code for each of NVCC_ARCH, and PTX of the last for cards that are newer.
AC_DEFUN([MCD_CUDA_ARCHITECTURES], [
  AS_IF([test -z "$NVCC_ARCH"], [
    mcd_known=" $($NVCC --list-gpu-code 2>/dev/null | tr '\n' ' ')"
    for mcd_arch in 75 80 86 89 90 100; do
      AS_CASE(["$mcd_known"], [*" sm_$mcd_arch "*], [NVCC_ARCH="$NVCC_ARCH $mcd_arch"])
    done
    NVCC_ARCH=$(echo $NVCC_ARCH)])
  for mcd_arch in $NVCC_ARCH; do
    NVCC_FLAGS="$NVCC_FLAGS -gencode arch=compute_$mcd_arch,code=sm_$mcd_arch"
  done
  NVCC_FLAGS="$NVCC_FLAGS -gencode arch=compute_$mcd_arch,code=compute_$mcd_arch"
  CUDA_ARCH=$(echo $NVCC_ARCH | tr ' ' ,)
  AS_IF([test "$enable_werror" = yes], [NVCC_FLAGS="$NVCC_FLAGS -Werror all-warnings"])
])
