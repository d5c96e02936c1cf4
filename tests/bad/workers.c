/* A mean is taken in one part for each worker, so its last bits depend on how many there are. */
#include "broken.h"

static int run_by_worker(void *state, const struct mcd_step *step, const struct mcd_run *run,
                         struct mcd_error *error)
{
    struct reals a = reals_of(&step->in[0]), b = reals_of(&step->in[1]);
    int64_t n = mcd_tensor_count(&step->in[0]), parts = host_of(state)->workers;
    float sum = 0;
    (void)run;
    (void)error;
    for (int64_t part = 0; part < parts; part++) {
        float of_part = 0;
        for (int64_t i = n * part / parts; i < n * (part + 1) / parts; i++)
            of_part += (float)((get(a, i) - get(b, i)) * (get(a, i) - get(b, i)));
        sum += of_part;
    }
    put(reals_of(&step->out), 0, sum / (float)n);
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_MSE ? run_by_worker : NULL;
}

BROKEN("workers", "results depend on the number of workers");
