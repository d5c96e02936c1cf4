/* Made-up data, a network, a sampler. */
#include "core/bench/subject.h"

#include "core/base/host.h"
#include "core/predict/geometry.h"

enum { BATCHES = 4 }; /* of data, so that batches differ */

/* Values in [0, 1), or in [-0.5, 0.5) for targets. */
static void make_up(float *x, size_t n, float shift)
{
    for (size_t i = 0; x && i < n; i++)
        x[i] = (float)(i * 7919 % 256) / 256 - shift;
}

static int make_data(struct mcd_bench_subject *s, struct mcd_error *e)
{
    const struct mcd_bench_case *c = s->of;
    const struct mcd_network *n = s->network;
    size_t in = (size_t)mcd_shape_count(&n->input), out = (size_t)n->outputs;
    s->rows = (int64_t)c->batch * BATCHES > c->rows ? (int64_t)c->batch * BATCHES : c->rows;
    size_t rows = (size_t)s->rows;
    s->x = mcd_host_zalloc(n->host, rows * in * sizeof *s->x, e);
    make_up(s->x, rows * in, 0);
    if (n->recipe.task == MCD_REGRESS) {
        s->target = mcd_host_zalloc(n->host, rows * out * sizeof *s->target, e);
        make_up(s->target, rows * out, 0.5f);
        return s->x && s->target ? MCD_OK : MCD_NOMEM;
    }
    s->label = mcd_host_zalloc(n->host, rows * sizeof *s->label, e);
    for (size_t i = 0; s->label && i < rows; i++)
        s->label[i] = (int32_t)(i % out);
    return s->x && s->label ? MCD_OK : MCD_NOMEM;
}

int mcd_bench_subject_open(const struct mcd_host *host, const struct mcd_bench_case *c,
                           const char *backend, struct mcd_bench_subject *s, struct mcd_error *e)
{
    *s = (struct mcd_bench_subject){.of = c};
    int status = mcd_network_open(host, c->model, backend, &c->input, c->seed, &s->network, e);
    if (!status)
        status = mcd_item_open(host, MCD_SAMPLER, c->sampler, &s->sampler, e);
    if (!status)
        status = make_data(s, e);
    if (status)
        mcd_bench_subject_close(s);
    return status;
}

void mcd_bench_subject_close(struct mcd_bench_subject *s)
{
    if (s->network) {
        const struct mcd_host *host = s->network->host;
        host->release(host, s->x);
        host->release(host, s->target);
        host->release(host, s->label);
        mcd_item_close(host, s->sampler);
    }
    mcd_network_close(s->network);
    *s = (struct mcd_bench_subject){0};
}

/* The model as it is trained when nobody says otherwise. */
static struct mcd_trainer_spec usual_training(const struct mcd_bench_subject *s)
{
    const struct mcd_recipe *r = &s->network->recipe;
    return (struct mcd_trainer_spec){
        .network = s->network,
        .data = {s->rows, s->x, s->label, s->target},
        .update = {r->optimiser, r->rate, r->momentum, r->decay},
        .batch = s->of->batch,
        .shuffle = 1,
        .seed = s->of->seed,
    };
}

int mcd_bench_subject_trainer(const struct mcd_bench_subject *s, const struct mcd_update *update,
                              struct mcd_trainer **trainer, struct mcd_error *e)
{
    struct mcd_trainer_spec spec = usual_training(s);
    if (update)
        spec.update = *update;
    return mcd_trainer_create(&spec, trainer, e);
}

int mcd_bench_subject_record(const struct mcd_bench_subject *s, int training,
                             struct mcd_recording *r, mcd_val *target, mcd_val *result,
                             struct mcd_error *e)
{
    const struct mcd_network *n = s->network;
    const struct mcd_trainer_spec spec = usual_training(s);
    if (training)
        return mcd_trainer_record(&spec, r, target, result, e);
    int status = mcd_network_record(n, 1, r, e);
    *target = 0;
    *result = status ? 0 : r->y;
    return status;
}

struct mcd_forward mcd_bench_subject_forward(const struct mcd_bench_subject *s)
{
    struct mcd_forward f = {
        .network = s->network,
        .sampler = s->sampler,
        .x = s->x,
        .rows = s->of->rows,
        .seed = s->of->seed,
    };
    mcd_forward_geometry(&f);
    return f;
}
