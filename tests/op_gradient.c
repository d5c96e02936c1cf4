/* The gradient of each op, as graph.h lists them. */
#include "tests/op_gradient.h"

/* Where an input of the gradient's step comes from. */
enum source { NOTHING = 0, IN0, IN1, IN2, OUT, COTANGENT };

struct rule {
    uint32_t forward, input, op;
    enum source in[3];
    double factor;
};

static const struct rule rules[] = {
    {MCD_OP_LINEAR, 0, MCD_OP_LINEAR_DX, {COTANGENT, IN1, IN0}, 1},
    {MCD_OP_LINEAR, 1, MCD_OP_LINEAR_DW, {COTANGENT, IN0}, 1},
    {MCD_OP_LINEAR, 2, MCD_OP_REDUCE, {COTANGENT}, 1},
    {MCD_OP_CONV2D, 0, MCD_OP_CONV2D_DX, {COTANGENT, IN1, IN0}, 1},
    {MCD_OP_CONV2D, 1, MCD_OP_CONV2D_DW, {COTANGENT, IN0, IN1}, 1},
    {MCD_OP_CONV2D, 2, MCD_OP_REDUCE, {COTANGENT}, 1},
    {MCD_OP_POOL2D, 0, MCD_OP_POOL2D_DX, {COTANGENT, IN0}, 1},
    {MCD_OP_MAP, 0, MCD_OP_MAP_DX, {COTANGENT, IN0, OUT}, 1},
    {MCD_OP_AFFINE, 0, MCD_OP_AFFINE, {COTANGENT}, 1},
    {MCD_OP_REDUCE, 0, MCD_OP_EXPAND, {COTANGENT}, 1},
    {MCD_OP_EXPAND, 0, MCD_OP_REDUCE, {COTANGENT}, 1},
    {MCD_OP_SOFTMAX, 0, MCD_OP_SOFTMAX_DX, {COTANGENT, OUT}, 1},
    {MCD_OP_LOGSOFTMAX, 0, MCD_OP_LOGSOFTMAX_DX, {COTANGENT, OUT}, 1},
    {MCD_OP_DROP, 0, MCD_OP_DROP, {COTANGENT}, 1},
    {MCD_OP_NOISE, 0, MCD_OP_AFFINE, {COTANGENT}, 0},
    {MCD_OP_XENT, 0, MCD_OP_XENT_DX, {COTANGENT, IN0, IN1}, 1},
    {MCD_OP_MSE, 0, MCD_OP_MSE_DX, {COTANGENT, IN0, IN1}, 1},
    {MCD_OP_MSE, 1, MCD_OP_MSE_DX, {COTANGENT, IN0, IN1}, -1},
};

static struct mcd_operand from(enum source s, const struct mcd_step_case *f,
                               const struct step_values *v)
{
    struct mcd_operand o = s >= OUT ? f->out : f->in[s - IN0];
    o.data = s == COTANGENT ? v->cotangent : s == OUT ? v->out : v->in[s - IN0];
    return o;
}

static int64_t count_of(const struct mcd_operand *o)
{
    return mcd_shape_count(&o->shape) * (o->rows ? o->rows : 1);
}

/* Attributes where they are not the forward step's, and what remains to be multiplied. */
static void adapt(const struct mcd_step_case *f, struct mcd_step_case *g, double *factor)
{
    if (g->op == MCD_OP_AFFINE)
        g->attr.u.affine.shift = 0;
    if (g->op == MCD_OP_EXPAND) {
        g->attr.u.reduce.shape = g->out.shape;
        if (f->attr.u.reduce.kind == MCD_MEAN)
            *factor *= (double)count_of(&f->out) / (double)count_of(&f->in[0]);
    }
    if (g->op == MCD_OP_REDUCE) {
        struct mcd_shape *s = &g->out.shape;
        if (f->op == MCD_OP_CONV2D) /* a bias has the channels' place */
            *s = mcd_shape3(s->dim[0], 1, 1);
        g->attr = (struct mcd_attr)MCD_ATTR_ZERO;
        g->attr.u.reduce = (struct mcd_attr_reduce){*s, MCD_SUM, f->out.rows && !g->out.rows};
    }
}

int gradient_step(const struct mcd_step_case *f, uint32_t input, const struct step_values *v,
                  struct mcd_step_case *g, double *factor)
{
    const struct rule *rule = NULL;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].forward == f->op && rules[i].input == input)
            rule = &rules[i];
    if (!rule)
        return 0;
    *g = *f;
    g->op = rule->op;
    g->in_place = MCD_NO_INPUT;
    g->out = f->in[input];
    for (g->nin = 0; g->nin < 3 && rule->in[g->nin] != NOTHING; g->nin++)
        g->in[g->nin] = from(rule->in[g->nin], f, v);
    *factor = rule->factor;
    adapt(f, g, factor);
    return 1;
}
