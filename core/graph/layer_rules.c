/* Shape rules of the ops that layers record. */
#include "core/graph/rules.h"

#include "core/base/error.h"
#include "core/graph/infer.h"

#include <stddef.h>

/* Windows may not be dilated nor images padded by more, so that extents never overflow. */
static const int64_t max_reach = 1 << 20;

static int same_as_first(struct mcd_rule_context *c)
{
    c->node->shape = mcd_rule_input(c, 0)->shape;
    return MCD_OK;
}

static int linear(struct mcd_rule_context *c)
{
    const struct mcd_shape *x = &mcd_rule_input(c, 0)->shape, *w = &mcd_rule_input(c, 1)->shape;
    if (x->rank != 1)
        return mcd_rule_mismatch(c, 0, "a vector [in]");
    if (w->rank != 2 || w->dim[1] != x->dim[0])
        return mcd_rule_mismatch(c, 1, "weights [out, in] with the input's length");
    struct mcd_shape out = mcd_shape1(w->dim[0]);
    int status = mcd_rule_no_rows(c, 1);
    if (!status && c->node->nin == 3)
        status = mcd_rule_shape(c, 2, &out) || mcd_rule_no_rows(c, 2);
    c->node->shape = out;
    return status;
}

/* Output extent of a window that slides over an image, below 1 if it does not fit. */
static int64_t slide(int64_t in, int64_t window, int64_t stride, int64_t pad, int64_t dilation)
{
    int64_t span = in + 2 * pad - dilation * (window - 1) - 1;
    return span < 0 ? 0 : span / stride + 1;
}

static int conv2d(struct mcd_rule_context *c)
{
    const struct mcd_shape *x = &mcd_rule_input(c, 0)->shape, *k = &mcd_rule_input(c, 1)->shape;
    const struct mcd_attr_conv *a = &c->node->attr.u.conv;
    if (x->rank != 3)
        return mcd_rule_mismatch(c, 0, "an image [channels, height, width]");
    if (k->rank != 4 || k->dim[1] != x->dim[0])
        return mcd_rule_mismatch(c, 1,
                                 "a kernel [out, in, height, width] with the image's channels");
    struct mcd_shape out = {3, {k->dim[0]}};
    for (int i = 0; i < 2; i++) {
        if (a->stride[i] < 1 || a->pad[i] < 0 || a->dilation[i] < 1 || a->pad[i] > max_reach ||
            a->dilation[i] > max_reach)
            return mcd_rule_attr(c, "stride, pad or dilation",
                                 "stride and dilation >= 1, pad >= 0, at most 2^20");
        out.dim[1 + i] =
            slide(x->dim[1 + i], k->dim[2 + i], a->stride[i], a->pad[i], a->dilation[i]);
    }
    if (out.dim[1] < 1 || out.dim[2] < 1)
        return mcd_rule_mismatch(c, 0, "an image at least as large as the kernel");
    struct mcd_shape bias = mcd_shape1(k->dim[0]);
    int status = mcd_rule_own_shape(c, &out) || mcd_rule_no_rows(c, 1);
    if (!status && c->node->nin == 3)
        status = mcd_rule_shape(c, 2, &bias) || mcd_rule_no_rows(c, 2);
    c->node->shape = out;
    return status;
}

static int pool2d(struct mcd_rule_context *c)
{
    const struct mcd_shape *x = &mcd_rule_input(c, 0)->shape;
    const struct mcd_attr_pool *a = &c->node->attr.u.pool;
    if (x->rank != 3)
        return mcd_rule_mismatch(c, 0, "an image [channels, height, width]");
    struct mcd_shape out = {3, {x->dim[0]}};
    for (int i = 0; i < 2; i++) {
        if (a->window[i] < 1 || a->stride[i] < 1 || a->pad[i] < 0 || a->pad[i] > a->window[i] / 2 ||
            a->pad[i] > max_reach)
            return mcd_rule_attr(c, "window, stride or pad",
                                 "window and stride >= 1, pad at most half of the window and 2^20");
        out.dim[1 + i] = slide(x->dim[1 + i], a->window[i], a->stride[i], a->pad[i], 1);
    }
    if (a->kind != MCD_POOL_MAX && a->kind != MCD_POOL_MEAN)
        return mcd_rule_attr(c, "kind", "MCD_POOL_MAX or MCD_POOL_MEAN");
    if (out.dim[1] < 1 || out.dim[2] < 1)
        return mcd_rule_mismatch(c, 0, "an image at least as large as the window");
    c->node->shape = out;
    return mcd_rule_own_shape(c, &out);
}

static int map(struct mcd_rule_context *c)
{
    int64_t f = c->node->attr.u.map.function;
    if (f < MCD_RELU || f > MCD_GELU)
        return mcd_rule_attr(c, "function", "one of enum mcd_map");
    return same_as_first(c);
}

/* Dimension i counted from the last one; missing ones are 1. */
static int64_t trailing(const struct mcd_shape *s, uint32_t i)
{
    return i < s->rank ? s->dim[s->rank - 1 - i] : 1;
}

static int binary(struct mcd_rule_context *c)
{
    const struct mcd_shape *a = &mcd_rule_input(c, 0)->shape, *b = &mcd_rule_input(c, 1)->shape;
    int64_t kind = c->node->attr.u.binary.kind;
    if (kind < MCD_ADD || kind > MCD_DIV)
        return mcd_rule_attr(c, "kind", "one of enum mcd_binary");
    struct mcd_shape out = a->rank >= b->rank ? *a : *b;
    for (uint32_t i = 0; i < out.rank; i++) {
        int64_t p = trailing(a, i), q = trailing(b, i);
        if (p != q && p != 1 && q != 1)
            return mcd_rule_mismatch(c, 1,
                                     "trailing dimensions that equal the first input's or are 1");
        out.dim[out.rank - 1 - i] = p == 1 ? q : p;
    }
    c->node->shape = out;
    return mcd_rule_own_shape(c, &out);
}

/* Whether `small` becomes `large` by repeating along dimensions that are 1 or missing. */
static int expands(const struct mcd_shape *small, const struct mcd_shape *large)
{
    if (small->rank > large->rank)
        return 0;
    for (uint32_t i = 0; i < small->rank; i++)
        if (trailing(small, i) != trailing(large, i) && trailing(small, i) != 1)
            return 0;
    return 1;
}

static int reduce(struct mcd_rule_context *c)
{
    const struct mcd_attr_reduce *a = &c->node->attr.u.reduce;
    if (a->kind != MCD_SUM && a->kind != MCD_MEAN)
        return mcd_rule_attr(c, "kind", "MCD_SUM or MCD_MEAN");
    if (mcd_rule_own_shape(c, &a->shape))
        return MCD_INVALID;
    if (!expands(&a->shape, &mcd_rule_input(c, 0)->shape))
        return mcd_rule_mismatch(c, 0, "a shape that the reduced one expands to");
    c->node->shape = a->shape;
    c->node->has_rows = mcd_rule_input(c, 0)->has_rows && !a->over_rows;
    return MCD_OK;
}

static int expand(struct mcd_rule_context *c)
{
    const struct mcd_attr_reduce *a = &c->node->attr.u.reduce;
    if (mcd_rule_own_shape(c, &a->shape))
        return MCD_INVALID;
    if (!expands(&mcd_rule_input(c, 0)->shape, &a->shape))
        return mcd_rule_mismatch(c, 0, "a shape that expands to the one asked for");
    c->node->shape = a->shape;
    c->node->has_rows = mcd_rule_input(c, 0)->has_rows || a->over_rows;
    return MCD_OK;
}

static int softmax(struct mcd_rule_context *c)
{
    return mcd_rule_input(c, 0)->shape.rank < 1 ? mcd_rule_mismatch(c, 0, "at least one dimension")
                                                : same_as_first(c);
}

static int reshape(struct mcd_rule_context *c)
{
    const struct mcd_shape *to = &c->node->attr.u.reduce.shape;
    char text[MCD_SHAPE_TEXT];
    if (mcd_rule_own_shape(c, to))
        return MCD_INVALID;
    if (mcd_shape_count(to) != mcd_shape_count(&mcd_rule_input(c, 0)->shape))
        return mcd_rule_mismatch(c, 0, mcd_shape_text(to, text));
    c->node->shape = *to;
    return MCD_OK;
}

/* DROP and NOISE: fills in `units` from `span`. */
static int noise(struct mcd_rule_context *c)
{
    struct mcd_attr_drop *a = &c->node->attr.u.drop;
    int64_t n = mcd_shape_count(&mcd_rule_input(c, 0)->shape);
    int is_drop = c->node->op == MCD_OP_DROP;
    if (a->law != MCD_GAUSSIAN && a->law != (is_drop ? MCD_BERNOULLI : MCD_UNIFORM))
        return mcd_rule_attr(
            c, "law", is_drop ? "MCD_BERNOULLI or MCD_GAUSSIAN" : "MCD_UNIFORM or MCD_GAUSSIAN");
    if (is_drop && !(a->p >= 0 && (a->law == MCD_GAUSSIAN ? a->p < 1 : a->p <= 1)))
        return mcd_rule_attr(c, "p", "0 <= p <= 1, and p < 1 for the Gaussian law");
    if (a->span < 1 || n % a->span)
        return mcd_rule_attr(c, "span", "a divisor of the number of elements");
    a->units = n / a->span;
    if ((uint64_t)a->units > MCD_MAX_UNITS)
        return mcd_rule_attr(c, "too many random numbers", "at most 2^26 in one row");
    c->node->has_rows = 1;
    return same_as_first(c);
}

static int xent(struct mcd_rule_context *c)
{
    struct mcd_shape scalar = mcd_shape0();
    if (mcd_rule_input(c, 0)->shape.rank != 1)
        return mcd_rule_mismatch(c, 0, "logits [classes]");
    if (mcd_rule_input(c, 1)->type != MCD_I32)
        return mcd_fail(c->error, MCD_INVALID, c->where, "xent: input 1: expected labels");
    if (!mcd_rule_input(c, 0)->has_rows)
        return mcd_fail(c->error, MCD_INVALID, c->where, "xent: input 0: expected rows of logits");
    c->node->shape = scalar;
    c->node->has_rows = 0;
    return mcd_rule_shape(c, 1, &scalar);
}

static int mse(struct mcd_rule_context *c)
{
    if (mcd_rule_input(c, 0)->has_rows != mcd_rule_input(c, 1)->has_rows)
        return mcd_fail(c->error, MCD_INVALID, c->where,
                        "mse: one input has rows: expected both or neither");
    c->node->shape = mcd_shape0();
    c->node->has_rows = 0;
    return mcd_rule_shape(c, 1, &mcd_rule_input(c, 0)->shape);
}

static int custom(struct mcd_rule_context *c)
{
    const struct mcd_attr_custom *a = &c->node->attr.u.custom;
    const size_t least = offsetof(struct mcd_custom, backward) + sizeof a->function->backward;
    if (!a->function || a->function->size < least || !a->function->forward) /* it may grow */
        return mcd_rule_attr(c, "function", "a struct mcd_custom with its size and forward");
    c->node->shape = a->shape;
    return mcd_rule_own_shape(c, &a->shape);
}

const struct mcd_rule mcd_layer_rules[MCD_OP_LINEAR_DX] = {
    [MCD_OP_LINEAR] = {"linear", 2, 3, linear},
    [MCD_OP_CONV2D] = {"conv2d", 2, 3, conv2d},
    [MCD_OP_POOL2D] = {"pool2d", 1, 1, pool2d},
    [MCD_OP_MAP] = {"map", 1, 1, map},
    [MCD_OP_BINARY] = {"binary", 2, 2, binary},
    [MCD_OP_AFFINE] = {"affine", 1, 1, same_as_first},
    [MCD_OP_REDUCE] = {"reduce", 1, 1, reduce},
    [MCD_OP_EXPAND] = {"expand", 1, 1, expand},
    [MCD_OP_SOFTMAX] = {"softmax", 1, 1, softmax},
    [MCD_OP_LOGSOFTMAX] = {"logsoftmax", 1, 1, softmax},
    [MCD_OP_RESHAPE] = {"reshape", 1, 1, reshape},
    [MCD_OP_DROP] = {"drop", 1, 1, noise},
    [MCD_OP_NOISE] = {"noise", 1, 1, noise},
    [MCD_OP_XENT] = {"xent", 2, 2, xent},
    [MCD_OP_MSE] = {"mse", 2, 2, mse},
    [MCD_OP_CUSTOM] = {"custom", 1, MCD_MAX_INPUTS - 1, custom},
};
