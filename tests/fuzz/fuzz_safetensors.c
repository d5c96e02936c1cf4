/*
 * safetensors from hostile bytes: tensors or an error, never a crash, a leak or a wild allocation.
 */
#include "core/io/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mcd_safetensors s;
    struct mcd_error e = {0};
    int status = mcd_safetensors_parse(data, size, "input", &s, &e);
    if (status != e.code || (status != MCD_OK && (s.tensor || s.metadata)))
        __builtin_trap();
    mcd_safetensors_clear(&s);
    return 0;
}
