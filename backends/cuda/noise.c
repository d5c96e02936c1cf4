/* DROP and NOISE. DROP by bits is a chain of one part; other laws have a kernel of their own. */
#include "bodies/noise.h"
#include "chain.h"
#include "kernels.h"

#include <math.h>

enum { LANES = 32 /* threads at most that share the numbers of four units */ };

/* Where p = 0 nothing is drawn: as a chain it is a copy. */
static int is_gaussian(const struct mcd_attr_drop *a)
{
    return a->law == MCD_GAUSSIAN && a->p > 0;
}

static const char *refuse_drop(const struct mcd_step *step)
{
    const struct mcd_attr_drop *a = &step->attr.u.drop;
    if (a->law == MCD_GAUSSIAN)
        return a->p < 1 ? NULL : "Gaussian noise at p = 1, where its variance is infinite";
    return a->law == MCD_BERNOULLI ? NULL : "dropping by this law";
}

static const char *refuse_noise(const struct mcd_step *step)
{
    int64_t law = step->attr.u.drop.law;
    return law == MCD_GAUSSIAN || law == MCD_UNIFORM ? NULL : "noise of this law";
}

/* y = (x or 1) times (shift + spread times number) */
static int enqueue(const struct mcd_cuda_call *call, const struct mcd_tensor *x, double shift,
                   double spread)
{
    const struct mcd_step *s = call->step;
    const struct mcd_attr_drop *drop = &s->attr.u.drop;
    const struct noise_args a = {
        .run = call->run,
        .x = x ? mcd_cuda_pointer(x) : NULL,
        .y = mcd_cuda_pointer(&s->out),
        .x_rows = mcd_divisor_of(x ? mcd_cuda_rows(x) : 1),
        .blocks = mcd_divisor_of((uint64_t)(drop->units + 3) / 4),
        .lanes = mcd_divisor_of((uint64_t)(drop->span < LANES ? drop->span : LANES)),
        .units = (uint64_t)drop->units,
        .span = (uint64_t)drop->span,
        .shift = (float)shift,
        .spread = (float)spread,
        .site = (uint32_t)drop->site,
        .normal = drop->law == MCD_GAUSSIAN,
    };
    uint64_t threads = mcd_cuda_rows(&s->out) * a.blocks.by * a.lanes.by;
    return mcd_cuda_call_status(call, mcd_launch_noise(call->stream, (int64_t)threads, &a),
                                "starting noise");
}

static size_t drop_workspace(const struct mcd_step *step)
{
    return is_gaussian(&step->attr.u.drop) ? 0 : mcd_cuda_chain_step_workspace(step);
}

static int enqueue_drop(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_attr_drop *a = &call->step->attr.u.drop;
    if (is_gaussian(a))
        return enqueue(call, &call->step->in[0], 1, sqrt(a->p / (1 - a->p)));
    return mcd_cuda_chain_step_enqueue(op, call);
}

static int enqueue_noise(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    (void)op;
    return enqueue(call, NULL, 0, 1);
}

const struct mcd_cuda_offer mcd_cuda_noise[] = {
    {
        .op = MCD_OP_DROP,
        .name = "drop",
        .refuse = refuse_drop,
        .workspace = drop_workspace,
        .enqueue = enqueue_drop,
    },
    {
        .op = MCD_OP_NOISE,
        .name = "noise",
        .refuse = refuse_noise,
        .enqueue = enqueue_noise,
    },
    {.op = MCD_OP_NONE},
};
