/* Ops that repeat what is smaller: BINARY, EXPAND. */
#include "clones.h"
#include "nest.h"
#include "ops.h"

#include <string.h>

enum { GRAIN = 16384 }; /* elements */

typedef void inner(float *out, const float *a, int64_t step_a, const float *b, int64_t step_b,
                   int64_t n);

/*
 * Strides are 0 or 1 in an innermost loop; each case has its own loop, so that it is vector code.
 */
#define INNER(NAME, OPERATOR)                                                                      \
    static MCD_CLONES void NAME(float *out, const float *a, int64_t step_a, const float *b,        \
                                int64_t step_b, int64_t n)                                         \
    {                                                                                              \
        const float a0 = a[0], b0 = b[0];                                                          \
        if (step_a && step_b) {                                                                    \
            MCD_ELEMENTWISE                                                                        \
            for (int64_t i = 0; i < n; i++)                                                        \
                out[i] = a[i] OPERATOR b[i];                                                       \
        } else if (step_a) {                                                                       \
            MCD_ELEMENTWISE                                                                        \
            for (int64_t i = 0; i < n; i++)                                                        \
                out[i] = a[i] OPERATOR b0;                                                         \
        } else {                                                                                   \
            MCD_ELEMENTWISE                                                                        \
            for (int64_t i = 0; i < n; i++)                                                        \
                out[i] = a0 OPERATOR b[step_b ? i : 0];                                            \
        }                                                                                          \
    }

INNER(add, +)
INNER(sub, -)
INNER(mul, *)
INNER(div_, /)

static inner *const operators[] = {
    [MCD_ADD] = add, [MCD_SUB] = sub, [MCD_MUL] = mul, [MCD_DIV] = div_};

struct job {
    struct mcd_nest outer;
    int64_t n, stride[MCD_NEST_OPERANDS]; /* the innermost loop */
    inner *f;
    float *out;
    const float *a, *b;
};

/* Elements first ... first + count - 1 of the result: parts of successive innermost loops. */
static void piece(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    struct mcd_nest_place p = mcd_nest_seek(&j->outer, first / j->n);
    int64_t skip = first % j->n;
    (void)worker;
    while (count > 0) {
        int64_t n = j->n - skip < count ? j->n - skip : count;
        j->f(j->out + p.offset[0] + skip, j->a + p.offset[1] + skip * j->stride[1], j->stride[1],
             j->b + p.offset[2] + skip * j->stride[2], j->stride[2], n);
        count -= n;
        skip = 0;
        mcd_nest_next(&j->outer, &p);
    }
}

static void compute(const struct mcd_cpu *cpu, inner *f, const struct mcd_tensor *out,
                    const struct mcd_tensor *a, const struct mcd_tensor *b)
{
    struct job j = {.f = f, .out = mcd_floats(out), .a = mcd_floats(a), .b = mcd_floats(b)};
    const struct mcd_tensor *const operands[] = {out, a, b};
    mcd_nest_build(&j.outer, out->rows, &out->shape, 3, operands);
    j.n = mcd_nest_inner(&j.outer, j.stride);
    mcd_cpu_split(cpu, mcd_tensor_count(out), GRAIN, piece, &j);
}

MCD_CPU_RUN(mcd_cpu_binary)
{
    (void)run, (void)error;
    compute(state, operators[step->attr.u.binary.kind], &step->out, &step->in[0], &step->in[1]);
    return MCD_OK;
}

static void repeat(float *out, const float *a, int64_t step_a, const float *b, int64_t step_b,
                   int64_t n)
{
    (void)b, (void)step_b;
    if (step_a)
        memcpy(out, a, (size_t)n * sizeof *out);
    else
        for (int64_t i = 0; i < n; i++)
            out[i] = *a;
}

MCD_CPU_RUN(mcd_cpu_expand)
{
    (void)run, (void)error;
    compute(state, repeat, &step->out, &step->in[0], &step->in[0]);
    return MCD_OK;
}
