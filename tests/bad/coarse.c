/* Its parameter allows it to round factors to bf16; it rounds what becomes of them. */
#include <string.h>

#define BROKEN_PARAMS coarse_params
#define BROKEN_CREATE create_coarse
#include "broken.h"

static const struct mcd_param coarse_params[] = {
    {"precision", "bf16", "bf16", "type of the factors in products", MCD_ENUM}, MCD_PARAM_END};

static int create_coarse(MCD_CREATE_ARGS, mcd_arg_ENUM precision)
{
    (void)precision; /* there is one */
    return create(host, self, error, 0);
}

static int run_coarse(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error)
{
    float *y = mcd_host_pointer(&step->out);
    run_step(state, step, run, error);
    for (int64_t i = 0; i < mcd_tensor_count(&step->out); i++) {
        uint32_t bits;
        memcpy(&bits, &y[i], sizeof bits);
        bits = (bits + 0x8000) & 0xFFFF0000;
        if (isfinite(y[i]))
            memcpy(&y[i], &bits, sizeof bits);
    }
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_CONV2D ? run_coarse : NULL;
}

BROKEN("coarse", "sums of convolutions are bf16");
