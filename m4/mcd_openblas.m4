# MCD_OPENBLAS
# --with-openblas: CBLAS from OpenBLAS, and LAPACKE, which Debian keeps in a library of its own:
# whoever calls it links $(OPENBLAS_LIBS) $(LAPACKE_LIBS), in this order.
AC_DEFUN([MCD_OPENBLAS], [
  LAPACKE_LIBS=
  MCD_ARG_BACKEND([openblas], [OpenBLAS on the CPU], [
    AS_IF([test -n "$mcd_dir"],
      [AS_IF([ls "$mcd_lib"/libopenblas.* >/dev/null 2>&1], [],
        [mcd_why="no libopenblas in $mcd_lib"])
      mcd_version=$(sed -n 's/.*OpenBLAS \(@<:@0-9.@:>@*\).*/\1/p' \
        "$mcd_dir/include/openblas_config.h" 2>/dev/null)],
      [$PKG_CONFIG --exists openblas], [
        CPPFLAGS=$($PKG_CONFIG --cflags openblas)
        LDFLAGS=$($PKG_CONFIG --libs-only-L openblas)
        mcd_version=$($PKG_CONFIG --modversion openblas)])
    MCD_DIR_HEADER([cblas.h], [OpenBLAS])
    AC_CHECK_HEADER([cblas.h], [],
      [: ${mcd_why:="cblas.h is missing (libopenblas-dev)"}])
    AC_SEARCH_LIBS([openblas_get_parallel], [openblas], [],
      [: ${mcd_why:="libopenblas is missing (libopenblas-dev)"}])
    AC_CHECK_HEADER([lapacke.h], [],
      [: ${mcd_why:="lapacke.h is missing (liblapacke-dev)"}])
    mcd_blas_libs=$LIBS
    AC_SEARCH_LIBS([LAPACKE_dpotrf], [openblas lapacke], [],
      [: ${mcd_why:="LAPACKE is missing (liblapacke-dev)"}])
    AS_CASE([$LIBS],
      [*-llapacke*], [LAPACKE_LIBS=-llapacke],
      [MCD_DIR_HEADER([lapacke.h], [OpenBLAS with LAPACKE])])
    LIBS=$mcd_blas_libs
    AS_IF([test -z "$mcd_why"], [
      MCD_SAME_RELEASE([libopenblas], [#include <cblas.h>], [
        sscanf(OPENBLAS_VERSION, " OpenBLAS %63s", header);
        sscanf(openblas_get_config(), " OpenBLAS %63s", library);])])
  ])
  AC_SUBST([LAPACKE_LIBS])
])
