# MCD_ARG_BACKEND(NAME, WHAT-FOR, CHECK)
# An optional backend: --with-NAME[=DIR], yes, no or auto (the default). One file per backend
# calls this, as mcd_openblas.m4 does.
#
# CHECK looks for headers and libraries with AC_CHECK_HEADER, AC_SEARCH_LIBS and the like.
# CPPFLAGS and LDFLAGS already point to DIR, if one was given, whose libraries are in mcd_lib;
# whatever CHECK adds to them and to LIBS goes into NAME_CPPFLAGS, NAME_LDFLAGS and NAME_LIBS and
# is taken out again. CHECK sets
#   mcd_why      when something is missing: a phrase for the summary ("cblas.h is missing");
#   mcd_version  when all is there: the version, or nothing.
# MCD_DIR_HEADER and MCD_SAME_RELEASE see that headers and libraries are not from different places.
# A wish (yes or DIR) that fails stops configure, auto leaves the backend out.
# Result: the automake conditional WITH_NAME and MCD_SUMMARY_NAME for the summary.
AC_DEFUN([MCD_ARG_BACKEND], [
  AC_ARG_WITH([$1],
    [AS_HELP_STRING([--with-$1@<:@=DIR@:>@], [$2 (yes, no, auto or a directory; default auto)])],
    [], [with_$1=auto])
  m4_pushdef([NAME], m4_toupper([$1]))
  NAME[]_CPPFLAGS= NAME[]_LDFLAGS= NAME[]_LIBS=
  mcd_why= mcd_version= mcd_dir=
  AS_CASE([$with_$1],
    [no], [mcd_why="switched off (--with-$1=no)"],
    [yes|auto], [],
    [/*], [mcd_dir=$with_$1],
    [AC_MSG_ERROR([--with-$1=$with_$1: expected yes, no, auto or an absolute directory])])
  mcd_lib=$mcd_dir/lib
  AS_IF([test ! -d "$mcd_lib" && test -d "${mcd_lib}64"], [mcd_lib=${mcd_lib}64])
  AS_IF([test -n "$mcd_dir" && { test ! -d "$mcd_dir/include" || test ! -d "$mcd_lib"; }],
    [AC_MSG_ERROR([--with-$1=$mcd_dir: expected a folder that holds include and lib or lib64])])
  AS_IF([test -z "$mcd_why"], [
    mcd_saved_CPPFLAGS=$CPPFLAGS mcd_saved_LDFLAGS=$LDFLAGS mcd_saved_LIBS=$LIBS
    CPPFLAGS= LDFLAGS= LIBS=
    AS_IF([test -n "$mcd_dir"], [
      CPPFLAGS="-I$mcd_dir/include"
      LDFLAGS="-L$mcd_lib -Wl,-rpath,$mcd_lib"])
    $3
    NAME[]_CPPFLAGS=$CPPFLAGS NAME[]_LDFLAGS=$LDFLAGS NAME[]_LIBS=$LIBS
    CPPFLAGS=$mcd_saved_CPPFLAGS LDFLAGS=$mcd_saved_LDFLAGS LIBS=$mcd_saved_LIBS
    AS_IF([test -n "$mcd_why" && test "$with_$1" != auto],
      [AC_MSG_ERROR([--with-$1=$with_$1: $mcd_why])])
  ])
  AS_IF([test -z "$mcd_why"],
    [MCD_SUMMARY_[]NAME="yes${mcd_version:+, $mcd_version}${mcd_dir:+ (in $mcd_dir)}"],
    [MCD_SUMMARY_[]NAME="no: $mcd_why"])
  AM_CONDITIONAL([WITH_]NAME, [test -z "$mcd_why"])
  AC_SUBST(NAME[_CPPFLAGS])
  AC_SUBST(NAME[_LDFLAGS])
  AC_SUBST(NAME[_LIBS])
  m4_popdef([NAME])
])

# MCD_DIR_HEADER(HEADER, OF-WHAT)
# A DIR that was given has the header: else the system's would be taken, with DIR's library.
AC_DEFUN([MCD_DIR_HEADER], [
  AS_IF([test -n "$mcd_dir" && test ! -f "$mcd_dir/include/$1"],
    [: ${mcd_why:="include/$1 is missing there ($2)"}])
])

# MCD_SAME_RELEASE(LIBRARY, INCLUDES, BODY)
# Headers and library are of one release, as a program says whose BODY writes both into
# char header[64], library[64]. Not asked where a program that was built cannot run.
AC_DEFUN([MCD_SAME_RELEASE], [
  AC_MSG_CHECKING([whether $1 is of its headers' release])
  rm -f conftest.releases
  AC_RUN_IFELSE([AC_LANG_PROGRAM([$2
#include <stdio.h>
#include <string.h>
], [[char header[64] = "?", library[64] = "?";]
    $3
    [FILE *f = fopen("conftest.releases", "w");
    if (!f || fprintf(f, "its headers are of %s, the library is of %s", header, library) < 0 ||
        fclose(f))
      return 2;
    return strcmp(header, library) != 0;]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     mcd_why=$(cat conftest.releases 2>/dev/null)
     : ${mcd_why:="a program that is linked with $1 does not run: see config.log"}],
    [AC_MSG_RESULT([not known, as programs for another machine do not run here])])
  rm -f conftest.releases
])
