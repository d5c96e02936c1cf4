/* Recording of errors: the first one stays. */
#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>

int mcd_fail(struct mcd_error *e, int status, const char *where, const char *format, ...)
{
    if (!e || e->code != MCD_OK)
        return status;
    e->code = status;
    snprintf(e->where, sizeof e->where, "%s", where ? where : "");
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    return status;
}
