/* One update after another: gathers a batch, runs the plan for its size. */
#include "core/train/trainer.h"

#include "core/base/error.h"
#include "core/base/reals.h"
#include "core/base/word_stream.h"
#include "core/graph/plan.h"

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
    uint32_t *order;  /* rows of the epoch below */
    uint64_t epoch;   /* UINT64_MAX: none yet */
    void *x, *target; /* one batch in the backend's types */
    struct mcd_draw *draws;
};

/* ---- shuffling --------------------------------------------------------------------------- */

/* Uniform below `bound`, without bias. */
static uint32_t below(struct mcd_word_stream *s, uint32_t bound)
{
    uint64_t product = (uint64_t)mcd_next_word(s) * bound;
    if ((uint32_t)product < bound) {
        uint32_t reject = (0u - bound) % bound;
        while ((uint32_t)product < reject)
            product = (uint64_t)mcd_next_word(s) * bound;
    }
    return (uint32_t)(product >> 32);
}

void mcd_shuffle(uint64_t seed, uint64_t epoch, uint32_t rows, uint32_t *order)
{
    struct mcd_word_stream s = {
        .at = {.seed = seed, .stream = epoch, .domain = MCD_DOMAIN_SHUFFLE}};
    for (uint32_t i = 0; i < rows; i++)
        order[i] = i;
    for (uint32_t i = rows; i > 1; i--) {
        uint32_t j = below(&s, i), t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}

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

int mcd_trainer_record(const struct mcd_network *n, uint32_t batch, int64_t rows,
                       const struct mcd_update *update, struct mcd_recording *r, mcd_val *target,
                       mcd_val *loss, struct mcd_error *error)
{
    int labels = n->recipe.task == MCD_CLASSIFY;
    int status = mcd_network_record_training(n, batch, rows, r, error);
    if (status)
        return status;
    *target = mcd_graph_input(r->graph, 1, labels ? mcd_shape0() : mcd_shape1(n->outputs), labels);
    status = mcd_graph_training(r->graph, n->recipe.task, r->y, *target, update, loss, error);
    if (status) {
        mcd_graph_destroy(r->graph);
        r->graph = NULL;
    }
    return status;
}

/* The graph of an update on so many rows. */
static int record(const struct mcd_trainer_spec *s, struct trainer_plan *p, uint32_t rows,
                  struct mcd_error *error)
{
    return mcd_trainer_record(s->network, rows, s->data.rows, &s->update, &p->recording, &p->target,
                              &p->loss, error);
}

static int plan_create(struct mcd_trainer *t, struct trainer_plan *p, uint32_t rows,
                       struct mcd_error *error)
{
    int status = record(&t->spec, p, rows, error);
    if (status)
        return status;
    struct mcd_plan_spec spec = {
        .graph = p->recording.graph,
        .store = t->spec.network->store,
        .rows = rows,
        .passes = 1,
        .training = 1,
        .noutputs = 1,
        .output = &p->loss,
    };
    return mcd_plan_create(&spec, &p->plan, error);
}

int mcd_trainer_add_state(const struct mcd_trainer_spec *spec, struct mcd_error *error)
{
    struct trainer_plan p = {0};
    struct mcd_store *store = spec->network->store;
    uint32_t before = store->count;
    char name[MCD_SLOT_NAME];
    int status = record(spec, &p, batch_of(spec), error);
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

static int buffers_create(struct mcd_trainer *t, struct mcd_error *error)
{
    const struct mcd_trainer_spec *s = &t->spec;
    size_t real = mcd_type_size(s->network->store->type);
    size_t in = (size_t)mcd_shape_count(&s->network->input);
    size_t out = is_classifier(t) ? sizeof(int32_t) : (size_t)s->network->outputs * real;
    uint32_t sites = t->plan[FULL].recording.graph->nsites;
    t->order = t->host->alloc(t->host, (size_t)s->data.rows * sizeof *t->order);
    t->x = t->host->alloc(t->host, s->batch * in * real);
    t->target = t->host->alloc(t->host, s->batch * out);
    t->draws = t->host->alloc(t->host, (sites + 1) * sizeof *t->draws);
    if (t->order && t->x && t->target && t->draws)
        return MCD_OK;
    return mcd_fail(error, MCD_NOMEM, "training", "out of memory");
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
    uint32_t rows = (uint32_t)spec->data.rows;
    t->spec.batch = batch_of(spec);
    status = plan_create(t, &t->plan[FULL], t->spec.batch, error);
    if (!status && rows % t->spec.batch)
        status = plan_create(t, &t->plan[LAST], rows % t->spec.batch, error);
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
    for (int i = 0; i < PLANS; i++) {
        mcd_plan_destroy(t->plan[i].plan);
        mcd_graph_destroy(t->plan[i].recording.graph);
    }
    t->host->release(t->host, t->order);
    t->host->release(t->host, t->x);
    t->host->release(t->host, t->target);
    t->host->release(t->host, t->draws);
    t->host->release(t->host, t);
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

static void gather_batch(struct mcd_trainer *t, const uint32_t *order, uint32_t rows)
{
    const struct mcd_examples *d = &t->spec.data;
    gather(t, d->x, (size_t)mcd_shape_count(&t->spec.network->input), order, rows, t->x);
    if (!is_classifier(t))
        gather(t, d->target, (size_t)t->spec.network->outputs, order, rows, t->target);
    for (uint32_t r = 0; is_classifier(t) && r < rows; r++)
        ((int32_t *)t->target)[r] = d->label[order[r]];
}

static int run_update(struct mcd_trainer *t, struct trainer_plan *p, uint64_t update, uint32_t rows,
                      double *loss, struct mcd_error *error)
{
    struct mcd_run run = {
        .size = sizeof run,
        .domain = MCD_DOMAIN_TRAIN,
        .seed = t->spec.seed,
        .update = update,
        .passes = 1,
        .rows = rows,
        .draws = t->draws,
    };
    for (uint32_t s = 0; s < p->recording.graph->nsites; s++)
        t->draws[s] = (struct mcd_draw){.stream = update};
    int status = mcd_plan_write(p->plan, p->recording.x, t->x, error);
    if (!status)
        status = mcd_plan_write(p->plan, p->target, t->target, error);
    if (!status)
        status = mcd_plan_run_body(p->plan, &run, error);
    union {
        float narrow;
        double wide;
    } value = {0};
    if (!status)
        status = mcd_plan_read(p->plan, p->loss, &value, error);
    *loss = t->spec.network->store->type == MCD_F64 ? value.wide : value.narrow;
    return status;
}

int mcd_trainer_step(struct mcd_trainer *t, uint64_t update, double *loss, uint32_t *rows,
                     struct mcd_error *error)
{
    uint64_t each = mcd_trainer_epoch_updates(t), epoch = update / each;
    uint32_t all = (uint32_t)t->spec.data.rows, first = (uint32_t)(update % each) * t->spec.batch;
    if (epoch != t->epoch) {
        if (t->spec.shuffle)
            mcd_shuffle(t->spec.seed, epoch, all, t->order);
        else
            for (uint32_t i = 0; i < all; i++)
                t->order[i] = i;
        t->epoch = epoch;
    }
    *rows = all - first < t->spec.batch ? all - first : t->spec.batch;
    gather_batch(t, t->order + first, *rows);
    struct trainer_plan *p = &t->plan[*rows == t->spec.batch ? FULL : LAST];
    return run_update(t, p, update, *rows, loss, error);
}
