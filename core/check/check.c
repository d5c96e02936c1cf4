/* What checks report: the first failure, how much was looked at. */
#include "core/check/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void mcd_check_looked(struct mcd_checking *c, uint64_t cases)
{
    c->cases += cases;
}

int mcd_check_fail(struct mcd_checking *c, const char *where, const char *expected,
                   const char *format, ...)
{
    if (c->verdict == MCD_CHECK_FAILED)
        return -1;
    va_list args;
    va_start(args, format);
    vsnprintf(c->seen, sizeof c->seen, format, args);
    va_end(args);
    snprintf(c->where, sizeof c->where, "%s", where);
    snprintf(c->expected, sizeof c->expected, "%s", expected);
    c->verdict = MCD_CHECK_FAILED;
    return -1;
}

void mcd_check_remedy(struct mcd_checking *c, const char *format, ...)
{
    va_list args;
    if (c->verdict != MCD_CHECK_FAILED || *c->remedy)
        return;
    va_start(args, format);
    vsnprintf(c->remedy, sizeof c->remedy, format, args);
    va_end(args);
}

void mcd_check_skip(struct mcd_checking *c, const char *format, ...)
{
    va_list args;
    if (c->verdict == MCD_CHECK_FAILED)
        return;
    va_start(args, format);
    vsnprintf(c->expected, sizeof c->expected, format, args);
    va_end(args);
    c->verdict = MCD_CHECK_SKIPPED;
}

void mcd_check_note(struct mcd_checking *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->note, sizeof c->note, format, args);
    va_end(args);
}

int mcd_check_status(struct mcd_checking *c, const char *where, int status,
                     const struct mcd_error *e)
{
    if (status == MCD_OK)
        return 0;
    return mcd_check_fail(c, where, "success", "status %d, %s%s%s", status, e->where,
                          *e->where ? ": " : "", *e->text ? e->text : "without a text");
}
