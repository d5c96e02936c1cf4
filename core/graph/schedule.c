/* Order and lifetimes of a graph's values. */
#include "core/graph/schedule.h"
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/graph/custom.h"
#include "core/graph/infer.h"

enum { MOST_PARTS = 16 /* of a step */ };

/* Lifetime of what must survive from run to run. */
static const int64_t before_all = -1, after_all = INT64_MAX;

/* ---- what is needed ---------------------------------------------------------------------- */

static void mark_needed(struct mcd_schedule *s)
{
    for (uint32_t i = 0; i < s->spec.noutputs; i++)
        s->needed[s->spec.output[i]] = 1;
    for (mcd_val v = s->nodes - 1; v > 0; v--) {
        if (s->node[v].op == MCD_OP_SGD || s->node[v].op == MCD_OP_ADAM)
            s->needed[v] = 1;
        for (uint32_t i = 0; s->needed[v] && i < s->node[v].nin; i++)
            s->needed[s->node[v].in[i]] = 1;
    }
}

static void mark_passes(struct mcd_schedule *s)
{
    for (mcd_val v = 1; v < s->nodes; v++) {
        const struct mcd_node *n = &s->node[v];
        s->on_pass[v] = n->op == MCD_OP_DROP || n->op == MCD_OP_NOISE || n->op == MCD_OP_CHANNELS;
        for (uint32_t i = 0; i < n->nin; i++)
            s->on_pass[v] |= s->on_pass[n->in[i]];
    }
}

/* Prediction keeps rows apart: an answer must not depend on which rows stand beside it. */
static int check_rows_apart(const struct mcd_schedule *s, struct mcd_error *error)
{
    for (mcd_val v = 1; v < s->nodes; v++) {
        const struct mcd_node *n = &s->node[v];
        if (!s->needed[v] || n->has_rows || n->source != MCD_FROM_OP)
            continue;
        for (uint32_t i = 0; i < n->nin; i++)
            if (s->node[n->in[i]].has_rows)
                return mcd_fail(error, MCD_INVALID, mcd_op_name(n->op),
                                "mixes the rows of a prediction: expected a value for each row");
    }
    return MCD_OK;
}

/* Room for every value, and for all of them, must be countable in bytes. */
static int check_sizes(const struct mcd_schedule *s, struct mcd_error *error)
{
    static const uint64_t most = (uint64_t)1 << 44;
    uint64_t rows = (uint64_t)s->spec.rows * s->spec.passes;
    if (rows < 1 || rows > INT32_MAX)
        return mcd_fail(error, MCD_INVALID, "plan",
                        "%u rows of %u passes: expected 1 to 2^31 - 1 in all", s->spec.rows,
                        s->spec.passes);
    for (mcd_val v = 1; v < s->nodes; v++) {
        const struct mcd_node *n = &s->node[v];
        uint64_t elements = (uint64_t)mcd_shape_count(&n->shape);
        if (s->needed[v] && elements > most / sizeof(double) / (n->has_rows ? rows : 1))
            return mcd_fail(error, MCD_NOMEM, "plan",
                            "out of memory: a value has %llu elements in each of %llu rows",
                            (unsigned long long)elements, (unsigned long long)rows);
    }
    return MCD_OK;
}

/* ---- order ------------------------------------------------------------------------------- */

static int is_step(const struct mcd_schedule *s, mcd_val v)
{
    return s->needed[v] && s->node[v].source == MCD_FROM_OP && s->node[v].op != MCD_OP_RESHAPE;
}

mcd_val mcd_schedule_root(const struct mcd_schedule *s, mcd_val v)
{
    while (s->node[v].op == MCD_OP_RESHAPE)
        v = s->node[v].in[0];
    return v;
}

int mcd_schedule_tiled(const struct mcd_schedule *s, mcd_val v, mcd_val x)
{
    return s->spec.passes > 1 && s->on_pass[v] && !s->on_pass[x] && s->node[x].has_rows &&
           s->node[v].op != MCD_OP_DROP && s->node[v].op != MCD_OP_NOISE &&
           !mcd_op_joins_passes(s->node[v].op);
}

/* Whether one step may go on to compute w from its result v, which nobody else reads. */
static int may_follow(const struct mcd_schedule *s, mcd_val v, mcd_val w)
{
    const struct mcd_node *from = &s->node[v], *to = &s->node[w];
    int follows = to->op == MCD_OP_MAP || to->op == MCD_OP_AFFINE || to->op == MCD_OP_DROP ||
                  to->op == MCD_OP_POOL2D;
    return follows && !mcd_op_is_custom(from->op) && from->op != MCD_OP_GATHER && is_step(s, v) &&
           is_step(s, w) && s->on_pass[v] == s->on_pass[w] && from->has_rows && to->has_rows;
}

/*
 * Chains of nodes each of which is all that reads the one before. No backend fuses very long ones,
 * and one that refuses them is asked for each length.
 */
static void join_steps(struct mcd_schedule *s)
{
    uint32_t *readers = s->scratch, *length = readers + s->nodes; /* of the chain that ends there */
    for (uint32_t i = 0; i < s->spec.noutputs; i++)
        readers[s->spec.output[i]] = 2; /* whoever asked for it is not in the plan */
    for (mcd_val v = 1; v < s->nodes; v++)
        for (uint32_t i = 0; s->needed[v] && i < s->node[v].nin; i++)
            readers[s->node[v].in[i]]++;
    for (mcd_val v = 1; v < s->nodes; v++) {
        mcd_val x = s->needed[v] && s->node[v].nin == 1 ? s->node[v].in[0] : 0;
        length[v] = 1;
        if (x && readers[x] == 1 && length[x] < MOST_PARTS && may_follow(s, x, v)) {
            s->then[x] = v;
            s->joined[v] = 1;
            length[v] += length[x];
        }
    }
}

static void order_steps(struct mcd_schedule *s)
{
    int split = !s->spec.training;
    for (mcd_val v = 1; v < s->nodes; v++)
        s->most_steps += (uint32_t)s->joined[v];
    for (mcd_val v = 1; split && v < s->nodes; v++)
        if (is_step(s, v) && !s->joined[v] && !s->on_pass[v])
            s->order[s->nsteps++] = v;
    s->nprefix = s->nsteps;
    for (mcd_val v = 1; v < s->nodes; v++) {
        if (!is_step(s, v) || s->joined[v] || (split && !s->on_pass[v]))
            continue;
        for (uint32_t i = 0; i < s->node[v].nin; i++) {
            mcd_val x = mcd_schedule_root(s, s->node[v].in[i]);
            if (mcd_schedule_tiled(s, v, x) && !s->tile[x]) {
                s->tile[x] = 1; /* a storage follows */
                s->order[s->nsteps++] = x | MCD_TILE;
            }
        }
        s->order[s->nsteps++] = v;
    }
    s->most_steps += s->nsteps;
}

void mcd_schedule_cut(struct mcd_schedule *s, uint32_t step, uint32_t nodes)
{
    mcd_val v = s->order[step];
    while (nodes-- > 1)
        v = s->then[v];
    mcd_val rest = s->then[v];
    if (!rest)
        return;
    s->then[v] = 0;
    for (uint32_t i = s->nsteps++; i > step + 1; i--)
        s->order[i] = s->order[i - 1];
    s->order[step + 1] = rest;
    s->nprefix += step < s->nprefix;
}

mcd_val mcd_schedule_last(const struct mcd_schedule *s, mcd_val v)
{
    while (s->then[v])
        v = s->then[v];
    return v;
}

/* ---- where values live ------------------------------------------------------------------- */

uint32_t mcd_schedule_rows(const struct mcd_schedule *s, mcd_val v)
{
    if (!s->node[v].has_rows)
        return 0;
    int passes = s->on_pass[v] && !mcd_op_joins_passes(s->node[v].op);
    return s->spec.rows * (passes ? s->spec.passes : 1);
}

static size_t bytes_of(const struct mcd_schedule *s, mcd_val v, uint32_t rows)
{
    size_t element = s->node[v].type ? mcd_type_size(s->node[v].type) : s->spec.element;
    return (size_t)mcd_shape_count(&s->node[v].shape) * element * (rows ? rows : 1);
}

static uint32_t new_storage(struct mcd_schedule *s, size_t bytes, int64_t first)
{
    s->storage[s->nstorage] = (struct mcd_storage){.bytes = bytes, .first = first, .last = first};
    return s->nstorage++;
}

static int in_place(uint32_t op)
{
    return op == MCD_OP_MAP || op == MCD_OP_AFFINE || op == MCD_OP_DROP || op == MCD_OP_MAP_DX;
}

static void use(struct mcd_schedule *s, uint32_t home, int64_t step)
{
    if (s->storage[home].last < step)
        s->storage[home].last = step;
}

/* Storages for leaves and steps, with first and last use. */
static void assign_homes(struct mcd_schedule *s)
{
    for (mcd_val v = 1; v < s->nodes; v++) {
        const struct mcd_node *n = &s->node[v];
        if (!s->needed[v] || n->source == MCD_FROM_OP)
            continue;
        s->home[v] = new_storage(s, bytes_of(s, v, mcd_schedule_rows(s, v)), before_all);
        s->storage[s->home[v]].outside = n->source != MCD_FROM_INPUT && n->source != MCD_FROM_RUN;
        if (n->source == MCD_FROM_RUN)
            use(s, s->home[v], after_all);
    }
    for (uint32_t step = 0; step < s->nsteps; step++) {
        mcd_val v = s->order[step] & ~MCD_TILE;
        const struct mcd_node *n = &s->node[v];
        if (s->order[step] & MCD_TILE) {
            s->tile[v] = new_storage(s, bytes_of(s, v, s->spec.rows * s->spec.passes), step);
            use(s, s->home[v], after_all);
            continue;
        }
        for (uint32_t i = 0; i < n->nin; i++) {
            mcd_val x = mcd_schedule_root(s, n->in[i]);
            int kept = step >= s->nprefix && !s->on_pass[x] && !s->spec.training;
            if (mcd_schedule_tiled(s, v, x))
                use(s, s->tile[x], step);
            else
                use(s, s->home[x], kept ? after_all : step);
        }
        mcd_val last = mcd_schedule_last(s, v);
        if (mcd_op_updates(n->op))
            s->home[v] = s->home[mcd_schedule_root(s, n->in[0])];
        else
            s->home[last] = new_storage(s, bytes_of(s, last, mcd_schedule_rows(s, last)), step);
    }
    for (uint32_t i = 0; i < s->spec.noutputs; i++)
        use(s, s->home[mcd_schedule_root(s, s->spec.output[i])], after_all);
}

/* Lets elementwise steps write over an input that nothing reads again. */
static void work_in_place(struct mcd_schedule *s)
{
    for (uint32_t step = 0; step < s->nsteps; step++) {
        mcd_val v = s->order[step];
        if (v & MCD_TILE || s->then[v] || !in_place(s->node[v].op))
            continue;
        mcd_val x = mcd_schedule_root(s, s->node[v].in[0]);
        uint32_t from = s->home[x], to = s->home[v];
        if (s->storage[from].outside || s->storage[from].last != step ||
            s->storage[from].bytes != s->storage[to].bytes || mcd_schedule_tiled(s, v, x))
            continue;
        int read_twice = 0;
        for (uint32_t i = 1; i < s->node[v].nin; i++)
            read_twice |= s->home[mcd_schedule_root(s, s->node[v].in[i])] == from;
        if (read_twice)
            continue;
        s->storage[from].last = s->storage[to].last;
        s->storage[to].outside = 1; /* nothing lives there any more */
        for (mcd_val w = v; w < s->nodes; w++)
            if (s->home[w] == to)
                s->home[w] = from;
    }
}

/* ---- putting it together ----------------------------------------------------------------- */

uint32_t mcd_schedule_workspace(struct mcd_schedule *s, size_t bytes, uint32_t step)
{
    return new_storage(s, bytes, step);
}

static int allocate(struct mcd_schedule *s, struct mcd_error *error)
{
    size_t n = s->nodes;
    s->needed = mcd_host_zalloc(s->host, n, error);
    s->on_pass = mcd_host_zalloc(s->host, n, error);
    s->home = mcd_host_zalloc(s->host, n * sizeof *s->home, error);
    s->tile = mcd_host_zalloc(s->host, n * sizeof *s->tile, error);
    /* Every node is one step at most, and is copied once at most; each step has a workspace. */
    s->order = mcd_host_zalloc(s->host, 2 * n * sizeof *s->order, error);
    s->then = mcd_host_zalloc(s->host, n * sizeof *s->then, error);
    s->joined = mcd_host_zalloc(s->host, n, error);
    s->storage = mcd_host_zalloc(s->host, (4 * n + 1) * sizeof *s->storage, error);
    s->scratch = mcd_host_zalloc(s->host, (4 * n + 1) * sizeof *s->scratch, error);
    int all = s->needed && s->on_pass && s->home && s->tile && s->order && s->then && s->joined;
    return all && s->storage && s->scratch ? MCD_OK : MCD_NOMEM;
}

int mcd_schedule_create(const struct mcd_host *host, const struct mcd_schedule_spec *spec,
                        struct mcd_schedule *s, struct mcd_error *error)
{
    *s = (struct mcd_schedule){
        .spec = *spec,
        .host = host,
        .node = spec->graph->node,
        .nodes = spec->graph->count,
        .nstorage = 1,
    };
    int status = allocate(s, error);
    if (!status) {
        mark_needed(s);
        status = check_sizes(s, error);
    }
    if (!status && !spec->training) {
        mark_passes(s);
        status = check_rows_apart(s, error);
    }
    if (status) {
        mcd_schedule_clear(s);
        return status;
    }
    if (!spec->no_fusing)
        join_steps(s);
    order_steps(s);
    return MCD_OK;
}

void mcd_schedule_settle(struct mcd_schedule *s)
{
    assign_homes(s);
    if (!s->spec.no_sharing)
        work_in_place(s);
}

void mcd_schedule_clear(struct mcd_schedule *s)
{
    s->host->release(s->host, s->needed);
    s->host->release(s->host, s->on_pass);
    s->host->release(s->host, s->home);
    s->host->release(s->host, s->tile);
    s->host->release(s->host, s->order);
    s->host->release(s->host, s->then);
    s->host->release(s->host, s->joined);
    s->host->release(s->host, s->storage);
    s->host->release(s->host, s->scratch);
}
