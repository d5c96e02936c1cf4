/* How long sums are dealt to threads. */
#include "sum.h"
#include "kernels.h"

enum {
    FEW = 8,     /* a thread's costs for which another one is not worth its way */
    ROW = 32,    /* neighbours that are read at once */
    LONG = 128,  /* a thread's costs from which on more blocks should take part, */
    SHORT = 32,  /* and what each should have then, */
    SPLITS = 64, /* unless there are so many parts to add up, */
    BLOCKS = 512 /* or as many blocks as keep a device busy */
};

uint32_t mcd_cuda_members(int64_t terms, int64_t each, uint32_t most)
{
    uint32_t n = 1;
    while (n < most && n * each < terms)
        n *= 2;
    return n;
}

struct mcd_team mcd_cuda_line_team(int64_t k)
{
    return (struct mcd_team){mcd_cuda_members(k, FEW / 2, MCD_BLOCK), 1};
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Neighbouring outputs share a block as far as there are any, so that it reads whole lines. */
static struct mcd_team team_of(int64_t outputs, int64_t terms, int adjacent, int64_t cost)
{
    int64_t each = (FEW + cost - 1) / cost;
    uint32_t lanes = adjacent ? 1 : mcd_cuda_members(outputs, 1, ROW);
    return (struct mcd_team){mcd_cuda_members(terms, each, MCD_BLOCK / lanes), adjacent != 0};
}

struct mcd_cuda_sum mcd_cuda_sum_plan(int64_t outputs, int64_t terms, int adjacent, int64_t cost)
{
    struct mcd_cuda_sum sum = {team_of(outputs, terms, adjacent, cost), outputs, terms, 1};
    int64_t lanes = MCD_BLOCK / sum.team.members, blocks = (outputs + lanes - 1) / lanes;
    int64_t each = terms * cost / sum.team.members;
    if (each > LONG && blocks < BLOCKS)
        sum.splits = at_most(at_most(each / SHORT, SPLITS), (BLOCKS + blocks - 1) / blocks);
    return sum;
}

size_t mcd_cuda_sum_bytes(const struct mcd_cuda_sum *sum)
{
    return sum->splits > 1 ? (size_t)(sum->splits * sum->outputs) * sizeof(double) : 0;
}

struct sum_place mcd_cuda_sum_place(const struct mcd_cuda_sum *sum,
                                    const struct mcd_cuda_call *call, double scale)
{
    struct sum_place to = {.out = mcd_cuda_pointer(&call->step->out), .scale = scale};
    if (sum->splits > 1)
        to.parts = mcd_cuda_pointer(&call->step->workspace);
    return to;
}

cudaError_t mcd_cuda_sum_finish(const struct mcd_cuda_sum *sum, const struct mcd_cuda_call *call,
                                double scale, cudaError_t launched)
{
    if (launched != cudaSuccess || sum->splits == 1)
        return launched;
    return mcd_cuda_total(call->stream, mcd_cuda_pointer(&call->step->out),
                          mcd_cuda_pointer(&call->step->workspace), sum->splits, sum->outputs,
                          scale);
}

cudaError_t mcd_cuda_total(cudaStream_t stream, float *out, const double *parts, int64_t n,
                           int64_t outputs, double scale)
{
    struct total_args args = {
        .team = team_of(outputs, n, 0, 1),
        .to = {.out = out, .scale = scale},
        .from = parts,
        .n = n,
        .count = outputs,
    };
    return mcd_launch_total(stream, outputs, &args);
}
