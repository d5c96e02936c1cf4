/* Weights that were saved and loaded predict what they did before, to the bit. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/reals.h"
#include "core/check/input.h"
#include "core/check/lesson.h"
#include "core/check/recorders.h"
#include "core/network/checkpoint.h"
#include "core/predict/geometry.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char bernoulli[] = "bernoulli";

/* One prediction: every pass of every row. */
struct prediction {
    size_t count, room;
    double *at;
    uint32_t type;
    int64_t outputs;
};

static int keep(void *arg, const struct mcd_block *b, struct mcd_error *e)
{
    struct prediction *p = arg;
    size_t n = (size_t)b->passes * (size_t)(b->rows * p->outputs);
    if (p->count + n > p->room)
        return mcd_fail(e, MCD_INVALID, "prediction", "more blocks than were asked for");
    mcd_reals_copy(p->at + p->count, MCD_F64, b->samples, p->type, n);
    p->count += n;
    return MCD_OK;
}

/* With `sampler`, a block of passes; without, weight averaging. */
static int predict(const struct mcd_network *n, const float *x, const struct mcd_item *sampler,
                   uint64_t seed, struct prediction *p, struct mcd_error *e)
{
    struct mcd_forward f = {.network = n,
                            .sampler = sampler,
                            .x = x,
                            .rows = MCD_LESSON_ROWS,
                            .seed = seed,
                            .block_count = 1,
                            .sink = keep,
                            .arg = p};
    mcd_forward_geometry(&f);
    *p = (struct prediction){.type = n->store->type, .outputs = n->outputs};
    p->room = (size_t)f.block_passes * MCD_LESSON_ROWS * (size_t)n->outputs;
    p->at = calloc(p->room, sizeof *p->at);
    return p->at ? mcd_forward_run(&f, e) : mcd_fail(e, MCD_NOMEM, "prediction", "out of memory");
}

/* A network that learnt and was saved, and one with other first values that was loaded. */
struct pair {
    struct mcd_checking *c;
    struct mcd_host *host;
    struct mcd_lesson saved;
    struct mcd_network *loaded;
    char path[PATH_MAX];
};

static int open_both(struct pair *p, const struct mcd_shape *in, struct mcd_error *e)
{
    struct mcd_safetensors file = {0};
    const char *spec = p->c->spec;
    uint64_t seed = p->c->seed;
    int status = mcd_lesson_open(&p->saved, p->host, spec, in, seed, e);
    if (!status)
        status = mcd_lesson_train(&p->saved, 1, 2, e);
    if (!status)
        status = mcd_weights_save(p->saved.network, p->path, NULL, 0, e);
    if (!status)
        status = mcd_network_open(p->host, spec, "reference", in, seed + 1, &p->loaded, e);
    if (!status)
        status = mcd_safetensors_read(p->path, &file, e);
    if (!status)
        status = mcd_weights_load(p->loaded, &file, p->path, 0, e);
    mcd_safetensors_clear(&file);
    return status;
}

static int compare(struct pair *p, const struct mcd_item *sampler, const char *what)
{
    struct prediction a = {0}, b = {0};
    struct mcd_error e = {0};
    int status = predict(p->saved.network, p->saved.x, sampler, p->c->seed, &a, &e);
    if (!status)
        status = predict(p->loaded, p->saved.x, sampler, p->c->seed, &b, &e);
    status = mcd_check_status(p->c, what, status, &e);
    mcd_check_looked(p->c, a.count);
    for (size_t i = 0; !status && i < a.count; i++)
        if (memcmp(&a.at[i], &b.at[i], sizeof *a.at) != 0)
            status =
                mcd_check_fail(p->c, what,
                               "the same bits from weights that were saved and "
                               "loaded",
                               "number %zu is %.9g before and %.9g after", i, a.at[i], b.at[i]);
    free(a.at);
    free(b.at);
    return status;
}

/* Passes too, where there is noise. */
static void compare_all(struct pair *p)
{
    struct mcd_item *sampler = NULL;
    struct mcd_error e = {0};
    if (compare(p, NULL, "weight averaging") || mcd_network_check_stochastic(p->saved.network, &e))
        return;
    e = (struct mcd_error){0};
    int status = mcd_item_open(p->host, MCD_SAMPLER, bernoulli, &sampler, &e);
    if (!mcd_check_status(p->c, bernoulli, status, &e))
        compare(p, sampler, "passes with noise");
    mcd_item_close(p->host, sampler);
}

static void check(struct pair *p, const struct mcd_input *in)
{
    const char *tmp = getenv("TMPDIR");
    char folder[PATH_MAX - 32];
    struct mcd_error e = {0};
    snprintf(folder, sizeof folder, "%s/mcdrop-check-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) {
        mcd_check_skip(p->c, "no folder for weights: %s: %s", folder, strerror(errno));
        return;
    }
    snprintf(p->path, sizeof p->path, "%s/weights.safetensors", folder);
    if (!mcd_check_status(p->c, "weights", open_both(p, &in->shape, &e), &e))
        compare_all(p);
    mcd_lesson_close(&p->saved);
    mcd_network_close(p->loaded);
    unlink(p->path);
    rmdir(folder);
}

void mcd_check_saved(struct mcd_checking *c)
{
    struct mcd_inputs list;
    struct mcd_error e = {0};
    if (mcd_inputs_find(c, &list))
        return;
    struct pair p = {.c = c, .host = mcd_host_create(1, NULL, NULL, &e)};
    if (p.host)
        check(&p, &list.at[0]);
    else
        mcd_check_status(c, "host", MCD_NOMEM, &e);
    mcd_input_remedy(c, &list.at[0]);
    mcd_host_destroy(p.host);
}
