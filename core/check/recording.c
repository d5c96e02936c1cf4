/* A recording is the same whenever it is made, and fails cleanly where memory is short. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/check/input.h"
#include "core/check/recorders.h"
#include "core/check/trial.h"
#include "core/plugin/loader.h"

#include <stddef.h>
#include <string.h>

/* ---- again ----------------------------------------------------------------------------------- */

/* Bytes of an op's attributes that count; those with a shape are compared apart. */
static size_t attr_bytes(uint32_t op)
{
    switch (op) {
    case MCD_OP_CONV2D:
        return sizeof(struct mcd_attr_conv);
    case MCD_OP_POOL2D:
        return sizeof(struct mcd_attr_pool);
    case MCD_OP_MAP:
    case MCD_OP_BINARY:
        return sizeof(int64_t);
    case MCD_OP_AFFINE:
        return 2 * sizeof(double);
    case MCD_OP_DROP:
        return sizeof(struct mcd_attr_drop);
    case MCD_OP_NOISE:
        return offsetof(struct mcd_attr_drop, p);
    case MCD_OP_CUSTOM: /* the function */
        return offsetof(struct mcd_attr_custom, self);
    default:
        return 0;
    }
}

static int same_attr(uint32_t op, const struct mcd_attr *a, const struct mcd_attr *b)
{
    if (op != MCD_OP_REDUCE && op != MCD_OP_EXPAND && op != MCD_OP_RESHAPE)
        return memcmp(a, b, attr_bytes(op)) == 0;
    const struct mcd_attr_reduce *x = &a->u.reduce, *y = &b->u.reduce;
    return mcd_shape_equal(&x->shape, &y->shape) &&
           (op == MCD_OP_RESHAPE || x->over_rows == y->over_rows) &&
           (op != MCD_OP_REDUCE || x->kind == y->kind);
}

static int same_node(const struct mcd_node *a, const struct mcd_node *b)
{
    return a->op == b->op && a->source == b->source && a->leaf == b->leaf && a->nin == b->nin &&
           memcmp(a->in, b->in, a->nin * sizeof *a->in) == 0 &&
           same_attr(a->op, &a->attr, &b->attr) && a->has_rows == b->has_rows &&
           mcd_shape_equal(&a->shape, &b->shape);
}

static const char *what(const struct mcd_node *n)
{
    return n->source == MCD_FROM_OP      ? mcd_op_name(n->op)
           : n->source == MCD_FROM_PARAM ? "parameter"
                                         : "input";
}

static int compare(struct mcd_checking *c, const char *where, const struct mcd_graph_core *a,
                   const struct mcd_graph_core *b, int again)
{
    static const char expected[] = "the same ops whenever the same input is recorded";
    mcd_check_looked(c, a->count);
    if (b->error.code)
        return mcd_check_fail(c, where, expected, "recording %d fails: %s: %s", again + 1,
                              b->error.where, b->error.text);
    for (mcd_val v = 1; v < a->count && v < b->count; v++)
        if (!same_node(&a->node[v], &b->node[v]))
            return mcd_check_fail(c, where, expected,
                                  "recording %d: value %u is another %s than the first time",
                                  again + 1, v, what(&b->node[v]));
    if (a->count != b->count || a->penalty != b->penalty)
        return mcd_check_fail(c, where, expected, "recording %d: %u values and not %u", again + 1,
                              b->count - 1, a->count - 1);
    return 0;
}

static struct mcd_graph_core *record(struct mcd_checking *c, const struct mcd_host *host,
                                     const struct mcd_input *in, int stochastic)
{
    struct mcd_graph_core *g = mcd_graph_create(host, stochastic);
    struct mcd_recorded r;
    struct mcd_error e = {0};
    if (g)
        mcd_input_record(c, g, in, &r, &e);
    return g;
}

/* Other recordings stand between the first and those that are compared with it. */
static void check_again(struct mcd_checking *c, const struct mcd_host *host,
                        const struct mcd_input *in, const struct mcd_input *other)
{
    char where[MCD_INPUT_TEXT];
    struct mcd_graph_core *first = record(c, host, in, 1), *next;
    for (int again = 1; first && again < 4; again++) {
        mcd_graph_destroy(record(c, host, other, 0));
        next = record(c, host, in, 1);
        if (next)
            compare(c, mcd_input_text(in, where), first, next, again);
        mcd_graph_destroy(next);
    }
    mcd_graph_destroy(first);
}

/* ---- without memory -------------------------------------------------------------------------- */

struct starving {
    const struct mcd_checking *c;
    const struct mcd_input *in;
};

static int record_once(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    const struct starving *s = arg;
    struct mcd_recorded r;
    struct mcd_graph_core *g = mcd_graph_create(host, 1);
    if (!g)
        return mcd_fail(e, MCD_NOMEM, "graph", "out of memory");
    mcd_input_train(g, 4); /* where most is recorded */
    int status = mcd_input_record(s->c, g, s->in, &r, e);
    mcd_graph_destroy(g);
    return status;
}

static void check_starving(struct mcd_checking *c, struct mcd_host *host,
                           const struct mcd_input *in)
{
    char where[MCD_INPUT_TEXT];
    struct starving s = {c, in};
    struct mcd_error e = {0};
    uint64_t count = 0;
    mcd_input_text(in, where);
    if (mcd_trial_starve(host, record_once, &s, c->quick && c->kind == MCD_MODEL ? 7 : 1, &count,
                         &e))
        mcd_check_fail(c, where, "MCD_NOMEM, and nothing left allocated, where an allocation fails",
                       "%s", e.text);
    mcd_check_looked(c, count);
}

/* The plugin stays loaded meanwhile, so that what it keeps in static variables lasts. */
static void check(struct mcd_checking *c, struct mcd_host *host, const struct mcd_inputs *list)
{
    struct mcd_item *held;
    struct mcd_error e = {0};
    if (mcd_check_status(c, "create", mcd_item_open(host, c->kind, c->spec, &held, &e), &e))
        return;
    for (uint32_t i = 0; i < list->count; i++) {
        check_again(c, host, &list->at[i], &list->at[(i + 1) % list->count]);
        mcd_input_remedy(c, &list->at[i]);
    }
    check_starving(c, host, &list->at[0]);
    mcd_item_close(host, held);
}

void mcd_check_recording(struct mcd_checking *c)
{
    struct mcd_inputs list;
    struct mcd_error e = {0};
    if (mcd_inputs_find(c, &list))
        return;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    if (host)
        check(c, host, &list);
    else
        mcd_check_status(c, "host", MCD_NOMEM, &e);
    mcd_host_destroy(host);
}
