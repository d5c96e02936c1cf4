# MCD_REQUIRE(VARIABLE-PREFIX, PKG-CONFIG-MODULE, DEBIAN-PACKAGE)
# A library without which there is no build.
AC_DEFUN([MCD_REQUIRE], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$2 is missing: install $3, or run ./bootstrap deps])])
])
