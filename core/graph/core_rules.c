/* Shape rules of the core's own ops: gradients, updates, gathering, moments. */
#include "core/graph/rules.h"

#include "core/base/error.h"

#include <mcdrop/model.h>
#include <mcdrop/moments.h>

/* Gradients with respect to an input: shaped like that input. */
static int like(struct mcd_rule_context *c, uint32_t i)
{
    c->node->shape = mcd_rule_input(c, i)->shape;
    c->node->has_rows = mcd_rule_input(c, i)->has_rows;
    return MCD_OK;
}

static int like_first(struct mcd_rule_context *c)
{
    return like(c, 0);
}

static int like_second(struct mcd_rule_context *c)
{
    return like(c, 1);
}

static int like_third(struct mcd_rule_context *c)
{
    return like(c, 2);
}

static int linear_dw(struct mcd_rule_context *c)
{
    c->node->shape =
        mcd_shape2(mcd_rule_input(c, 0)->shape.dim[0], mcd_rule_input(c, 1)->shape.dim[0]);
    c->node->has_rows = 0;
    return MCD_OK;
}

/* In each row, also of an input without rows: whoever wants its gradient sums over rows. */
static int custom_dx(struct mcd_rule_context *c)
{
    c->node->shape = mcd_rule_input(c, 1 + (uint32_t)c->node->attr.u.custom.input)->shape;
    return MCD_OK;
}

static int gather(struct mcd_rule_context *c)
{
    const struct mcd_shape *table = &mcd_rule_input(c, 0)->shape;
    if (table->rank < 1)
        return mcd_rule_mismatch(c, 0, "a table [n, ...]");
    if (mcd_rule_input(c, 1)->type != MCD_I32 || mcd_rule_input(c, 1)->shape.rank != 1)
        return mcd_rule_mismatch(c, 1, "an order [m] of i32");
    int status = mcd_rule_no_rows(c, 0);
    if (!status)
        status = mcd_rule_no_rows(c, 1);
    c->node->shape = (struct mcd_shape){.rank = table->rank - 1};
    for (uint32_t d = 1; d < table->rank; d++)
        c->node->shape.dim[d - 1] = table->dim[d];
    c->node->has_rows = 1;
    c->node->type = mcd_rule_input(c, 0)->type;
    return status;
}

static int channels(struct mcd_rule_context *c)
{
    const struct mcd_attr_moments *a = &c->node->attr.u.moments;
    int64_t outputs = mcd_shape_count(&mcd_rule_input(c, 0)->shape);
    if (a->task != MCD_CLASSIFY && a->task != MCD_REGRESS)
        return mcd_rule_attr(c, "task", "one of enum mcd_task");
    c->node->shape = mcd_shape1(a->task == MCD_CLASSIFY ? 2 * outputs + 1 : outputs);
    c->node->type = MCD_F64;
    return MCD_OK;
}

/* MOMENTS and SUMS: what a pass gives, and the memory of what earlier ones gave. */
static int check_passes(struct mcd_rule_context *c, uint32_t pass, uint32_t memory, uint32_t type)
{
    if (c->node->attr.u.moments.group < 1)
        return mcd_rule_attr(c, "group", "at least 1");
    if (mcd_rule_input(c, pass)->type != MCD_F64 || mcd_rule_input(c, pass)->shape.rank != 1)
        return mcd_rule_mismatch(c, pass, "channels [n] of f64");
    if (mcd_rule_input(c, memory)->type != type || !mcd_rule_input(c, memory)->has_rows)
        return mcd_rule_mismatch(c, memory, "what earlier runs left, of f64 or i64");
    c->node->type = type;
    return MCD_OK;
}

static int moments(struct mcd_rule_context *c)
{
    const struct mcd_shape *tree = &mcd_rule_input(c, 1)->shape;
    int64_t halves = c->node->attr.u.moments.group > 1 ? 4 : 2;
    int status = check_passes(c, 0, 1, MCD_F64);
    if (status)
        return status;
    c->node->shape = mcd_shape2(halves, mcd_rule_input(c, 0)->shape.dim[0]);
    if (tree->rank != 3 || tree->dim[1] != halves || tree->dim[2] != c->node->shape.dim[1])
        return mcd_rule_mismatch(c, 1, "a tree [levels, 2, or 4 of groups, channels]");
    return MCD_OK;
}

static int sums(struct mcd_rule_context *c)
{
    int status = check_passes(c, 1, 0, MCD_I64);
    if (status)
        return status;
    int64_t n = mcd_rule_input(c, 1)->shape.dim[0];
    struct mcd_shape all = mcd_shape2(MCD_BATCHES, n);
    if (n % 2 == 0)
        return mcd_rule_mismatch(c, 1, "channels of a classification");
    c->node->shape = all;
    return mcd_rule_shape(c, 0, &all);
}

const struct mcd_rule mcd_core_rules[MCD_CORE_OPS] = {
    [MCD_OP_LINEAR_DX - MCD_OP_LINEAR_DX] = {"linear_dx", 3, 3, like_third},
    [MCD_OP_LINEAR_DW - MCD_OP_LINEAR_DX] = {"linear_dw", 2, 2, linear_dw},
    [MCD_OP_CONV2D_DX - MCD_OP_LINEAR_DX] = {"conv2d_dx", 3, 3, like_third},
    [MCD_OP_CONV2D_DW - MCD_OP_LINEAR_DX] = {"conv2d_dw", 3, 3, like_third},
    [MCD_OP_POOL2D_DX - MCD_OP_LINEAR_DX] = {"pool2d_dx", 2, 2, like_second},
    [MCD_OP_MAP_DX - MCD_OP_LINEAR_DX] = {"map_dx", 3, 3, like_second},
    [MCD_OP_SOFTMAX_DX - MCD_OP_LINEAR_DX] = {"softmax_dx", 2, 2, like_second},
    [MCD_OP_LOGSOFTMAX_DX - MCD_OP_LINEAR_DX] = {"logsoftmax_dx", 2, 2, like_second},
    [MCD_OP_XENT_DX - MCD_OP_LINEAR_DX] = {"xent_dx", 3, 3, like_second},
    [MCD_OP_MSE_DX - MCD_OP_LINEAR_DX] = {"mse_dx", 3, 3, like_second},
    [MCD_OP_SGD - MCD_OP_LINEAR_DX] = {"sgd", 2, 3, like_first},
    [MCD_OP_ADAM - MCD_OP_LINEAR_DX] = {"adam", 4, 4, like_first},
    [MCD_OP_CUSTOM_DX - MCD_OP_LINEAR_DX] = {"custom_dx", 2, MCD_MAX_INPUTS, custom_dx},
    [MCD_OP_GATHER - MCD_OP_LINEAR_DX] = {"gather", 2, 2, gather},
    [MCD_OP_CHANNELS - MCD_OP_LINEAR_DX] = {"channels", 1, 1, channels},
    [MCD_OP_MOMENTS - MCD_OP_LINEAR_DX] = {"moments", 2, 2, moments},
    [MCD_OP_SUMS - MCD_OP_LINEAR_DX] = {"sums", 2, 2, sums},
};
