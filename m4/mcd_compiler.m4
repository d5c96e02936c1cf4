# MCD_COMPILER
# Language, warnings, optimisation and sanitizers. Sets WARN_CFLAGS, OPT_CFLAGS, HOT_CFLAGS,
# SANITIZE_CFLAGS and NO_UNDEFINED (what a plugin's link needs to refuse undefined symbols).
AC_DEFUN([MCD_COMPILER], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])],
    [], [enable_werror=no])
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers], [build with -fsanitize=address,undefined])],
    [], [enable_sanitizers=no])

  WARN_CFLAGS=
  m4_foreach_w([mcd_flag],
    [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
     -Wpointer-arith -Wundef -Wvla -Wwrite-strings -Wformat=2 -Wdate-time
     -Wimplicit-fallthrough],
    [MCD_TRY_CFLAG([mcd_flag], [WARN_CFLAGS="$WARN_CFLAGS mcd_flag"])])
  mcd_warnings_are="shown"
  AS_IF([test "$enable_werror" = yes],
    [WARN_CFLAGS="$WARN_CFLAGS -Werror"; mcd_warnings_are="errors"])

  # A user's own CFLAGS decide alone.
  OPT_CFLAGS= HOT_CFLAGS=
  AS_IF([test "$mcd_user_cflags" != yes], [OPT_CFLAGS=-O2 HOT_CFLAGS=-O3])

  SANITIZE_CFLAGS=
  NO_UNDEFINED="-no-undefined -Wl,-z,defs"
  AS_IF([test "$enable_sanitizers" = yes], [
    MCD_TRY_CFLAG([-fsanitize=address,undefined], [], [AC_MSG_ERROR(
      [$CC cannot link with -fsanitize=address,undefined, which --enable-sanitizers asks for])])
    SANITIZE_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
    SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fno-omit-frame-pointer"
    # The sanitizers' runtime lies in the program; a plugin takes it from there.
    NO_UNDEFINED="-no-undefined"
  ])

  AC_SUBST([WARN_CFLAGS])
  AC_SUBST([OPT_CFLAGS])
  AC_SUBST([HOT_CFLAGS])
  AC_SUBST([SANITIZE_CFLAGS])
  AC_SUBST([NO_UNDEFINED])
])

# MCD_TRY_CFLAG(FLAG, [IF-ACCEPTED], [IF-REFUSED])
# Whether a program can be compiled and linked with FLAG. clang only warns of unknown flags.
AC_DEFUN([MCD_TRY_CFLAG], [
  AC_MSG_CHECKING([whether $CC accepts $1])
  mcd_saved_cflags=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_LINK_IFELSE([AC_LANG_SOURCE([int main(void) { return 0; }])],
    [mcd_accepted=yes], [mcd_accepted=no])
  CFLAGS=$mcd_saved_cflags
  AC_MSG_RESULT([$mcd_accepted])
  AS_IF([test $mcd_accepted = yes], [m4_default([$2], [:])], [m4_default([$3], [:])])
])
