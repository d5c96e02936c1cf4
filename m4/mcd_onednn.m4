# MCD_ONEDNN
# --with-onednn: oneDNN 2.6 or later, 3.x too. Debian's has no pkg-config file.
AC_DEFUN([MCD_ONEDNN], [
  MCD_ARG_BACKEND([onednn], [oneDNN on the CPU], [
    MCD_DIR_HEADER([dnnl.h], [oneDNN 2.6 to 3.x])
    AC_CHECK_HEADER([dnnl.h], [], [: ${mcd_why:="dnnl.h is missing (libdnnl-dev)"}])
    AC_SEARCH_LIBS([dnnl_get_effective_cpu_isa], [dnnl], [],
      [: ${mcd_why:="libdnnl is missing (libdnnl-dev)"}])
    AS_IF([test -z "$mcd_why"], [
      AC_COMPUTE_INT([mcd_major], [DNNL_VERSION_MAJOR], [#include <dnnl.h>], [mcd_major=0])
      AC_COMPUTE_INT([mcd_minor], [DNNL_VERSION_MINOR], [#include <dnnl.h>], [mcd_minor=0])
      mcd_version=$mcd_major.$mcd_minor
      AS_IF([test "$mcd_major" -lt 2 || { test "$mcd_major" -eq 2 && test "$mcd_minor" -lt 6; }],
        [mcd_why="oneDNN $mcd_version is too old: expected 2.6 or later"])
      AS_IF([test "$mcd_major" -gt 3],
        [mcd_why="oneDNN $mcd_version is not known: expected 2.6 to 3.x"])])
    AS_IF([test -z "$mcd_why"], [
      MCD_SAME_RELEASE([libdnnl], [#include <dnnl.h>], [
        const dnnl_version_t *v = dnnl_version();
        sprintf(header, "%d.%d.%d", DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, DNNL_VERSION_PATCH);
        sprintf(library, "%d.%d.%d", v->major, v->minor, v->patch);])])
  ])
])
