/* Tables for regression from hostile bytes: finite inputs and answers that fit, or an error. */
#include "core/io/columns.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mcd_array *a, size_t columns)
{
    if ((size_t)(a->data ? a->dim[1] : 0) != columns)
        __builtin_trap();
    for (int64_t i = 0; a->data && i < mcd_array_count(a); i++)
        if (!isfinite(((double *)a->data)[i]))
            __builtin_trap();
}

static void scan(const uint8_t *data, size_t size, const struct mcd_columns *wanted, int optional)
{
    struct mcd_array x = {0}, y = {0};
    struct mcd_columns got;
    struct mcd_error e = {0};
    int status = mcd_columns_scan(data, size, "input", wanted, optional, &got, &x, &y, &e);
    if (status != e.code || (status && (x.data || y.data || got.name)))
        __builtin_trap();
    if (status == 0) {
        check(&x, got.inputs);
        check(&y, got.answers);
        if (got.inputs == 0 || (got.answers != wanted->answers && !optional))
            __builtin_trap();
    }
    mcd_columns_clear(&got);
    mcd_array_clear(&x);
    mcd_array_clear(&y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char a[] = "a", b[] = "2", y[] = "y", three[] = "3";
    char *answers[] = {y, three, NULL}, *saved[] = {a, b, y, NULL};
    scan(data, size, &(struct mcd_columns){0, 1, answers}, 0);
    scan(data, size, &(struct mcd_columns){0, 2, answers}, 0);
    scan(data, size, &(struct mcd_columns){2, 1, saved}, 1);
    return 0;
}
