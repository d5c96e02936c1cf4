/*
 * One update after another: runs the plan for the size of its batch, which is gathered in the
 * backend's memory, or in the host's and written.
 */
#include "core/train/trainer.h"

#include "core/base/error.h"
#include "core/base/reals.h"
#include "core/graph/plan.h"
#include "core/network/resident.h"
#include "core/train/shuffle.h"

#include <string.h>

/* Plans for full batches and for the last one of an epoch. */
enum { FULL, LAST, PLANS };

struct trainer_plan {
    struct mcd_recording recording;
    mcd_val target, loss;
    struct mcd_plan *plan;
};

struct mcd_trainer {
    struct mcd_trainer_spec spec;
    const struct mcd_host *host;
    struct trainer_plan plan[PLANS];
    uint32_t *order; /* rows of the epoch below */
    uint64_t epoch;  /* UINT64_MAX: none yet */
    struct mcd_resident resident;
    int is_resident;  /* else batches are written: */
    void *x, *target; /* one batch in the backend's types */
    struct mcd_draw *draws;
    union real *fetched;   /* [MCD_MOST_AHEAD] losses as they come from the backend */
    struct mcd_loss *loss; /* [MCD_MOST_AHEAD] */
    uint32_t ahead;
};

union real {
    float narrow;
    double wide;
};

/* ---- making ------------------------------------------------------------------------------ */

static int is_classifier(const struct mcd_trainer *t)
{
    return t->spec.network->recipe.task == MCD_CLASSIFY;
}

/* Rows of a full batch. */
static uint32_t batch_of(const struct mcd_trainer_spec *s)
{
    return s->batch == 0 || s->batch > s->data.rows ? (uint32_t)s->data.rows : s->batch;
}

/* The target's node: gathered as the input is, or given. */
static mcd_val record_target(const struct mcd_network *n, const struct mcd_recording *r,
                             int64_t rows)
{
    int labels = n->recipe.task == MCD_CLASSIFY;
    if (!r->order)
        return mcd_graph_input(r->graph, 1, labels ? mcd_shape0() : mcd_shape1(n->outputs), labels);
    struct mcd_shape table = labels ? mcd_shape1(rows) : mcd_shape2(rows, n->outputs);
    mcd_val in[2] = {mcd_graph_table(r->graph, MCD_TABLE_TARGET, table, labels), r->order};
    return mcd_graph_op(r->graph, MCD_OP_GATHER, 2, in, NULL);
}

static int record(const struct mcd_trainer_spec *s, uint32_t batch, int resident,
                  struct trainer_plan *p, struct mcd_error *error)
{
    const struct mcd_network *n = s->network;
    struct mcd_recording *r = &p->recording;
    int status = mcd_network_record_training(n, batch, s->data.rows, resident, r, error);
    if (status)
        return status;
    p->target = record_target(n, r, s->data.rows);
    r->graph->scheduled = s->schedule != MCD_RATE_CONSTANT;
    status =
        mcd_graph_training(r->graph, n->recipe.task, r->y, p->target, &s->update, &p->loss, error);
    if (status) {
        mcd_graph_destroy(r->graph);
        r->graph = NULL;
    }
    return status;
}

int mcd_trainer_record(const struct mcd_trainer_spec *spec, struct mcd_recording *r,
                       mcd_val *target, mcd_val *loss, struct mcd_error *error)
{
    struct trainer_plan p = {0};
    int status = record(spec, batch_of(spec), 0, &p, error);
    *r = p.recording;
    *target = p.target;
    *loss = p.loss;
    return status;
}

static int plan_create(struct mcd_trainer *t, struct trainer_plan *p, uint32_t rows,
                       struct mcd_error *error)
{
    const struct mcd_trainer_spec *s = &t->spec;
    int status = record(s, rows, t->is_resident, p, error);
    if (status)
        return status;
    struct mcd_plan_spec spec = {
        .graph = p->recording.graph,
        .store = s->network->store,
        .rows = rows,
        .passes = 1,
        .training = 1,
        .noutputs = 1,
        .output = &p->loss,
        .table = t->resident.table,
    };
    return mcd_plan_create(&spec, &p->plan, error);
}

static int plans_create(struct mcd_trainer *t, struct mcd_error *error)
{
    uint32_t rest = (uint32_t)t->spec.data.rows % t->spec.batch;
    int status = plan_create(t, &t->plan[FULL], t->spec.batch, error);
    return status || !rest ? status : plan_create(t, &t->plan[LAST], rest, error);
}

static void plans_destroy(struct mcd_trainer *t)
{
    for (int i = 0; i < PLANS; i++) {
        mcd_plan_destroy(t->plan[i].plan);
        mcd_graph_destroy(t->plan[i].recording.graph);
        t->plan[i] = (struct trainer_plan){0};
    }
}

/*
 * Plans that gather from the data in the backend's memory: MCD_NOMEM if there is too little of it,
 * MCD_UNSUPPORTED if it cannot gather or another thing, which the plans without gathering tell.
 */
static int become_resident(struct mcd_trainer *t, struct mcd_error *error)
{
    const struct mcd_trainer_spec *s = &t->spec;
    int status = mcd_resident_create(s->network, &s->data, s->data.rows, &t->resident, error);
    t->is_resident = !status;
    if (!status)
        status = plans_create(t, error);
    if (status) {
        plans_destroy(t);
        mcd_resident_destroy(&t->resident);
        t->is_resident = 0;
    }
    return status;
}

static void tell_of_copying(const struct mcd_trainer *t)
{
    t->host->log(t->host, MCD_LOG_INFO,
                 "%s has too little memory for the training data: batches are copied there",
                 t->spec.network->backend->plugin->name);
}

static int prepare(struct mcd_trainer *t, struct mcd_error *error)
{
    struct mcd_error reason = {0};
    int status = MCD_UNSUPPORTED;
    if (mcd_resident_is_useful(t->spec.network))
        status = become_resident(t, &reason);
    if (status != MCD_NOMEM && status != MCD_UNSUPPORTED)
        return status ? mcd_fail(error, status, reason.where, "%s", reason.text) : MCD_OK;
    int copying = plans_create(t, error);
    if (!copying && status == MCD_NOMEM)
        tell_of_copying(t);
    return copying;
}

int mcd_trainer_add_state(const struct mcd_trainer_spec *spec, struct mcd_error *error)
{
    struct trainer_plan p = {0};
    struct mcd_store *store = spec->network->store;
    uint32_t before = store->count;
    char name[MCD_SLOT_NAME];
    int status = record(spec, batch_of(spec), 0, &p, error);
    for (uint32_t v = 1; !status && v < p.recording.graph->count; v++) {
        const struct mcd_node *n = &p.recording.graph->node[v];
        if (n->source != MCD_FROM_SLOT)
            continue;
        mcd_slot_name(p.recording.graph->param[n->leaf / 2].name, n->leaf % 2, name);
        status = mcd_store_add(store, name, &n->shape, NULL, error);
    }
    if (status)
        mcd_store_cut(store, before);
    mcd_graph_destroy(p.recording.graph);
    return status;
}

static int check(const struct mcd_trainer_spec *s, struct mcd_error *error)
{
    const struct mcd_examples *d = &s->data;
    int64_t classes = s->network->outputs;
    if (d->rows < 1 || d->rows > INT32_MAX)
        return mcd_fail(error, MCD_INVALID, "training data", "%lld rows: expected 1 to 2^31 - 1",
                        (long long)d->rows);
    if (s->network->recipe.task == MCD_CLASSIFY ? !d->label : !d->target)
        return mcd_fail(error, MCD_INVALID, "training data", "has no %s",
                        s->network->recipe.task == MCD_CLASSIFY ? "labels" : "targets");
    for (int64_t i = 0; d->label && i < d->rows; i++)
        if (d->label[i] < 0 || d->label[i] >= classes)
            return mcd_fail(error, MCD_INVALID, "training data",
                            "row %lld has label %d: expected 0 to %lld", (long long)i, d->label[i],
                            (long long)classes - 1);
    return MCD_OK;
}

/* Room for a batch, of who has to copy them. */
static int batch_create(struct mcd_trainer *t, struct mcd_error *error)
{
    const struct mcd_trainer_spec *s = &t->spec;
    size_t real = mcd_type_size(s->network->store->type);
    size_t in = (size_t)mcd_shape_count(&s->network->input);
    size_t out = is_classifier(t) ? sizeof(int32_t) : (size_t)s->network->outputs * real;
    t->x = t->host->alloc(t->host, s->batch * in * real);
    t->target = t->host->alloc(t->host, s->batch * out);
    return t->x && t->target ? MCD_OK : mcd_fail(error, MCD_NOMEM, "training", "out of memory");
}

static int buffers_create(struct mcd_trainer *t, struct mcd_error *error)
{
    const struct mcd_host *host = t->host;
    uint32_t sites = t->plan[FULL].recording.graph->nsites;
    t->order = host->alloc(host, (size_t)t->spec.data.rows * sizeof *t->order);
    t->draws = host->alloc(host, (sites + 1) * sizeof *t->draws);
    t->fetched = host->alloc(host, MCD_MOST_AHEAD * sizeof *t->fetched);
    t->loss = host->alloc(host, MCD_MOST_AHEAD * sizeof *t->loss);
    if (!t->order || !t->draws || !t->fetched || !t->loss)
        return mcd_fail(error, MCD_NOMEM, "training", "out of memory");
    return t->is_resident ? MCD_OK : batch_create(t, error);
}

int mcd_trainer_create(const struct mcd_trainer_spec *spec, struct mcd_trainer **trainer,
                       struct mcd_error *error)
{
    const struct mcd_host *host = spec->network->host;
    int status = check(spec, error);
    if (status)
        return status;
    struct mcd_trainer *t = host->alloc(host, sizeof *t);
    if (!t)
        return mcd_fail(error, MCD_NOMEM, "training", "out of memory");
    *t = (struct mcd_trainer){.spec = *spec, .host = host, .epoch = UINT64_MAX};
    t->spec.batch = batch_of(spec);
    status = prepare(t, error);
    if (!status)
        status = buffers_create(t, error);
    if (status)
        mcd_trainer_destroy(t);
    else
        *trainer = t;
    return status;
}

void mcd_trainer_destroy(struct mcd_trainer *t)
{
    if (!t)
        return;
    plans_destroy(t); /* waits for what is under way */
    mcd_resident_destroy(&t->resident);
    t->host->release(t->host, t->order);
    t->host->release(t->host, t->x);
    t->host->release(t->host, t->target);
    t->host->release(t->host, t->draws);
    t->host->release(t->host, t->fetched);
    t->host->release(t->host, t->loss);
    t->host->release(t->host, t);
}

int mcd_trainer_make_room(struct mcd_trainer *t, struct mcd_error *error)
{
    if (!t->is_resident)
        return mcd_fail(error, MCD_UNSUPPORTED, "training",
                        "its data take no memory of the backend");
    plans_destroy(t);
    mcd_resident_destroy(&t->resident);
    t->is_resident = 0;
    int status = plans_create(t, error);
    if (!status)
        status = batch_create(t, error);
    if (!status)
        tell_of_copying(t);
    return status;
}

uint64_t mcd_trainer_epoch_updates(const struct mcd_trainer *t)
{
    return ((uint64_t)t->spec.data.rows + t->spec.batch - 1) / t->spec.batch;
}

/* ---- one update -------------------------------------------------------------------------- */

/* Copies rows of floats in the given order, in the backend's type. */
static void gather(const struct mcd_trainer *t, const float *from, size_t width,
                   const uint32_t *order, uint32_t rows, void *to)
{
    uint32_t type = t->spec.network->store->type;
    size_t bytes = width * mcd_type_size(type);
    for (uint32_t r = 0; r < rows; r++)
        mcd_reals_copy((char *)to + r * bytes, type, from + order[r] * width, MCD_F32, width);
}

static int write_batch(struct mcd_trainer *t, struct trainer_plan *p, const uint32_t *order,
                       uint32_t rows, struct mcd_error *error)
{
    const struct mcd_examples *d = &t->spec.data;
    gather(t, d->x, (size_t)mcd_shape_count(&t->spec.network->input), order, rows, t->x);
    if (!is_classifier(t))
        gather(t, d->target, (size_t)t->spec.network->outputs, order, rows, t->target);
    for (uint32_t r = 0; is_classifier(t) && r < rows; r++)
        ((int32_t *)t->target)[r] = d->label[order[r]];
    int status = mcd_plan_write(p->plan, p->recording.x, t->x, error);
    return status ? status : mcd_plan_write(p->plan, p->target, t->target, error);
}

/* The order of an epoch's rows. */
static int begin_epoch(struct mcd_trainer *t, uint64_t epoch, struct mcd_error *error)
{
    uint32_t all = (uint32_t)t->spec.data.rows;
    if (t->spec.shuffle)
        mcd_shuffle(t->spec.seed, epoch, all, t->order);
    for (uint32_t i = 0; !t->spec.shuffle && i < all; i++)
        t->order[i] = i;
    int status = t->is_resident ? mcd_resident_order(&t->resident, t->order, error) : MCD_OK;
    t->epoch = status ? UINT64_MAX : epoch;
    return status;
}

int mcd_trainer_start(struct mcd_trainer *t, uint64_t update, struct mcd_error *error)
{
    uint64_t each = mcd_trainer_epoch_updates(t);
    uint32_t all = (uint32_t)t->spec.data.rows, first = (uint32_t)(update % each) * t->spec.batch;
    uint32_t rows = all - first < t->spec.batch ? all - first : t->spec.batch;
    struct trainer_plan *p = &t->plan[rows == t->spec.batch ? FULL : LAST];
    struct mcd_run run = {
        .size = sizeof run,
        .domain = MCD_DOMAIN_TRAIN,
        .seed = t->spec.seed,
        .update = update,
        .passes = 1,
        .rows = rows,
        .draws = t->draws,
        .first_place = first,
        .rate_factor = mcd_rate_factor(t->spec.schedule, update, t->spec.epochs * each),
    };
    for (uint32_t s = 0; s < p->recording.graph->nsites; s++)
        t->draws[s] = (struct mcd_draw){.stream = update};
    int status = update / each == t->epoch ? MCD_OK : begin_epoch(t, update / each, error);
    if (!status && !t->is_resident)
        status = write_batch(t, p, t->order + first, rows, error);
    if (!status)
        status = mcd_plan_run_body(p->plan, &run, error);
    if (!status)
        status = mcd_plan_fetch(p->plan, p->loss, &t->fetched[t->ahead], error);
    if (!status)
        t->loss[t->ahead++] = (struct mcd_loss){.update = update, .rows = rows};
    return status;
}

uint32_t mcd_trainer_ahead(const struct mcd_trainer *t)
{
    return t->ahead;
}

int mcd_trainer_runs_ahead(const struct mcd_trainer *t)
{
    const struct mcd_backend *api = t->spec.network->backend->plugin->api;
    return api->fetch != NULL;
}

int mcd_trainer_settle(struct mcd_trainer *t, const struct mcd_loss **loss, uint32_t *count,
                       struct mcd_error *error)
{
    int wide = t->spec.network->store->type == MCD_F64;
    int status = t->ahead ? mcd_plan_sync(t->plan[FULL].plan, error) : MCD_OK;
    for (uint32_t i = 0; !status && i < t->ahead; i++)
        t->loss[i].value = wide ? t->fetched[i].wide : (double)t->fetched[i].narrow;
    *loss = t->loss;
    *count = status ? 0 : t->ahead;
    t->ahead = 0;
    return status;
}

int mcd_trainer_step(struct mcd_trainer *t, uint64_t update, double *loss, uint32_t *rows,
                     struct mcd_error *error)
{
    const struct mcd_loss *settled;
    uint32_t count;
    int status = mcd_trainer_start(t, update, error);
    if (!status)
        status = mcd_trainer_settle(t, &settled, &count, error);
    if (!status) {
        *loss = settled[count - 1].value;
        *rows = settled[count - 1].rows;
    }
    return status;
}
