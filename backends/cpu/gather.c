/* GATHER: rows of a table in a given order, copied whole. */
#include "ops.h"

#include <string.h>

enum { GRAIN = 1 << 16 /* bytes */ };

struct job {
    char *to;
    const char *from;
    const int32_t *order; /* of row 0 on */
    size_t bytes;         /* of a row */
};

static void gather(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t row = first; row < first + count; row++)
        memcpy(j->to + (size_t)row * j->bytes, j->from + (size_t)j->order[row] * j->bytes,
               j->bytes);
}

/* Refused before anything is read. */
static int check_order(const struct mcd_cpu *cpu, const struct mcd_step *step,
                       const struct mcd_run *run, struct mcd_error *error)
{
    const int32_t *order = mcd_host_pointer(&step->in[1]);
    uint64_t rows = (uint64_t)mcd_rows(&step->out), places = (uint64_t)step->in[1].shape.dim[0];
    int64_t most = step->in[0].shape.dim[0];
    if (rows > places || run->first_place > places - rows)
        return cpu->host->fail(error, MCD_INVALID, "gather",
                               "%llu rows from place %llu on: the order has %llu",
                               (unsigned long long)rows, (unsigned long long)run->first_place,
                               (unsigned long long)places);
    for (uint64_t r = 0; r < rows; r++) {
        int32_t row = order[run->first_place + r];
        if (row < 0 || row >= most)
            return cpu->host->fail(error, MCD_INVALID, "gather", "row %d: expected 0 to %lld", row,
                                   (long long)most - 1);
    }
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_gather)
{
    int status = check_order(state, step, run, error);
    if (status)
        return status;
    struct job j = {.to = mcd_host_pointer(&step->out),
                    .from = mcd_host_pointer(&step->in[0]),
                    .order = (const int32_t *)mcd_host_pointer(&step->in[1]) + run->first_place,
                    .bytes =
                        (size_t)mcd_shape_count(&step->out.shape) * mcd_type_size(step->out.type)};
    mcd_cpu_split(state, mcd_rows(&step->out), GRAIN / (int64_t)j.bytes, gather, &j);
    return MCD_OK;
}
