/* Weights of a linear layer are read as [in, out]. */
#include "broken.h"

static int run_transposed(void *state, const struct mcd_step *step, const struct mcd_run *run,
                          struct mcd_error *error)
{
    int64_t outputs = step->in[1].shape.dim[0], inputs = step->in[1].shape.dim[1];
    struct reals w = reals_of(&step->in[1]);
    (void)state;
    (void)run;
    (void)error;
    for (int64_t v = 0; v < rows_of(&step->out); v++)
        for (int64_t o = 0; o < outputs; o++) {
            double sum = step->nin == 3 ? get(reals_of(&step->in[2]), o) : 0;
            for (int64_t i = 0; i < inputs; i++)
                sum += get(row_of(&step->in[0], v), i) * get(w, i * outputs + o);
            put(row_of(&step->out, v), o, sum);
        }
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_LINEAR ? run_transposed : NULL;
}

BROKEN("transposed", "weights are transposed");
