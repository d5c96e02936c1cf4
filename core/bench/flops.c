/* Counting the work of graphs and steps, from the shapes of their ops. */
#include "core/bench/flops.h"

#include "core/base/host.h"

/* Of one row of an op with inputs a and b, which are the same where there is one. */
static double of_row(uint32_t op, const struct mcd_shape *a, const struct mcd_shape *b,
                     const struct mcd_shape *out)
{
    switch (op) {
    case MCD_OP_LINEAR:
    case MCD_OP_LINEAR_DX:
        return 2.0 * (double)mcd_shape_count(b);
    case MCD_OP_LINEAR_DW:
        return 2.0 * (double)mcd_shape_count(a) * (double)mcd_shape_count(b);
    case MCD_OP_CONV2D:
        return 2.0 * (double)mcd_shape_count(b) * (double)(out->dim[1] * out->dim[2]);
    case MCD_OP_CONV2D_DX:
        return 2.0 * (double)mcd_shape_count(b) * (double)(a->dim[1] * a->dim[2]);
    case MCD_OP_CONV2D_DW:
        return 2.0 * (double)mcd_shape_count(out) * (double)(a->dim[1] * a->dim[2]);
    default:
        return 0;
    }
}

int mcd_flops_graph(const struct mcd_graph_core *g, int passes, double *flops, struct mcd_error *e)
{
    char *stochastic = mcd_host_zalloc(g->host, g->count, e);
    *flops = 0;
    for (mcd_val v = 1; stochastic && v < g->count; v++) {
        const struct mcd_node *n = &g->node[v];
        stochastic[v] = n->op == MCD_OP_DROP || n->op == MCD_OP_NOISE;
        for (uint32_t i = 0; i < n->nin; i++)
            stochastic[v] |= stochastic[n->in[i]];
        if (n->nin && (stochastic[v] || !passes))
            *flops += of_row(n->op, &g->node[n->in[0]].shape, &g->node[n->in[n->nin > 1]].shape,
                             &n->shape);
    }
    g->host->release(g->host, stochastic);
    return stochastic ? MCD_OK : MCD_NOMEM;
}

double mcd_flops_step(const struct mcd_step *s)
{
    if (s->nin == 0)
        return 0;
    return of_row(s->op, &s->in[0].shape, &s->in[s->nin > 1].shape, &s->out.shape) *
           (s->in[0].rows ? s->in[0].rows : 1);
}

static double bytes(const struct mcd_tensor *t)
{
    return (double)mcd_tensor_count(t) * (double)mcd_type_size(t->type);
}

double mcd_bytes_step(const struct mcd_step *s)
{
    double sum = bytes(&s->out);
    for (uint32_t i = 0; i < s->nin; i++)
        sum += bytes(&s->in[i]);
    return sum;
}
