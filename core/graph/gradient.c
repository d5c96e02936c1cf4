/*
 * Reverse differentiation over the graph, and the update.
 *
 * Going backwards over the nodes, each adds its inputs' adjoints (the derivative of the loss with
 * respect to them) to what later nodes have left there. Only nodes between the loss and the values
 * asked for take part.
 */
#include "core/graph/gradient.h"
#include "core/base/error.h"

#include <mcdrop/model.h>
#include <string.h>

struct tape {
    struct mcd_graph_core *g;
    mcd_val *adjoint; /* by node, 0 where there is none yet */
    char *wanted;     /* by node, whether a value asked for is behind it */
};

typedef void (*adjoint_rule)(struct tape *, mcd_val y, mcd_val dy);

static const struct mcd_node *node(const struct tape *t, mcd_val v)
{
    return &t->g->node[v];
}

static mcd_val input(const struct tape *t, mcd_val y, uint32_t i)
{
    return t->g->node[y].in[i];
}

static void accumulate(struct tape *t, mcd_val x, mcd_val dx)
{
    t->adjoint[x] = t->adjoint[x] ? mcd_add(&t->g->base, t->adjoint[x], dx) : dx;
}

/* v summed over whatever `like` has less of: the adjoint of broadcasting. */
static mcd_val sum_to(struct tape *t, mcd_val v, mcd_val like)
{
    const struct mcd_node *from = node(t, v), *to = node(t, like);
    if (from->has_rows == to->has_rows && mcd_shape_equal(&from->shape, &to->shape))
        return v;
    return mcd_reduce(&t->g->base, MCD_SUM, v, to->shape, from->has_rows && !to->has_rows);
}

static mcd_val op2(struct tape *t, uint32_t op, mcd_val a, mcd_val b, const struct mcd_attr *attr)
{
    return mcd_graph_op(t->g, op, 2, (mcd_val[]){a, b}, attr);
}

static mcd_val op3(struct tape *t, uint32_t op, mcd_val a, mcd_val b, mcd_val c,
                   const struct mcd_attr *attr)
{
    return mcd_graph_op(t->g, op, 3, (mcd_val[]){a, b, c}, attr);
}

/* The node's attribute by value: appending may move the node. */
static struct mcd_attr attr_of(const struct tape *t, mcd_val y)
{
    return t->g->node[y].attr;
}

static int wants(const struct tape *t, mcd_val y, uint32_t i)
{
    return i < node(t, y)->nin && t->wanted[input(t, y, i)];
}

/* The input's gradient comes last: what goes on from there is the next step. */
static void linear(struct tape *t, mcd_val y, mcd_val dy)
{
    mcd_val x = input(t, y, 0), w = input(t, y, 1);
    if (wants(t, y, 1))
        accumulate(t, w, op2(t, MCD_OP_LINEAR_DW, dy, x, NULL));
    if (wants(t, y, 2))
        accumulate(t, input(t, y, 2), sum_to(t, dy, input(t, y, 2)));
    if (wants(t, y, 0))
        accumulate(t, x, op3(t, MCD_OP_LINEAR_DX, dy, w, x, NULL));
}

static void conv2d(struct tape *t, mcd_val y, mcd_val dy)
{
    struct mcd_attr attr = attr_of(t, y);
    mcd_val x = input(t, y, 0), k = input(t, y, 1);
    if (wants(t, y, 1))
        accumulate(t, k, op3(t, MCD_OP_CONV2D_DW, dy, x, k, &attr));
    if (wants(t, y, 2)) {
        struct mcd_shape bias = node(t, input(t, y, 2))->shape;
        mcd_val sum = mcd_reduce(&t->g->base, MCD_SUM, dy, mcd_shape3(bias.dim[0], 1, 1),
                                 (int)node(t, dy)->has_rows);
        accumulate(t, input(t, y, 2), mcd_reshape(&t->g->base, sum, bias));
    }
    if (wants(t, y, 0))
        accumulate(t, x, op3(t, MCD_OP_CONV2D_DX, dy, k, x, &attr));
}

static void pool2d(struct tape *t, mcd_val y, mcd_val dy)
{
    struct mcd_attr attr = attr_of(t, y);
    mcd_val x = input(t, y, 0);
    accumulate(t, x, op2(t, MCD_OP_POOL2D_DX, dy, x, &attr));
}

static void map(struct tape *t, mcd_val y, mcd_val dy)
{
    struct mcd_attr attr = attr_of(t, y);
    mcd_val x = input(t, y, 0);
    accumulate(t, x, op3(t, MCD_OP_MAP_DX, dy, x, y, &attr));
}

static void binary(struct tape *t, mcd_val y, mcd_val dy)
{
    struct mcd_graph *g = &t->g->base;
    int64_t kind = attr_of(t, y).u.binary.kind;
    mcd_val a = input(t, y, 0), b = input(t, y, 1);
    if (wants(t, y, 0)) {
        mcd_val da = kind == MCD_MUL ? mcd_mul(g, dy, b) : kind == MCD_DIV ? mcd_div(g, dy, b) : dy;
        accumulate(t, a, sum_to(t, da, a));
    }
    if (wants(t, y, 1)) {
        mcd_val db = dy;
        if (kind == MCD_SUB)
            db = mcd_affine(g, dy, -1, 0);
        else if (kind == MCD_MUL)
            db = mcd_mul(g, dy, a);
        else if (kind == MCD_DIV) /* d(a / b) / db = -y / b */
            db = mcd_affine(g, mcd_div(g, mcd_mul(g, dy, y), b), -1, 0);
        accumulate(t, b, sum_to(t, db, b));
    }
}

static void affine(struct tape *t, mcd_val y, mcd_val dy)
{
    struct mcd_attr attr = attr_of(t, y);
    accumulate(t, input(t, y, 0), mcd_affine(&t->g->base, dy, attr.u.affine.scale, 0));
}

/* A mean over the rows divides by a count that only the planner knows. */
static void reduce(struct tape *t, mcd_val y, mcd_val dy)
{
    struct mcd_attr attr = attr_of(t, y);
    mcd_val x = input(t, y, 0);
    struct mcd_shape small = attr.u.reduce.shape, large = node(t, x)->shape;
    int over_rows = attr.u.reduce.over_rows && node(t, x)->has_rows;
    if (attr.u.reduce.kind == MCD_MEAN) {
        double share = (double)mcd_shape_count(&small) / (double)mcd_shape_count(&large);
        dy = mcd_affine(&t->g->base, dy, share, 0);
        if (dy)
            t->g->node[dy].per_row = over_rows;
    }
    attr.u.reduce.shape = large;
    attr.u.reduce.over_rows = over_rows;
    accumulate(t, x, mcd_op1(&t->g->base, MCD_OP_EXPAND, dy, &attr));
}

static void expand(struct tape *t, mcd_val y, mcd_val dy)
{
    accumulate(t, input(t, y, 0), sum_to(t, dy, input(t, y, 0)));
}

static void softmax(struct tape *t, mcd_val y, mcd_val dy)
{
    int is_log = node(t, y)->op == MCD_OP_LOGSOFTMAX;
    uint32_t op = is_log ? MCD_OP_LOGSOFTMAX_DX : MCD_OP_SOFTMAX_DX;
    accumulate(t, input(t, y, 0), op2(t, op, dy, y, NULL));
}

static void reshape(struct tape *t, mcd_val y, mcd_val dy)
{
    mcd_val x = input(t, y, 0);
    accumulate(t, x, mcd_reshape(&t->g->base, dy, node(t, x)->shape));
}

/* The noise is a constant factor: the same site draws the same numbers again. */
static void drop(struct tape *t, mcd_val y, mcd_val dy)
{
    struct mcd_attr attr = attr_of(t, y);
    mcd_val x = input(t, y, 0);
    mcd_val dx = mcd_graph_op(t->g, MCD_OP_DROP, 1, &dy, &attr);
    if (dx)
        accumulate(t, x, sum_to(t, dx, x));
}

static void xent(struct tape *t, mcd_val y, mcd_val dy)
{
    mcd_val logits = input(t, y, 0);
    accumulate(t, logits, op3(t, MCD_OP_XENT_DX, dy, logits, input(t, y, 1), NULL));
}

static void mse(struct tape *t, mcd_val y, mcd_val dy)
{
    mcd_val a = input(t, y, 0), b = input(t, y, 1);
    mcd_val da = op3(t, MCD_OP_MSE_DX, dy, a, b, NULL);
    if (wants(t, y, 0))
        accumulate(t, a, da);
    if (wants(t, y, 1))
        accumulate(t, b, mcd_affine(&t->g->base, da, -1, 0));
}

/*
 * The function is given dy and its inputs again; a derivative for each row of what has none is
 * summed.
 */
static void custom(struct tape *t, mcd_val y, mcd_val dy)
{
    struct mcd_attr attr = attr_of(t, y);
    uint32_t n = node(t, y)->nin;
    mcd_val in[MCD_MAX_INPUTS] = {dy};
    if (!attr.u.custom.function->backward) {
        mcd_fail(&t->g->error, MCD_UNSUPPORTED, "custom",
                 "a function of a layer's own has no gradient: expected `backward`, for training");
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        in[1 + i] = input(t, y, i);
    for (uint32_t i = 0; i < n; i++) {
        attr.u.custom.input = i;
        if (wants(t, y, i))
            accumulate(
                t, in[1 + i],
                sum_to(t, mcd_graph_op(t->g, MCD_OP_CUSTOM_DX, n + 1, in, &attr), in[1 + i]));
    }
}

static const adjoint_rule rules[] = {
    [MCD_OP_LINEAR] = linear,   [MCD_OP_CONV2D] = conv2d,
    [MCD_OP_POOL2D] = pool2d,   [MCD_OP_MAP] = map,
    [MCD_OP_BINARY] = binary,   [MCD_OP_AFFINE] = affine,
    [MCD_OP_REDUCE] = reduce,   [MCD_OP_EXPAND] = expand,
    [MCD_OP_SOFTMAX] = softmax, [MCD_OP_LOGSOFTMAX] = softmax,
    [MCD_OP_RESHAPE] = reshape, [MCD_OP_DROP] = drop,
    [MCD_OP_NOISE] = NULL,      [MCD_OP_XENT] = xent,
    [MCD_OP_MSE] = mse,         [MCD_OP_CUSTOM] = custom,
};

static adjoint_rule rule_of(uint32_t op)
{
    return op < sizeof rules / sizeof *rules ? rules[op] : NULL;
}

/* Marks every node up to `last` that a value asked for flows into through differentiable ops. */
static void mark_wanted(struct tape *t, mcd_val last, uint32_t count, const mcd_val *wrt)
{
    for (uint32_t i = 0; i < count; i++)
        if (wrt[i] <= last)
            t->wanted[wrt[i]] = 1;
    for (mcd_val v = 1; v <= last; v++)
        for (uint32_t i = 0; i < node(t, v)->nin; i++)
            if (rule_of(node(t, v)->op) && t->wanted[node(t, v)->in[i]])
                t->wanted[v] = 1;
}

static void sweep(struct tape *t, mcd_val loss)
{
    t->adjoint[loss] = mcd_graph_constant(t->g, 1);
    for (mcd_val y = loss; y > 0 && !t->g->error.code; y--) {
        adjoint_rule rule = rule_of(node(t, y)->op);
        if (rule && t->wanted[y] && t->adjoint[y])
            rule(t, y, t->adjoint[y]);
    }
}

int mcd_graph_gradient(struct mcd_graph_core *g, mcd_val loss, uint32_t count, const mcd_val *wrt,
                       mcd_val *gradient, struct mcd_error *error)
{
    if (mcd_graph_status(g, error))
        return g->error.code;
    if (g->node[loss].has_rows || g->node[loss].shape.rank)
        return mcd_fail(error, MCD_INVALID, "gradient", "the loss is a scalar [] without rows");
    const struct mcd_host *host = g->host;
    size_t nodes = loss + 1;
    struct tape t = {g, host->alloc(host, nodes * sizeof *t.adjoint), host->alloc(host, nodes)};
    int status =
        t.adjoint && t.wanted ? MCD_OK : mcd_fail(error, MCD_NOMEM, "gradient", "out of memory");
    if (!status) {
        memset(t.adjoint, 0, nodes * sizeof *t.adjoint);
        memset(t.wanted, 0, nodes);
        mark_wanted(&t, loss, count, wrt);
        sweep(&t, loss);
        for (uint32_t i = 0; i < count; i++)
            gradient[i] = wrt[i] <= loss ? t.adjoint[wrt[i]] : 0;
        status = mcd_graph_status(g, error);
    }
    host->release(host, t.adjoint);
    host->release(host, t.wanted);
    return status;
}

/* One parameter's update; `in` starts with the parameter and its gradient. */
static void update(struct mcd_graph_core *g, uint32_t param, mcd_val dw, const struct mcd_update *u)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    mcd_val in[4] = {g->param[param].value, dw};
    uint32_t n = 2;
    if (u->optimiser == MCD_ADAM) {
        attr.u.adam = (struct mcd_attr_adam){u->rate, 0.9, 0.999, 1e-8, u->decay};
        in[n++] = mcd_graph_slot(g, param, 0);
        in[n++] = mcd_graph_slot(g, param, 1);
    } else {
        attr.u.sgd = (struct mcd_attr_sgd){u->rate, u->momentum, u->decay};
        if (u->momentum != 0)
            in[n++] = mcd_graph_slot(g, param, 0);
    }
    mcd_val v = mcd_graph_op(g, u->optimiser == MCD_ADAM ? MCD_OP_ADAM : MCD_OP_SGD, n, in, &attr);
    g->node[v].scheduled = g->scheduled; /* node 0 is the failure */
}

/* A state's value before the update, for what another one follows: updates work in place. */
static mcd_val before_update(struct mcd_graph_core *g, mcd_val v)
{
    mcd_val root = v;
    while (g->node[root].op == MCD_OP_RESHAPE)
        root = g->node[root].in[0];
    return g->node[root].source == MCD_FROM_PARAM ? mcd_affine(&g->base, v, 1, 0) : v;
}

/* Moves a state towards a value, as a step of descent that backends know. */
static void track(struct mcd_graph_core *g, struct mcd_tracking t)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.sgd = (struct mcd_attr_sgd){.rate = t.rate};
    mcd_val in[2] = {t.state, mcd_sub(&g->base, t.state, t.value)};
    mcd_graph_op(g, MCD_OP_SGD, 2, in, &attr);
}

/*
 * The gradient, then what is tracked, because that is of values before the update and the gradient
 * may read states, then the update of every parameter that is trained.
 */
static int append_update(struct mcd_graph_core *g, mcd_val loss, const struct mcd_update *u,
                         struct mcd_error *error)
{
    size_t bytes = (g->nparams + 1) * sizeof(mcd_val);
    uint32_t n = 0, trained = 0;
    mcd_val *wrt = g->host->alloc(g->host, bytes), *dw = g->host->alloc(g->host, bytes);
    int status = wrt && dw ? MCD_OK : mcd_fail(error, MCD_NOMEM, "training", "out of memory");
    for (uint32_t i = 0; !status && i < g->nparams; i++)
        if (!g->param[i].is_state)
            wrt[n++] = g->param[i].value;
    if (!status)
        status = mcd_graph_gradient(g, loss, n, wrt, dw, error);
    for (uint32_t i = 0; !status && i < g->ntrackings; i++)
        g->tracking[i].value = before_update(g, g->tracking[i].value);
    for (uint32_t i = 0; !status && i < g->ntrackings; i++)
        track(g, g->tracking[i]);
    for (uint32_t i = 0; !status && i < g->nparams; i++) {
        if (g->param[i].is_state)
            continue;
        if (dw[trained])
            update(g, i, dw[trained], u);
        trained++;
    }
    g->host->release(g->host, wrt);
    g->host->release(g->host, dw);
    return status ? status : mcd_graph_status(g, error);
}

int mcd_graph_training(struct mcd_graph_core *g, uint32_t task, mcd_val output, mcd_val target,
                       const struct mcd_update *u, mcd_val *loss, struct mcd_error *error)
{
    uint32_t op = task == MCD_CLASSIFY ? MCD_OP_XENT : MCD_OP_MSE;
    *loss = mcd_graph_op(g, op, 2, (mcd_val[]){output, target}, NULL);
    mcd_val total = g->penalty ? mcd_add(&g->base, *loss, g->penalty) : *loss;
    int status = mcd_graph_status(g, error);
    return status ? status : append_update(g, total, u, error);
}
