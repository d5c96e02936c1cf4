/* Recording of errors inside the core; the public part is mcdrop/error.h. */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <mcdrop/error.h>

/*
 * Records a failure in `e` (which may be NULL) unless it already holds one, and returns `status`,
 * so that a function can end with `return mcd_fail(e, MCD_INVALID, path, "...")`.
 */
int mcd_fail(struct mcd_error *e, int status, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
