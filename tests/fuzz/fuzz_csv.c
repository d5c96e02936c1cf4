/* CSV from hostile bytes, all columns and a chosen one: a finite table or an error, no crash. */
#include "core/io/csv.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size, const char *const *columns)
{
    struct mcd_csv t;
    struct mcd_error e = {0};
    int status = mcd_csv_parse(data, size, "input", columns, &t, &e);
    if (status != e.code || (status != MCD_OK && (t.values.data || t.name)))
        __builtin_trap();
    for (int64_t i = 0; status == MCD_OK && i < mcd_array_count(&t.values); i++)
        if (!isfinite(((double *)t.values.data)[i]))
            __builtin_trap();
    mcd_csv_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size, NULL);
    parse(data, size, (const char *const[]){"b", NULL});
    return 0;
}
