/* Arrays in host memory: the one place that turns a shape into a number of bytes. */
#include "core/base/array.h"

#include "core/base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Half of what an object may have, so that a header can stand in front of the values. */
static const size_t limit = PTRDIFF_MAX / 2;

int mcd_array_bytes(uint32_t type, uint32_t rank, const int64_t *dim, size_t *bytes,
                    const char *where, struct mcd_error *e)
{
    size_t size = mcd_type_size(type), full = size; /* full: as if no extent were 0 */
    if (size == 0)
        return mcd_fail(e, MCD_INVALID, where, "element type %" PRIu32 " is not known", type);
    if (rank > MCD_MAX_RANK)
        return mcd_fail(e, MCD_INVALID, where, "%" PRIu32 " dimensions: expected at most %d", rank,
                        MCD_MAX_RANK);
    for (uint32_t i = 0; i < rank; i++) {
        if (dim[i] < 0)
            return mcd_fail(e, MCD_INVALID, where, "extent %" PRIu32 " is negative: %" PRId64, i,
                            dim[i]);
        if (dim[i] > 0 && (uint64_t)dim[i] > limit / full)
            return mcd_fail(e, MCD_INVALID, where, "the shape is beyond all bounds: %zu bytes",
                            limit);
        full *= dim[i] > 0 ? (size_t)dim[i] : 1;
        size *= (size_t)dim[i];
    }
    *bytes = size;
    return MCD_OK;
}

int mcd_array_create(struct mcd_array *a, uint32_t type, uint32_t rank, const int64_t *dim,
                     struct mcd_error *e)
{
    size_t bytes = 0;
    *a = (struct mcd_array){0};
    int status = mcd_array_bytes(type, rank, dim, &bytes, "array", e);
    if (status)
        return status;
    void *data = bytes > 0 ? calloc(1, bytes) : NULL;
    if (bytes > 0 && !data)
        return mcd_fail(e, MCD_NOMEM, "array", "no memory for %zu bytes", bytes);
    *a = (struct mcd_array){.type = type, .rank = rank, .data = data};
    for (uint32_t i = 0; i < rank; i++)
        a->dim[i] = dim[i];
    return MCD_OK;
}

int64_t mcd_array_count(const struct mcd_array *a)
{
    int64_t n = 1;
    for (uint32_t i = 0; i < a->rank; i++)
        n *= a->dim[i];
    return n;
}

void mcd_array_clear(struct mcd_array *a)
{
    free(a->data);
    *a = (struct mcd_array){0};
}
