/* IDX from hostile bytes: an array or an error, never a crash, a leak or a wild allocation. */
#include "core/io/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mcd_array a;
    struct mcd_error e = {0};
    int status = mcd_idx_parse(data, size, "input", &a, &e);
    if (status != e.code || (status != MCD_OK && a.data))
        __builtin_trap();
    mcd_array_clear(&a);
    return 0;
}
