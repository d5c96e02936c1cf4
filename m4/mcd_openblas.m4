# MCD_OPENBLAS
# --with-openblas: CBLAS and LAPACKE from OpenBLAS. Debian keeps LAPACKE in a library of its own.
AC_DEFUN([MCD_OPENBLAS], [
  MCD_ARG_BACKEND([openblas], [OpenBLAS on the CPU], [
    AS_IF([test -z "$mcd_dir" && $PKG_CONFIG --exists openblas], [
      CPPFLAGS=$($PKG_CONFIG --cflags openblas)
      LDFLAGS=$($PKG_CONFIG --libs-only-L openblas)
      mcd_version=$($PKG_CONFIG --modversion openblas)])
    AC_CHECK_HEADER([cblas.h], [],
      [mcd_why="cblas.h is missing (libopenblas-dev)"])
    AC_SEARCH_LIBS([openblas_get_parallel], [openblas], [],
      [mcd_why="libopenblas is missing (libopenblas-dev)"])
    AC_CHECK_HEADER([lapacke.h], [],
      [: ${mcd_why:="lapacke.h is missing (liblapacke-dev)"}])
    AC_SEARCH_LIBS([LAPACKE_dpotrf], [openblas lapacke], [],
      [: ${mcd_why:="LAPACKE is missing (liblapacke-dev)"}])
  ])
])
