/* Planning: a schedule's values become tensors in an arena, its steps get kernels. */
#include "core/graph/plan.h"
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/graph/custom.h"
#include "core/graph/infer.h"
#include "core/graph/schedule.h"
#include "core/graph/sections.h"

#include <string.h>

struct draft {
    const struct mcd_plan_spec *spec;
    struct mcd_schedule s;
};

static const struct mcd_backend *api(const struct mcd_item *backend)
{
    return backend->plugin->api;
}

static int alloc(const struct mcd_plan *p, size_t bytes, struct mcd_buffer **buffer,
                 struct mcd_error *error)
{
    int status = api(p->backend)->alloc(p->backend->self, bytes, buffer, error);
    return mcd_item_status(p->backend, status, error);
}

static int write_tensor(const struct mcd_plan *p, const struct mcd_tensor *to, const void *from,
                        struct mcd_error *error)
{
    int status = api(p->backend)->write(p->backend->self, to, from, error);
    return mcd_item_status(p->backend, status, error);
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
    for (mcd_val v = 1; v < d->s.nodes; v++)
        count += d->s.needed[v] && d->s.node[v].source == MCD_FROM_CONSTANT;
    if (!count)
        return MCD_OK;
    int status = alloc(p, 64 * (size_t)count, &p->constants, error);
    uint32_t i = 0;
    for (mcd_val v = 1; !status && v < d->s.nodes; v++) {
        if (!d->s.needed[v] || d->s.node[v].source != MCD_FROM_CONSTANT)
            continue;
        double wide = d->s.node[v].attr.u.affine.shift;
        float narrow = (float)wide;
        struct mcd_tensor *t = &p->value[v];
        *t = (struct mcd_tensor){p->constants, 64 * (size_t)i++, d->spec->store->type, 0,
                                 d->s.node[v].shape};
        const void *from = t->type == MCD_F64 ? (const void *)&wide : (const void *)&narrow;
        status = write_tensor(p, t, from, error);
    }
    return status;
}

/* Shapes, rows and types of every value; buffers only for what lives outside the arena. */
static int make_values(struct draft *d, struct mcd_plan *p, struct mcd_error *error)
{
    int status = make_constants(d, p, error);
    for (mcd_val v = 1; !status && v < d->s.nodes; v++) {
        const struct mcd_node *n = &d->s.node[v];
        if (!d->s.needed[v] || n->source == MCD_FROM_CONSTANT)
            continue;
        p->value[v] = (struct mcd_tensor){
            .type = n->type ? n->type : d->spec->store->type,
            .rows = mcd_schedule_rows(&d->s, v),
            .shape = n->shape,
        };
        if (n->source == MCD_FROM_PARAM || n->source == MCD_FROM_SLOT)
            status = store_tensor(d, n, &p->value[v], error);
        if (n->source == MCD_FROM_TABLE)
            p->value[v] = d->spec->table[n->leaf];
        const struct mcd_tensor *own = &p->value[mcd_schedule_root(&d->s, v)];
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

/* A copy for every pass is a drop that never drops, one unit a row. */
static void make_tile_step(const struct draft *d, const struct mcd_plan *p, mcd_val v,
                           struct mcd_step *step)
{
    int64_t span = mcd_shape_count(&d->s.node[v].shape);
    struct mcd_tensor *in = p->input + MCD_MAX_INPUTS * (step - p->step);
    *step = (struct mcd_step){.size = sizeof *step, .op = MCD_OP_DROP, .nin = 1, .in = in};
    in[0] = p->value[v];
    step->attr.u.drop = (struct mcd_attr_drop){MCD_BERNOULLI, 0, 1, span, 0};
    step->out = tile_tensor(d, p, v);
}

/* The attribute of a node in this plan. */
static struct mcd_attr attr_of(const struct draft *d, mcd_val v)
{
    const struct mcd_node *n = &d->s.node[v];
    struct mcd_attr attr = n->attr;
    if (n->per_row)
        attr.u.affine.scale /= d->spec->rows;
    return attr;
}

/* The step of v and of what is joined to it, `parts` nodes in all. */
static void make_step(const struct draft *d, const struct mcd_plan *p, mcd_val v, uint32_t parts,
                      struct mcd_part *part, struct mcd_step *step)
{
    const struct mcd_node *n = &d->s.node[v];
    struct mcd_tensor *in = p->input + MCD_MAX_INPUTS * (step - p->step);
    *step = (struct mcd_step){.size = sizeof *step, .op = n->op, .nin = n->nin, .in = in};
    for (uint32_t i = 0; i < n->nin; i++) {
        mcd_val x = n->in[i];
        in[i] = mcd_schedule_tiled(&d->s, v, mcd_schedule_root(&d->s, x)) ? tile_tensor(d, p, x)
                                                                          : p->value[x];
    }
    step->attr = attr_of(d, v);
    step->scheduled = n->scheduled;
    for (uint32_t i = 0; parts > 1 && i < parts; i++) {
        v = i ? d->s.then[v] : v;
        part[i] = (struct mcd_part){d->s.node[v].op, 0, attr_of(d, v), d->s.node[v].shape};
        step->op = MCD_OP_FUSED;
        step->attr = (struct mcd_attr)MCD_ATTR_ZERO;
        step->nparts = parts;
        step->part = part;
    }
    step->out = p->value[v];
}

/* Parts of a step that may be one. */
static uint32_t count_parts(const struct draft *d, mcd_val v)
{
    uint32_t parts = 1;
    while ((v = d->s.then[v]))
        parts++;
    return parts;
}

static int ask_kernel(struct mcd_plan *p, const struct mcd_step *step, struct mcd_error *error)
{
    struct mcd_error reason = {0};
    char text[MCD_SHAPE_TEXT];
    uint32_t op = step->nparts ? step->part[0].op : step->op;
    struct mcd_kernel *kernel = &p->kernel[step - p->step];
    if (mcd_op_is_custom(op))
        return mcd_custom_kernel(p->host, p->backend, step, kernel, error);
    if (step->scheduled && mcd_item_is_older(p->backend, 1))
        return mcd_fail(
            error, MCD_UNSUPPORTED, p->backend->plugin->name,
            "was built for version 1.0 of the interface, which knows no schedule of the "
            "learning rate: expected a constant rate, or a build for 1.1");
    *kernel = (struct mcd_kernel){0}; /* a longer step that was refused may have left something */
    int status = api(p->backend)->kernel(p->backend->self, step, kernel, &reason);
    int shorter = status == MCD_UNSUPPORTED && step->nparts; /* is asked for next */
    if (status && !shorter)
        return mcd_fail(error, status, p->backend->plugin->name, "cannot do %s of %s: %s",
                        mcd_op_name(op), mcd_shape_text(&step->in[0].shape, text),
                        *reason.text ? reason.text : "it does not say why");
    return status;
}

/* Offers as much as possible as one step, then less and less; what is left over is the next one. */
static int make_longest_step(struct draft *d, struct mcd_plan *p, uint32_t s, uint32_t *nparts,
                             struct mcd_error *error)
{
    struct mcd_part *part = p->part + *nparts;
    uint32_t parts = count_parts(d, d->s.order[s]);
    int status;
    do {
        make_step(d, p, d->s.order[s], parts, part, &p->step[s]);
        status = ask_kernel(p, &p->step[s], error);
    } while (status == MCD_UNSUPPORTED && --parts > 0);
    if (status)
        return status;
    mcd_schedule_cut(&d->s, s, parts);
    *nparts += parts > 1 ? parts : 0;
    return MCD_OK;
}

static int make_steps(struct draft *d, struct mcd_plan *p, struct mcd_error *error)
{
    uint32_t nparts = 0;
    for (uint32_t s = 0; s < d->s.nsteps; s++) {
        int status;
        if (d->s.order[s] & MCD_TILE) {
            make_tile_step(d, p, d->s.order[s] & ~MCD_TILE, &p->step[s]);
            status = ask_kernel(p, &p->step[s], error);
        } else {
            status = make_longest_step(d, p, s, &nparts, error);
        }
        if (status)
            return status;
        p->nsteps = s + 1; /* so that what was asked for is released if the next one fails */
    }
    p->nprefix = d->s.nprefix;
    return MCD_OK;
}

/* ---- placement --------------------------------------------------------------------------- */

static void locate(const struct draft *d, struct mcd_plan *p, struct mcd_tensor *t, uint32_t home)
{
    if (t->buffer)
        return;
    t->buffer = p->arena;
    t->offset = d->s.storage[home].offset;
}

static void locate_step(struct draft *d, struct mcd_plan *p, uint32_t s)
{
    struct mcd_step *step = &p->step[s];
    struct mcd_tensor *in = p->input + MCD_MAX_INPUTS * (size_t)s;
    mcd_val v = d->s.order[s];
    if (v & MCD_TILE) {
        locate(d, p, &in[0], d->s.home[v & ~MCD_TILE]);
        locate(d, p, &step->out, d->s.tile[v & ~MCD_TILE]);
        return;
    }
    for (uint32_t i = 0; i < step->nin; i++) {
        mcd_val x = mcd_schedule_root(&d->s, d->s.node[v].in[i]);
        locate(d, p, &in[i], mcd_schedule_tiled(&d->s, v, x) ? d->s.tile[x] : d->s.home[x]);
    }
    if (mcd_op_updates(step->op))
        step->out = in[0];
    else
        locate(d, p, &step->out, d->s.home[mcd_schedule_last(&d->s, v)]);
}

static int place(struct draft *d, struct mcd_plan *p, struct mcd_error *error)
{
    mcd_schedule_settle(&d->s);
    uint32_t workspace = d->s.nstorage;
    for (uint32_t s = 0; s < d->s.nsteps; s++)
        mcd_schedule_workspace(&d->s, p->kernel[s].workspace, s);
    p->arena_bytes =
        mcd_arena_place(d->s.storage, d->s.nstorage, !d->spec->no_sharing, d->s.scratch);
    int status = alloc(p, p->arena_bytes ? p->arena_bytes : 64, &p->arena, error);
    if (status)
        return status;
    for (uint32_t s = 0; s < d->s.nsteps; s++) {
        p->step[s].workspace =
            (struct mcd_tensor){p->arena, d->s.storage[workspace + s].offset, MCD_U8, 0,
                                mcd_shape1((int64_t)p->kernel[s].workspace)};
        locate_step(d, p, s);
    }
    for (mcd_val v = 1; v < d->s.nodes; v++) {
        uint32_t home = d->s.home[mcd_schedule_root(&d->s, v)]; /* 0: within a step */
        if (d->s.needed[v] && home && !d->s.storage[home].outside)
            locate(d, p, &p->value[v], home);
    }
    return MCD_OK;
}

/* ---- putting it together ----------------------------------------------------------------- */

static struct mcd_plan *plan_alloc(const struct draft *d, struct mcd_error *error)
{
    const struct mcd_host *host = d->s.host;
    struct mcd_plan *p = mcd_host_zalloc(host, sizeof *p, error);
    if (p) {
        p->host = host;
        p->backend = d->spec->store->backend;
        p->passes = d->spec->passes;
        size_t steps = (size_t)d->s.most_steps + 1;
        p->step = mcd_host_zalloc(host, steps * sizeof *p->step, error);
        p->kernel = mcd_host_zalloc(host, steps * sizeof *p->kernel, error);
        p->input = mcd_host_zalloc(host, MCD_MAX_INPUTS * steps * sizeof *p->input, error);
        p->part = mcd_host_zalloc(host, steps * sizeof *p->part, error);
        p->value = mcd_host_zalloc(host, d->s.nodes * sizeof *p->value, error);
    }
    if (p && p->step && p->kernel && p->input && p->part && p->value)
        return p;
    mcd_plan_destroy(p);
    return NULL;
}

static int make(struct draft *d, struct mcd_plan **plan, struct mcd_error *error)
{
    struct mcd_plan *p = plan_alloc(d, error);
    if (!p)
        return MCD_NOMEM;
    int status = make_values(d, p, error);
    if (!status)
        status = make_steps(d, p, error);
    if (!status)
        status = place(d, p, error);
    if (!status)
        status = mcd_sections_create(p, d->spec->no_sections != 0, error);
    if (status)
        mcd_plan_destroy(p);
    else
        *plan = p;
    return status;
}

int mcd_plan_create(const struct mcd_plan_spec *spec, struct mcd_plan **plan,
                    struct mcd_error *error)
{
    struct mcd_schedule_spec schedule = {
        .graph = spec->graph,
        .rows = spec->rows,
        .passes = spec->passes,
        .training = spec->training,
        .noutputs = spec->noutputs,
        .output = spec->output,
        .element = mcd_type_size(spec->store->type),
        .no_sharing = spec->no_sharing,
        .no_fusing = spec->no_fusing,
    };
    struct draft d = {.spec = spec};
    uint32_t batch = spec->graph->base.batch;
    int status = mcd_graph_status(spec->graph, error);
    if (!status && batch && (!spec->training || batch != spec->rows))
        status = mcd_fail(error, MCD_INVALID, "plan",
                          "recorded for training on %u rows: expected a plan for that", batch);
    if (status)
        return status;
    status = mcd_schedule_create(spec->store->host, &schedule, &d.s, error);
    if (status)
        return status;
    status = make(&d, plan, error);
    mcd_schedule_clear(&d.s);
    return status;
}

void mcd_plan_destroy(struct mcd_plan *p)
{
    if (!p)
        return;
    mcd_plan_sync(p, NULL); /* a failed run may have left work that still uses the arena */
    mcd_sections_destroy(p);
    for (uint32_t s = 0; s < p->nsteps; s++)
        if (p->kernel[s].release)
            p->kernel[s].release(p->kernel[s].state);
    api(p->backend)->release(p->backend->self, p->arena);
    api(p->backend)->release(p->backend->self, p->constants);
    p->host->release(p->host, p->step);
    p->host->release(p->host, p->kernel);
    p->host->release(p->host, p->input);
    p->host->release(p->host, p->part);
    p->host->release(p->host, p->value);
    p->host->release(p->host, p);
}

const struct mcd_tensor *mcd_plan_tensor(const struct mcd_plan *p, mcd_val value)
{
    return &p->value[value];
}

int mcd_plan_write(struct mcd_plan *p, mcd_val value, const void *from, struct mcd_error *error)
{
    if (!p->value[value].buffer) /* nothing reads it */
        return MCD_OK;
    return write_tensor(p, &p->value[value], from, error);
}

int mcd_plan_read(struct mcd_plan *p, mcd_val value, void *to, struct mcd_error *error)
{
    int status = api(p->backend)->read(p->backend->self, &p->value[value], to, error);
    return mcd_item_status(p->backend, status, error);
}

int mcd_plan_fetch(struct mcd_plan *p, mcd_val value, void *to, struct mcd_error *error)
{
    if (!api(p->backend)->fetch)
        return mcd_plan_read(p, value, to, error);
    int status = api(p->backend)->fetch(p->backend->self, &p->value[value], to, error);
    return mcd_item_status(p->backend, status, error);
}

int mcd_plan_sync(const struct mcd_plan *p, struct mcd_error *error)
{
    int status = api(p->backend)->sync ? api(p->backend)->sync(p->backend->self, error) : MCD_OK;
    return mcd_item_status(p->backend, status, error);
}
