/*
 * Planning: which nodes are needed, in which section they run, where values live, which kernels.
 *
 * The draft below collects what is decided on the way; what a run needs is copied to the plan at
 * the end.
 */
#include "plan.h"
#include "error.h"
#include "infer.h"

#include <string.h>

/* Lifetime of what must survive from run to run. */
static const int64_t before_all = -1, after_all = INT64_MAX;

struct draft {
    const struct mcd_plan_spec *spec;
    const struct mcd_host *host;
    const struct mcd_node *node;
    uint32_t nodes;
    char *needed;   /* by node */
    char *on_pass;  /* by node: differs from pass to pass */
    uint32_t *home; /* by node: its storage */
    mcd_val *order; /* node of each step; TILE marks a copy made for the passes */
    uint32_t *tile; /* by node: storage of its copy for each pass, 0 if there is none */
    struct mcd_storage *storage; /* [1 .. nstorage - 1] */
    uint32_t nstorage, nsteps, nprefix;
    uint32_t *scratch;
};

static const mcd_val TILE = 0x80000000u;

static const struct mcd_backend *api(const struct mcd_item *backend)
{
    return backend->plugin->api;
}

/* ---- what is needed ---------------------------------------------------------------------- */

static void mark_needed(struct draft *d)
{
    for (uint32_t i = 0; i < d->spec->noutputs; i++)
        d->needed[d->spec->output[i]] = 1;
    for (mcd_val v = d->nodes - 1; v > 0; v--) {
        if (d->node[v].op == MCD_OP_SGD || d->node[v].op == MCD_OP_ADAM)
            d->needed[v] = 1;
        for (uint32_t i = 0; d->needed[v] && i < d->node[v].nin; i++)
            d->needed[d->node[v].in[i]] = 1;
    }
}

static void mark_passes(struct draft *d)
{
    for (mcd_val v = 1; v < d->nodes; v++) {
        const struct mcd_node *n = &d->node[v];
        d->on_pass[v] = n->op == MCD_OP_DROP || n->op == MCD_OP_NOISE;
        for (uint32_t i = 0; i < n->nin; i++)
            d->on_pass[v] |= d->on_pass[n->in[i]];
    }
}

/* Prediction keeps rows apart: an answer must not depend on which rows stand beside it. */
static int check_rows_apart(const struct draft *d, struct mcd_error *error)
{
    for (mcd_val v = 1; v < d->nodes; v++) {
        const struct mcd_node *n = &d->node[v];
        if (!d->needed[v] || n->has_rows || n->source != MCD_FROM_OP)
            continue;
        for (uint32_t i = 0; i < n->nin; i++)
            if (d->node[n->in[i]].has_rows)
                return mcd_fail(error, MCD_INVALID, mcd_op_name(n->op),
                                "mixes the rows of a prediction: expected a value for each row");
    }
    return MCD_OK;
}

/* ---- order ------------------------------------------------------------------------------- */

static int is_step(const struct draft *d, mcd_val v)
{
    return d->needed[v] && d->node[v].source == MCD_FROM_OP && d->node[v].op != MCD_OP_RESHAPE;
}

/* The node whose memory v uses: reshaping moves nothing. */
static mcd_val root(const struct draft *d, mcd_val v)
{
    while (d->node[v].op == MCD_OP_RESHAPE)
        v = d->node[v].in[0];
    return v;
}

/* Whether step v reads input x of every pass although x is computed once for all of them. */
static int needs_tile(const struct draft *d, mcd_val v, mcd_val x)
{
    return d->spec->passes > 1 && d->on_pass[v] && !d->on_pass[x] && d->node[x].has_rows &&
           d->node[v].op != MCD_OP_DROP;
}

static void order_steps(struct draft *d)
{
    int split = !d->spec->training;
    for (mcd_val v = 1; split && v < d->nodes; v++)
        if (is_step(d, v) && !d->on_pass[v])
            d->order[d->nsteps++] = v;
    d->nprefix = d->nsteps;
    for (mcd_val v = 1; v < d->nodes; v++) {
        if (!is_step(d, v) || (split && !d->on_pass[v]))
            continue;
        for (uint32_t i = 0; i < d->node[v].nin; i++) {
            mcd_val x = root(d, d->node[v].in[i]);
            if (needs_tile(d, v, x) && !d->tile[x]) {
                d->tile[x] = 1; /* a storage follows */
                d->order[d->nsteps++] = x | TILE;
            }
        }
        d->order[d->nsteps++] = v;
    }
}

/* ---- where values live ------------------------------------------------------------------- */

static uint32_t rows_of(const struct draft *d, mcd_val v)
{
    if (!d->node[v].has_rows)
        return 0;
    return d->spec->rows * (d->on_pass[v] ? d->spec->passes : 1);
}

static size_t bytes_of(const struct draft *d, mcd_val v, uint32_t rows)
{
    size_t element = d->node[v].label ? 4 : mcd_type_size(d->spec->store->type);
    return (size_t)mcd_shape_count(&d->node[v].shape) * element * (rows ? rows : 1);
}

static uint32_t new_storage(struct draft *d, size_t bytes, int64_t first)
{
    d->storage[d->nstorage] = (struct mcd_storage){.bytes = bytes, .first = first, .last = first};
    return d->nstorage++;
}

static int in_place(uint32_t op)
{
    return op == MCD_OP_MAP || op == MCD_OP_AFFINE || op == MCD_OP_DROP || op == MCD_OP_MAP_DX;
}

static void use(struct draft *d, uint32_t home, int64_t step)
{
    if (d->storage[home].last < step)
        d->storage[home].last = step;
}

/* Storages for leaves and steps, with first and last use. */
static void assign_homes(struct draft *d)
{
    for (mcd_val v = 1; v < d->nodes; v++) {
        const struct mcd_node *n = &d->node[v];
        if (!d->needed[v] || n->source == MCD_FROM_OP)
            continue;
        d->home[v] = new_storage(d, bytes_of(d, v, rows_of(d, v)), before_all);
        d->storage[d->home[v]].outside = n->source != MCD_FROM_INPUT;
    }
    for (uint32_t s = 0; s < d->nsteps; s++) {
        mcd_val v = d->order[s] & ~TILE;
        const struct mcd_node *n = &d->node[v];
        if (d->order[s] & TILE) {
            d->tile[v] = new_storage(d, bytes_of(d, v, d->spec->rows * d->spec->passes), s);
            use(d, d->home[v], after_all);
            continue;
        }
        for (uint32_t i = 0; i < n->nin; i++) {
            mcd_val x = root(d, n->in[i]);
            int kept = s >= d->nprefix && !d->on_pass[x] && !d->spec->training;
            if (needs_tile(d, v, x))
                use(d, d->tile[x], s);
            else
                use(d, d->home[x], kept ? after_all : s);
        }
        if (n->op == MCD_OP_SGD || n->op == MCD_OP_ADAM)
            d->home[v] = d->home[root(d, n->in[0])];
        else
            d->home[v] = new_storage(d, bytes_of(d, v, rows_of(d, v)), s);
    }
    for (uint32_t i = 0; i < d->spec->noutputs; i++)
        use(d, d->home[root(d, d->spec->output[i])], after_all);
}

/* Lets elementwise steps write over an input that nothing reads again. */
static void work_in_place(struct draft *d)
{
    for (uint32_t s = 0; s < d->nsteps; s++) {
        mcd_val v = d->order[s];
        if (v & TILE || !in_place(d->node[v].op))
            continue;
        mcd_val x = root(d, d->node[v].in[0]);
        uint32_t from = d->home[x], to = d->home[v];
        if (d->storage[from].outside || d->storage[from].last != s ||
            d->storage[from].bytes != d->storage[to].bytes || needs_tile(d, v, x))
            continue;
        int read_twice = 0;
        for (uint32_t i = 1; i < d->node[v].nin; i++)
            read_twice |= d->home[root(d, d->node[v].in[i])] == from;
        if (read_twice)
            continue;
        d->storage[from].last = d->storage[to].last;
        d->storage[to].outside = 1; /* nothing lives there any more */
        for (mcd_val w = v; w < d->nodes; w++)
            if (d->home[w] == to)
                d->home[w] = from;
    }
}

/* ---- tensors and kernels ----------------------------------------------------------------- */

static int store_tensor(struct draft *d, const struct mcd_node *n, struct mcd_tensor *t,
                        struct mcd_error *error)
{
    char name[MCD_SLOT_NAME];
    const struct mcd_graph_core *g = d->spec->graph;
    struct mcd_entry *entry;
    if (n->source == MCD_FROM_PARAM) {
        entry = mcd_store_find(d->spec->store, g->param[n->leaf].name);
        if (!entry)
            return mcd_fail(error, MCD_INVALID, g->param[n->leaf].name, "is not in the store");
    } else {
        mcd_slot_name(g->param[n->leaf / 2].name, n->leaf % 2, name);
        int status = mcd_store_add(d->spec->store, name, &n->shape, &entry, error);
        if (status)
            return status;
    }
    *t = entry->tensor;
    return MCD_OK;
}

static int make_constants(struct draft *d, struct mcd_plan *p, struct mcd_error *error)
{
    uint32_t count = 0;
    for (mcd_val v = 1; v < d->nodes; v++)
        count += d->needed[v] && d->node[v].source == MCD_FROM_CONSTANT;
    if (!count)
        return MCD_OK;
    int status = api(p->backend)->alloc(p->backend->self, 64 * (size_t)count, &p->constants, error);
    uint32_t i = 0;
    for (mcd_val v = 1; !status && v < d->nodes; v++) {
        if (!d->needed[v] || d->node[v].source != MCD_FROM_CONSTANT)
            continue;
        double wide = d->node[v].attr.u.affine.shift;
        float narrow = (float)wide;
        struct mcd_tensor *t = &p->value[v];
        *t = (struct mcd_tensor){p->constants, 64 * (size_t)i++, d->spec->store->type, 0,
                                 d->node[v].shape};
        const void *from = t->type == MCD_F64 ? (const void *)&wide : (const void *)&narrow;
        status = api(p->backend)->write(p->backend->self, t, from, error);
    }
    return status;
}

/* Shapes, rows and types of every value; buffers only for what lives outside the arena. */
static int make_values(struct draft *d, struct mcd_plan *p, struct mcd_error *error)
{
    int status = make_constants(d, p, error);
    for (mcd_val v = 1; !status && v < d->nodes; v++) {
        const struct mcd_node *n = &d->node[v];
        if (!d->needed[v] || n->source == MCD_FROM_CONSTANT)
            continue;
        p->value[v] = (struct mcd_tensor){
            .type = n->label ? MCD_I32 : d->spec->store->type,
            .rows = rows_of(d, v),
            .shape = n->shape,
        };
        if (n->source == MCD_FROM_PARAM || n->source == MCD_FROM_SLOT)
            status = store_tensor(d, n, &p->value[v], error);
        const struct mcd_tensor *own = &p->value[root(d, v)];
        p->value[v].buffer = own->buffer;
        p->value[v].offset = own->offset;
    }
    return status;
}

static struct mcd_tensor tile_tensor(const struct draft *d, const struct mcd_plan *p, mcd_val v)
{
    struct mcd_tensor t = p->value[v];
    t.buffer = NULL;
    t.rows = d->spec->rows * d->spec->passes;
    return t;
}

/* A copy for every pass is a drop that never drops. */
static void make_tile_step(const struct draft *d, const struct mcd_plan *p, mcd_val v,
                           struct mcd_step *step, struct mcd_tensor *in)
{
    int64_t units = mcd_shape_count(&d->node[v].shape);
    in[0] = p->value[v];
    step->op = MCD_OP_DROP;
    step->nin = 1;
    step->attr.u.drop = (struct mcd_attr_drop){MCD_BERNOULLI, 0, units, 1, 0};
    step->out = tile_tensor(d, p, v);
}

static void make_step(const struct draft *d, const struct mcd_plan *p, mcd_val v,
                      struct mcd_step *step, struct mcd_tensor *in)
{
    const struct mcd_node *n = &d->node[v];
    step->op = n->op;
    step->attr = n->attr;
    step->nin = n->nin;
    if (n->per_row)
        step->attr.u.affine.scale /= d->spec->rows;
    for (uint32_t i = 0; i < n->nin; i++) {
        mcd_val x = n->in[i];
        in[i] = needs_tile(d, v, root(d, x)) ? tile_tensor(d, p, x) : p->value[x];
    }
    step->out = p->value[v];
}

static int ask_kernel(struct mcd_plan *p, uint32_t s, struct mcd_error *error)
{
    struct mcd_error reason = {0};
    const struct mcd_step *step = &p->step[s];
    char text[MCD_SHAPE_TEXT];
    int status = api(p->backend)->kernel(p->backend->self, step, &p->kernel[s], &reason);
    if (status)
        return mcd_fail(error, status, p->backend->plugin->name, "cannot do %s of %s: %s",
                        mcd_op_name(step->op), mcd_shape_text(&step->in[0].shape, text),
                        reason.text);
    return MCD_OK;
}

static int make_steps(struct draft *d, struct mcd_plan *p, struct mcd_error *error)
{
    struct mcd_tensor *in = p->input;
    for (uint32_t s = 0; s < d->nsteps; s++) {
        struct mcd_step *step = &p->step[s];
        mcd_val v = d->order[s];
        *step = (struct mcd_step){.size = sizeof *step, .in = in};
        if (v & TILE)
            make_tile_step(d, p, v & ~TILE, step, in);
        else
            make_step(d, p, v, step, in);
        in += step->nin;
        int status = ask_kernel(p, s, error);
        if (status)
            return status;
        p->nsteps = s + 1; /* so that what was asked for is released if the next one fails */
    }
    p->nprefix = d->nprefix;
    return MCD_OK;
}

/* ---- placement --------------------------------------------------------------------------- */

static void locate(const struct draft *d, struct mcd_plan *p, struct mcd_tensor *t, uint32_t home)
{
    if (t->buffer)
        return;
    t->buffer = p->arena;
    t->offset = d->storage[home].offset;
}

static void locate_step(struct draft *d, struct mcd_plan *p, uint32_t s)
{
    struct mcd_step *step = &p->step[s];
    struct mcd_tensor *in = p->input + (step->in - p->input);
    mcd_val v = d->order[s];
    if (v & TILE) {
        locate(d, p, &in[0], d->home[v & ~TILE]);
        locate(d, p, &step->out, d->tile[v & ~TILE]);
        return;
    }
    for (uint32_t i = 0; i < step->nin; i++) {
        mcd_val x = root(d, d->node[v].in[i]);
        locate(d, p, &in[i], needs_tile(d, v, x) ? d->tile[x] : d->home[x]);
    }
    if (step->op == MCD_OP_SGD || step->op == MCD_OP_ADAM)
        step->out = in[0];
    else
        locate(d, p, &step->out, d->home[v]);
}

static int place(struct draft *d, struct mcd_plan *p, struct mcd_error *error)
{
    uint32_t workspace = d->nstorage;
    for (uint32_t s = 0; s < d->nsteps; s++)
        new_storage(d, p->kernel[s].workspace, s);
    p->arena_bytes = mcd_arena_place(d->storage, d->nstorage, !d->spec->no_sharing, d->scratch);
    int status =
        api(p->backend)
            ->alloc(p->backend->self, p->arena_bytes ? p->arena_bytes : 64, &p->arena, error);
    if (status)
        return status;
    for (uint32_t s = 0; s < d->nsteps; s++) {
        p->step[s].workspace =
            (struct mcd_tensor){p->arena, d->storage[workspace + s].offset, MCD_U8, 0,
                                mcd_shape1((int64_t)p->kernel[s].workspace)};
        locate_step(d, p, s);
    }
    for (mcd_val v = 1; v < d->nodes; v++)
        if (d->needed[v] && !d->storage[d->home[root(d, v)]].outside)
            locate(d, p, &p->value[v], d->home[root(d, v)]);
    return MCD_OK;
}

/* ---- putting it together ----------------------------------------------------------------- */

static void *cleared(const struct mcd_host *host, size_t count, size_t bytes)
{
    void *p = host->alloc(host, count * bytes);
    if (p)
        memset(p, 0, count * bytes);
    return p;
}

static int draft_create(struct draft *d, const struct mcd_plan_spec *spec, struct mcd_error *error)
{
    const struct mcd_host *host = spec->store->host;
    size_t n = spec->graph->count;
    *d = (struct draft){
        .spec = spec, .host = host, .node = spec->graph->node, .nodes = (uint32_t)n, .nstorage = 1};
    d->needed = cleared(host, n, 1);
    d->on_pass = cleared(host, n, 1);
    d->home = cleared(host, n, sizeof *d->home);
    d->tile = cleared(host, n, sizeof *d->tile);
    /* Every node is one step at most, and is copied once at most; each step has a workspace. */
    d->order = cleared(host, 2 * n, sizeof *d->order);
    d->storage = cleared(host, 4 * n + 1, sizeof *d->storage);
    d->scratch = cleared(host, 4 * n + 1, sizeof *d->scratch);
    if (d->needed && d->on_pass && d->home && d->tile && d->order && d->storage && d->scratch)
        return MCD_OK;
    return mcd_fail(error, MCD_NOMEM, "plan", "out of memory");
}

static void draft_destroy(struct draft *d)
{
    d->host->release(d->host, d->needed);
    d->host->release(d->host, d->on_pass);
    d->host->release(d->host, d->home);
    d->host->release(d->host, d->tile);
    d->host->release(d->host, d->order);
    d->host->release(d->host, d->storage);
    d->host->release(d->host, d->scratch);
}

static struct mcd_plan *plan_alloc(const struct draft *d, struct mcd_error *error)
{
    const struct mcd_host *host = d->host;
    struct mcd_plan *p = cleared(host, 1, sizeof *p);
    if (p) {
        p->host = host;
        p->backend = d->spec->store->backend;
        p->rows = d->spec->rows;
        p->passes = d->spec->passes;
        p->nvalues = d->nodes;
        p->step = cleared(host, d->nsteps + 1, sizeof *p->step);
        p->kernel = cleared(host, d->nsteps + 1, sizeof *p->kernel);
        p->input = cleared(host, MCD_MAX_INPUTS * (size_t)d->nsteps + 1, sizeof *p->input);
        p->value = cleared(host, d->nodes, sizeof *p->value);
    }
    if (p && p->step && p->kernel && p->input && p->value)
        return p;
    mcd_plan_destroy(p);
    mcd_fail(error, MCD_NOMEM, "plan", "out of memory");
    return NULL;
}

static int make(struct draft *d, struct mcd_plan **plan, struct mcd_error *error)
{
    mark_needed(d);
    if (!d->spec->training)
        mark_passes(d);
    int status = d->spec->training ? MCD_OK : check_rows_apart(d, error);
    if (status)
        return status;
    order_steps(d);
    assign_homes(d);
    if (!d->spec->no_sharing)
        work_in_place(d);
    struct mcd_plan *p = plan_alloc(d, error);
    if (!p)
        return MCD_NOMEM;
    status = make_values(d, p, error);
    if (!status)
        status = make_steps(d, p, error);
    if (!status)
        status = place(d, p, error);
    if (status)
        mcd_plan_destroy(p);
    else
        *plan = p;
    return status;
}

int mcd_plan_create(const struct mcd_plan_spec *spec, struct mcd_plan **plan,
                    struct mcd_error *error)
{
    struct draft d;
    int status = mcd_graph_status(spec->graph, error);
    if (status)
        return status;
    status = draft_create(&d, spec, error);
    if (!status)
        status = make(&d, plan, error);
    draft_destroy(&d);
    return status;
}

void mcd_plan_destroy(struct mcd_plan *p)
{
    if (!p)
        return;
    for (uint32_t s = 0; s < p->nsteps; s++)
        if (p->kernel[s].release)
            p->kernel[s].release(p->kernel[s].state);
    api(p->backend)->release(p->backend->self, p->arena);
    api(p->backend)->release(p->backend->self, p->constants);
    p->host->release(p->host, p->step);
    p->host->release(p->host, p->kernel);
    p->host->release(p->host, p->input);
    p->host->release(p->host, p->value);
    p->host->release(p->host, p);
}

const struct mcd_tensor *mcd_plan_tensor(const struct mcd_plan *p, mcd_val value)
{
    return &p->value[value];
}

int mcd_plan_write(struct mcd_plan *p, mcd_val value, const void *from, struct mcd_error *error)
{
    return api(p->backend)->write(p->backend->self, &p->value[value], from, error);
}

int mcd_plan_read(struct mcd_plan *p, mcd_val value, void *to, struct mcd_error *error)
{
    return api(p->backend)->read(p->backend->self, &p->value[value], to, error);
}

static int run_steps(struct mcd_plan *p, uint32_t first, uint32_t end, const struct mcd_run *run,
                     struct mcd_error *error)
{
    for (uint32_t s = first; s < end; s++) {
        int status = p->kernel[s].run(p->kernel[s].state, &p->step[s], run, error);
        if (status)
            return status;
    }
    return MCD_OK;
}

int mcd_plan_run_prefix(struct mcd_plan *p, const struct mcd_run *run, struct mcd_error *error)
{
    return run_steps(p, 0, p->nprefix, run, error);
}

int mcd_plan_run_body(struct mcd_plan *p, const struct mcd_run *run, struct mcd_error *error)
{
    return run_steps(p, p->nprefix, p->nsteps, run, error);
}
