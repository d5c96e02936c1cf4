/* GATHER: rows of a table in a given order. What is not there is a row of NaN, or of -1. */
#include "ops.h"

#include <string.h>

/* The table's row for row r of the result; -1 where there is none. */
static int64_t source_of(const struct job *job, int64_t r)
{
    const struct mcd_tensor *table = &job->step->in[0], *order = &job->step->in[1];
    uint64_t place = job->run->first_place + (uint64_t)r;
    if (place >= (uint64_t)order->shape.dim[0])
        return -1;
    int32_t row = ((const int32_t *)mcd_host_pointer(order))[place];
    return row >= 0 && row < table->shape.dim[0] ? row : -1;
}

static void fill_missing(const struct mcd_tensor *out, int64_t row)
{
    int64_t n = mcd_shape_count(&out->shape);
    for (int64_t i = row * n; i < (row + 1) * n; i++) {
        if (out->type == MCD_I32)
            ((int32_t *)mcd_host_pointer(out))[i] = -1;
        else
            put(reals_of(out), i, NAN);
    }
}

static void gather(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_tensor *table = &job->step->in[0], *out = &job->step->out;
    size_t bytes = (size_t)mcd_shape_count(&out->shape) * mcd_type_size(out->type);
    const char *from = mcd_host_pointer(table);
    char *to = mcd_host_pointer(out);
    for (int64_t row = first; row < end; row++) {
        int64_t source = source_of(job, row);
        if (source >= 0)
            memcpy(to + (size_t)row * bytes, from + (size_t)source * bytes, bytes);
        else
            fill_missing(out, row);
    }
}

const struct op gather_ops[] = {
    {MCD_OP_GATHER, "gather", NULL, by_row, gather},
    {0, NULL, NULL, NULL, NULL},
};
