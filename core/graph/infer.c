/*
 * Shape rules of every op, one function a family, found through one table.
 *
 * Each function sees the node with op, in and attr set, and fills in the shape. Rows follow from
 * the inputs unless the op says otherwise.
 */
#include "core/graph/infer.h"
#include "core/base/error.h"

#include <mcdrop/model.h>
#include <mcdrop/moments.h>
#include <stddef.h>
#include <stdio.h>

/* One row may not hold more elements than this, so that sizes in bytes never overflow. */
static const int64_t max_elements = (int64_t)1 << 40;

/* Nor may a window be dilated or an image padded by more, so that extents never overflow. */
static const int64_t max_reach = 1 << 20;

struct context {
    const struct mcd_node *all;
    struct mcd_node *node;
    const char *where;
    struct mcd_error *error;
};

typedef int (*rule)(struct context *);

char *mcd_shape_text(const struct mcd_shape *shape, char *text)
{
    size_t used = (size_t)snprintf(text, MCD_SHAPE_TEXT, "[");
    for (uint32_t i = 0; i < shape->rank; i++)
        used += (size_t)snprintf(text + used, MCD_SHAPE_TEXT - used, i ? ", %lld" : "%lld",
                                 (long long)shape->dim[i]);
    snprintf(text + used, MCD_SHAPE_TEXT - used, "]");
    return text;
}

static const struct mcd_node *input(const struct context *c, uint32_t i)
{
    return &c->all[c->node->in[i]];
}

static int mismatch(struct context *c, uint32_t i, const char *expected)
{
    char text[MCD_SHAPE_TEXT];
    return mcd_fail(c->error, MCD_INVALID, c->where, "%s: input %u is %s: expected %s",
                    mcd_op_name(c->node->op), i, mcd_shape_text(&input(c, i)->shape, text),
                    expected);
}

/* Demands that input i has exactly this shape. */
static int expect(struct context *c, uint32_t i, const struct mcd_shape *shape)
{
    char text[MCD_SHAPE_TEXT];
    if (mcd_shape_equal(&input(c, i)->shape, shape))
        return MCD_OK;
    return mismatch(c, i, mcd_shape_text(shape, text));
}

static int expect_no_rows(struct context *c, uint32_t i)
{
    if (!input(c, i)->has_rows)
        return MCD_OK;
    return mcd_fail(c->error, MCD_INVALID, c->where,
                    "%s: input %u has rows: expected a parameter or another value without rows",
                    mcd_op_name(c->node->op), i);
}

static int bad_attr(struct context *c, const char *what, const char *expected)
{
    return mcd_fail(c->error, MCD_INVALID, c->where, "%s: %s: expected %s",
                    mcd_op_name(c->node->op), what, expected);
}

static int same_as_first(struct context *c)
{
    c->node->shape = input(c, 0)->shape;
    return MCD_OK;
}

/* What is wrong with a shape that a recording gives itself, and what would be right; or NULL. */
static const char *fault(const struct mcd_shape *s, const char **expected)
{
    int64_t n = 1;
    *expected = "at most 6";
    if (s->rank > MCD_MAX_RANK)
        return "too many dimensions";
    for (uint32_t i = 0; i < s->rank; i++) {
        *expected = "every dimension at least 1";
        if (s->dim[i] < 1)
            return "a dimension below 1";
        *expected = "at most 2^40 in one row";
        if (s->dim[i] > max_elements / n)
            return "too many elements";
        n *= s->dim[i];
    }
    return NULL;
}

int mcd_shape_check(const struct mcd_shape *shape, const char *where, struct mcd_error *error)
{
    const char *expected, *what = fault(shape, &expected);
    return what ? mcd_fail(error, MCD_INVALID, where, "%s: expected %s", what, expected) : MCD_OK;
}

static int check_shape(struct context *c, const struct mcd_shape *s)
{
    const char *expected, *what = fault(s, &expected);
    return what ? bad_attr(c, what, expected) : MCD_OK;
}

static int linear(struct context *c)
{
    const struct mcd_shape *x = &input(c, 0)->shape, *w = &input(c, 1)->shape;
    if (x->rank != 1)
        return mismatch(c, 0, "a vector [in]");
    if (w->rank != 2 || w->dim[1] != x->dim[0])
        return mismatch(c, 1, "weights [out, in] with the input's length");
    struct mcd_shape out = mcd_shape1(w->dim[0]);
    int status = expect_no_rows(c, 1);
    if (!status && c->node->nin == 3)
        status = expect(c, 2, &out) || expect_no_rows(c, 2);
    c->node->shape = out;
    return status;
}

/* Output extent of a window that slides over an image, below 1 if it does not fit. */
static int64_t slide(int64_t in, int64_t window, int64_t stride, int64_t pad, int64_t dilation)
{
    int64_t span = in + 2 * pad - dilation * (window - 1) - 1;
    return span < 0 ? 0 : span / stride + 1;
}

static int conv2d(struct context *c)
{
    const struct mcd_shape *x = &input(c, 0)->shape, *k = &input(c, 1)->shape;
    const struct mcd_attr_conv *a = &c->node->attr.u.conv;
    if (x->rank != 3)
        return mismatch(c, 0, "an image [channels, height, width]");
    if (k->rank != 4 || k->dim[1] != x->dim[0])
        return mismatch(c, 1, "a kernel [out, in, height, width] with the image's channels");
    struct mcd_shape out = {3, {k->dim[0]}};
    for (int i = 0; i < 2; i++) {
        if (a->stride[i] < 1 || a->pad[i] < 0 || a->dilation[i] < 1 || a->pad[i] > max_reach ||
            a->dilation[i] > max_reach)
            return bad_attr(c, "stride, pad or dilation",
                            "stride and dilation >= 1, pad >= 0, at most 2^20");
        out.dim[1 + i] =
            slide(x->dim[1 + i], k->dim[2 + i], a->stride[i], a->pad[i], a->dilation[i]);
    }
    if (out.dim[1] < 1 || out.dim[2] < 1)
        return mismatch(c, 0, "an image at least as large as the kernel");
    struct mcd_shape bias = mcd_shape1(k->dim[0]);
    int status = check_shape(c, &out) || expect_no_rows(c, 1);
    if (!status && c->node->nin == 3)
        status = expect(c, 2, &bias) || expect_no_rows(c, 2);
    c->node->shape = out;
    return status;
}

static int pool2d(struct context *c)
{
    const struct mcd_shape *x = &input(c, 0)->shape;
    const struct mcd_attr_pool *a = &c->node->attr.u.pool;
    if (x->rank != 3)
        return mismatch(c, 0, "an image [channels, height, width]");
    struct mcd_shape out = {3, {x->dim[0]}};
    for (int i = 0; i < 2; i++) {
        if (a->window[i] < 1 || a->stride[i] < 1 || a->pad[i] < 0 || a->pad[i] > a->window[i] / 2 ||
            a->pad[i] > max_reach)
            return bad_attr(c, "window, stride or pad",
                            "window and stride >= 1, pad at most half of the window and 2^20");
        out.dim[1 + i] = slide(x->dim[1 + i], a->window[i], a->stride[i], a->pad[i], 1);
    }
    if (a->kind != MCD_POOL_MAX && a->kind != MCD_POOL_MEAN)
        return bad_attr(c, "kind", "MCD_POOL_MAX or MCD_POOL_MEAN");
    if (out.dim[1] < 1 || out.dim[2] < 1)
        return mismatch(c, 0, "an image at least as large as the window");
    c->node->shape = out;
    return check_shape(c, &out);
}

static int map(struct context *c)
{
    int64_t f = c->node->attr.u.map.function;
    if (f < MCD_RELU || f > MCD_GELU)
        return bad_attr(c, "function", "one of enum mcd_map");
    return same_as_first(c);
}

/* Dimension i counted from the last one; missing ones are 1. */
static int64_t trailing(const struct mcd_shape *s, uint32_t i)
{
    return i < s->rank ? s->dim[s->rank - 1 - i] : 1;
}

static int binary(struct context *c)
{
    const struct mcd_shape *a = &input(c, 0)->shape, *b = &input(c, 1)->shape;
    int64_t kind = c->node->attr.u.binary.kind;
    if (kind < MCD_ADD || kind > MCD_DIV)
        return bad_attr(c, "kind", "one of enum mcd_binary");
    struct mcd_shape out = a->rank >= b->rank ? *a : *b;
    for (uint32_t i = 0; i < out.rank; i++) {
        int64_t p = trailing(a, i), q = trailing(b, i);
        if (p != q && p != 1 && q != 1)
            return mismatch(c, 1, "trailing dimensions that equal the first input's or are 1");
        out.dim[out.rank - 1 - i] = p == 1 ? q : p;
    }
    c->node->shape = out;
    return check_shape(c, &out);
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

static int reduce(struct context *c)
{
    const struct mcd_attr_reduce *a = &c->node->attr.u.reduce;
    if (a->kind != MCD_SUM && a->kind != MCD_MEAN)
        return bad_attr(c, "kind", "MCD_SUM or MCD_MEAN");
    if (check_shape(c, &a->shape))
        return MCD_INVALID;
    if (!expands(&a->shape, &input(c, 0)->shape))
        return mismatch(c, 0, "a shape that the reduced one expands to");
    c->node->shape = a->shape;
    c->node->has_rows = input(c, 0)->has_rows && !a->over_rows;
    return MCD_OK;
}

static int expand(struct context *c)
{
    const struct mcd_attr_reduce *a = &c->node->attr.u.reduce;
    if (check_shape(c, &a->shape))
        return MCD_INVALID;
    if (!expands(&input(c, 0)->shape, &a->shape))
        return mismatch(c, 0, "a shape that expands to the one asked for");
    c->node->shape = a->shape;
    c->node->has_rows = input(c, 0)->has_rows || a->over_rows;
    return MCD_OK;
}

static int softmax(struct context *c)
{
    return input(c, 0)->shape.rank < 1 ? mismatch(c, 0, "at least one dimension")
                                       : same_as_first(c);
}

static int reshape(struct context *c)
{
    const struct mcd_shape *to = &c->node->attr.u.reduce.shape;
    char text[MCD_SHAPE_TEXT];
    if (check_shape(c, to))
        return MCD_INVALID;
    if (mcd_shape_count(to) != mcd_shape_count(&input(c, 0)->shape))
        return mismatch(c, 0, mcd_shape_text(to, text));
    c->node->shape = *to;
    return MCD_OK;
}

/* DROP and NOISE: fills in `units` from `span`. */
static int noise(struct context *c)
{
    struct mcd_attr_drop *a = &c->node->attr.u.drop;
    int64_t n = mcd_shape_count(&input(c, 0)->shape);
    int is_drop = c->node->op == MCD_OP_DROP;
    if (a->law != MCD_GAUSSIAN && a->law != (is_drop ? MCD_BERNOULLI : MCD_UNIFORM))
        return bad_attr(c, "law",
                        is_drop ? "MCD_BERNOULLI or MCD_GAUSSIAN" : "MCD_UNIFORM or MCD_GAUSSIAN");
    if (is_drop && !(a->p >= 0 && (a->law == MCD_GAUSSIAN ? a->p < 1 : a->p <= 1)))
        return bad_attr(c, "p", "0 <= p <= 1, and p < 1 for the Gaussian law");
    if (a->span < 1 || n % a->span)
        return bad_attr(c, "span", "a divisor of the number of elements");
    a->units = n / a->span;
    if ((uint64_t)a->units > MCD_MAX_UNITS)
        return bad_attr(c, "too many random numbers", "at most 2^26 in one row");
    c->node->has_rows = 1;
    return same_as_first(c);
}

static int xent(struct context *c)
{
    struct mcd_shape scalar = mcd_shape0();
    if (input(c, 0)->shape.rank != 1)
        return mismatch(c, 0, "logits [classes]");
    if (input(c, 1)->type != MCD_I32)
        return mcd_fail(c->error, MCD_INVALID, c->where, "xent: input 1: expected labels");
    if (!input(c, 0)->has_rows)
        return mcd_fail(c->error, MCD_INVALID, c->where, "xent: input 0: expected rows of logits");
    c->node->shape = scalar;
    c->node->has_rows = 0;
    return expect(c, 1, &scalar);
}

static int mse(struct context *c)
{
    if (input(c, 0)->has_rows != input(c, 1)->has_rows)
        return mcd_fail(c->error, MCD_INVALID, c->where,
                        "mse: one input has rows: expected both or neither");
    c->node->shape = mcd_shape0();
    c->node->has_rows = 0;
    return expect(c, 1, &input(c, 0)->shape);
}

/* Gradients with respect to an input: shaped like that input. */
static int like(struct context *c, uint32_t i)
{
    c->node->shape = input(c, i)->shape;
    c->node->has_rows = input(c, i)->has_rows;
    return MCD_OK;
}

static int like_first(struct context *c)
{
    return like(c, 0);
}

static int like_second(struct context *c)
{
    return like(c, 1);
}

static int like_third(struct context *c)
{
    return like(c, 2);
}

static int linear_dw(struct context *c)
{
    c->node->shape = mcd_shape2(input(c, 0)->shape.dim[0], input(c, 1)->shape.dim[0]);
    c->node->has_rows = 0;
    return MCD_OK;
}

static int custom(struct context *c)
{
    const struct mcd_attr_custom *a = &c->node->attr.u.custom;
    const size_t least = offsetof(struct mcd_custom, backward) + sizeof a->function->backward;
    if (!a->function || a->function->size < least || !a->function->forward) /* it may grow */
        return bad_attr(c, "function", "a struct mcd_custom with its size and forward");
    c->node->shape = a->shape;
    return check_shape(c, &a->shape);
}

/* In each row, also of an input without rows: whoever wants its gradient sums over rows. */
static int custom_dx(struct context *c)
{
    c->node->shape = input(c, 1 + (uint32_t)c->node->attr.u.custom.input)->shape;
    return MCD_OK;
}

static int gather(struct context *c)
{
    const struct mcd_shape *table = &input(c, 0)->shape;
    if (table->rank < 1)
        return mismatch(c, 0, "a table [n, ...]");
    if (input(c, 1)->type != MCD_I32 || input(c, 1)->shape.rank != 1)
        return mismatch(c, 1, "an order [m] of i32");
    int status = expect_no_rows(c, 0);
    if (!status)
        status = expect_no_rows(c, 1);
    c->node->shape = (struct mcd_shape){.rank = table->rank - 1};
    for (uint32_t d = 1; d < table->rank; d++)
        c->node->shape.dim[d - 1] = table->dim[d];
    c->node->has_rows = 1;
    c->node->type = input(c, 0)->type;
    return status;
}

static int channels(struct context *c)
{
    const struct mcd_attr_moments *a = &c->node->attr.u.moments;
    int64_t outputs = mcd_shape_count(&input(c, 0)->shape);
    if (a->task != MCD_CLASSIFY && a->task != MCD_REGRESS)
        return bad_attr(c, "task", "one of enum mcd_task");
    c->node->shape = mcd_shape1(a->task == MCD_CLASSIFY ? 2 * outputs + 1 : outputs);
    c->node->type = MCD_F64;
    return MCD_OK;
}

/* MOMENTS and SUMS: what a pass gives, and the memory of what earlier ones gave. */
static int check_passes(struct context *c, uint32_t pass, uint32_t memory, uint32_t type)
{
    if (c->node->attr.u.moments.group < 1)
        return bad_attr(c, "group", "at least 1");
    if (input(c, pass)->type != MCD_F64 || input(c, pass)->shape.rank != 1)
        return mismatch(c, pass, "channels [n] of f64");
    if (input(c, memory)->type != type || !input(c, memory)->has_rows)
        return mismatch(c, memory, "what earlier runs left, of f64 or i64");
    c->node->type = type;
    return MCD_OK;
}

static int moments(struct context *c)
{
    const struct mcd_shape *tree = &input(c, 1)->shape;
    int64_t halves = c->node->attr.u.moments.group > 1 ? 4 : 2;
    int status = check_passes(c, 0, 1, MCD_F64);
    if (status)
        return status;
    c->node->shape = mcd_shape2(halves, input(c, 0)->shape.dim[0]);
    if (tree->rank != 3 || tree->dim[1] != halves || tree->dim[2] != c->node->shape.dim[1])
        return mismatch(c, 1, "a tree [levels, 2, or 4 of groups, channels]");
    return MCD_OK;
}

static int sums(struct context *c)
{
    int status = check_passes(c, 1, 0, MCD_I64);
    if (status)
        return status;
    int64_t n = input(c, 1)->shape.dim[0];
    struct mcd_shape all = mcd_shape2(MCD_BATCHES, n);
    if (n % 2 == 0)
        return mismatch(c, 1, "channels of a classification");
    c->node->shape = all;
    return expect(c, 0, &all);
}

static const struct {
    const char *name;
    uint32_t least, most; /* inputs */
    rule rule;
} ops[] = {
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
    [MCD_OP_LINEAR_DX] = {"linear_dx", 3, 3, like_third},
    [MCD_OP_LINEAR_DW] = {"linear_dw", 2, 2, linear_dw},
    [MCD_OP_CONV2D_DX] = {"conv2d_dx", 3, 3, like_third},
    [MCD_OP_CONV2D_DW] = {"conv2d_dw", 3, 3, like_third},
    [MCD_OP_POOL2D_DX] = {"pool2d_dx", 2, 2, like_second},
    [MCD_OP_MAP_DX] = {"map_dx", 3, 3, like_second},
    [MCD_OP_SOFTMAX_DX] = {"softmax_dx", 2, 2, like_second},
    [MCD_OP_LOGSOFTMAX_DX] = {"logsoftmax_dx", 2, 2, like_second},
    [MCD_OP_XENT_DX] = {"xent_dx", 3, 3, like_second},
    [MCD_OP_MSE_DX] = {"mse_dx", 3, 3, like_second},
    [MCD_OP_SGD] = {"sgd", 2, 3, like_first},
    [MCD_OP_ADAM] = {"adam", 4, 4, like_first},
    [MCD_OP_CUSTOM_DX] = {"custom_dx", 2, MCD_MAX_INPUTS, custom_dx},
    [MCD_OP_GATHER] = {"gather", 2, 2, gather},
    [MCD_OP_CHANNELS] = {"channels", 1, 1, channels},
    [MCD_OP_MOMENTS] = {"moments", 2, 2, moments},
    [MCD_OP_SUMS] = {"sums", 2, 2, sums},
};

static int known(uint32_t op)
{
    return op < sizeof ops / sizeof *ops && ops[op].rule;
}

const char *mcd_op_name(uint32_t op)
{
    return known(op) ? ops[op].name : "?";
}

int mcd_op_updates(uint32_t op)
{
    return op == MCD_OP_SGD || op == MCD_OP_ADAM || op == MCD_OP_SUMS;
}

int mcd_op_joins_passes(uint32_t op)
{
    return op == MCD_OP_MOMENTS || op == MCD_OP_SUMS;
}

static int may_be_label(uint32_t op, uint32_t i)
{
    return (op == MCD_OP_XENT && i == 1) || (op == MCD_OP_XENT_DX && i == 2) || op == MCD_OP_GATHER;
}

int mcd_infer(const struct mcd_node *all, struct mcd_node *node, const char *where,
              struct mcd_error *error)
{
    struct context c = {all, node, where, error};
    if (!known(node->op))
        return mcd_fail(error, MCD_INVALID, where, "op %u is not known: see enum mcd_op", node->op);
    if (node->nin < ops[node->op].least || node->nin > ops[node->op].most)
        return mcd_fail(error, MCD_INVALID, where, "%s: %u inputs: expected %u to %u",
                        ops[node->op].name, node->nin, ops[node->op].least, ops[node->op].most);
    node->has_rows = 0;
    for (uint32_t i = 0; i < node->nin; i++) {
        node->has_rows |= input(&c, i)->has_rows;
        if (input(&c, i)->type == MCD_I32 && !may_be_label(node->op, i))
            return mcd_fail(error, MCD_INVALID, where, "%s: input %u is labels: expected numbers",
                            ops[node->op].name, i);
    }
    return ops[node->op].rule(&c);
}
