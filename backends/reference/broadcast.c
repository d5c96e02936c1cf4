/*
 * Ops between tensors of different shapes: BINARY, REDUCE and EXPAND. Shapes are aligned
 * at their last dimensions; a dimension that is 1 or missing on one side is repeated or summed.
 */
#include "ops.h"

/* Extent of dimension `d` of a shape that is aligned with one of `rank` dimensions. */
static int64_t aligned(const struct mcd_shape *s, uint32_t rank, uint32_t d)
{
    return d + s->rank < rank ? 1 : s->dim[d + s->rank - rank];
}

/* Where element i of a tensor of shape `full` reads in one of shape `part`, repeated to fit. */
static int64_t source(const struct mcd_shape *full, const struct mcd_shape *part, int64_t i)
{
    if (mcd_shape_equal(full, part))
        return i;
    int64_t at = 0, stride = 1;
    for (uint32_t d = full->rank; d-- > 0;) {
        int64_t extent = aligned(part, full->rank, d);
        if (extent > 1)
            at += i % full->dim[d] * stride;
        stride *= extent;
        i /= full->dim[d];
    }
    return at;
}

static const char *binary_refuse(const struct mcd_step *step)
{
    int64_t kind = step->attr.u.binary.kind;
    return kind < MCD_ADD || kind > MCD_DIV ? "this kind of arithmetic" : NULL;
}

static double combined(int64_t kind, double a, double b)
{
    switch (kind) {
    case MCD_ADD:
        return a + b;
    case MCD_SUB:
        return a - b;
    case MCD_MUL:
        return a * b;
    default:
        return a / b;
    }
}

static void binary(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    const struct mcd_tensor *a = &s->in[0], *b = &s->in[1];
    int64_t n = mcd_shape_count(&s->out.shape);
    for (int64_t i = first; i < end; i++) {
        double left = get(row_of(a, i / n), source(&s->out.shape, &a->shape, i % n));
        double right = get(row_of(b, i / n), source(&s->out.shape, &b->shape, i % n));
        put(reals_of(&s->out), i, combined(s->attr.u.binary.kind, left, right));
    }
}

static void expand(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    int64_t n = mcd_shape_count(&s->out.shape);
    for (int64_t i = first; i < end; i++)
        put(reals_of(&s->out), i,
            get(row_of(&s->in[0], i / n), source(&s->out.shape, &s->in[0].shape, i % n)));
}

static const char *reduce_refuse(const struct mcd_step *step)
{
    int64_t kind = step->attr.u.reduce.kind;
    return kind != MCD_SUM && kind != MCD_MEAN ? "this kind of reduction" : NULL;
}

static struct work reduce_work(const struct mcd_step *step)
{
    int64_t items = mcd_tensor_count(&step->out);
    struct work w = {items, 16 * mcd_tensor_count(&step->in[0]) / (items ? items : 1) + 1};
    return w;
}

/* Where the `term`-th of the elements that are summed to element i of `kept` stands in `full`. */
static int64_t summand(const struct mcd_shape *full, const struct mcd_shape *kept, int64_t i,
                       int64_t term)
{
    int64_t at = 0, stride = 1;
    for (uint32_t d = full->rank; d-- > 0;) {
        int64_t *rest = aligned(kept, full->rank, d) > 1 ? &i : &term;
        at += *rest % full->dim[d] * stride;
        *rest /= full->dim[d];
        stride *= full->dim[d];
    }
    return at;
}

static void reduce(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    const struct mcd_tensor *x = &s->in[0];
    int64_t n = mcd_shape_count(&s->out.shape), terms = n ? mcd_shape_count(&x->shape) / n : 0;
    int64_t rows = s->attr.u.reduce.over_rows ? rows_of(x) : 1;
    for (int64_t i = first; i < end; i++) {
        double sum = 0;
        for (int64_t row = 0; row < rows; row++)
            for (int64_t term = 0; term < terms; term++)
                sum += get(row_of(x, i / n + row), summand(&x->shape, &s->out.shape, i % n, term));
        if (s->attr.u.reduce.kind == MCD_MEAN)
            sum /= (double)(terms * rows);
        put(reals_of(&s->out), i, sum);
    }
}

const struct op broadcast_ops[] = {
    {MCD_OP_BINARY, "binary", binary_refuse, by_element, binary},
    {MCD_OP_EXPAND, "expand", NULL, by_element, expand},
    {MCD_OP_REDUCE, "reduce", reduce_refuse, reduce_work, reduce},
    {0, NULL, NULL, NULL, NULL},
};
