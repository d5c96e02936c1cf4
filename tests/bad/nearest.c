/* A gather takes the nearest row for one that is not there. */
#include "broken.h"

static int run_nearest(void *state, const struct mcd_step *step, const struct mcd_run *run,
                       struct mcd_error *error)
{
    const struct mcd_tensor *table = &step->in[0], *order = &step->in[1];
    int64_t bytes = mcd_shape_count(&step->out.shape) * (int64_t)mcd_type_size(table->type);
    const char *from = mcd_host_pointer(table);
    char *to = mcd_host_pointer(&step->out);
    (void)state, (void)error;
    for (uint64_t r = 0; r < step->out.rows; r++) {
        uint64_t last = (uint64_t)order->shape.dim[0] - 1, place = run->first_place + r;
        int64_t row = ((const int32_t *)mcd_host_pointer(order))[place < last ? place : last];
        row = row < 0 ? 0 : row < table->shape.dim[0] ? row : table->shape.dim[0] - 1;
        memcpy(to + (int64_t)r * bytes, from + row * bytes, (size_t)bytes);
    }
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_GATHER ? run_nearest : NULL;
}

BROKEN("nearest", "rows that are not there are told as others");
