/* Recording, planning and running in a few lines: see trial.h. */
#include "core/check/trial.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/reals.h"

#include <mcdrop/random.h>

#include <stdlib.h>
#include <string.h>

/* The seed of runs and of made-up values. */
enum { MADE_UP = 2016 };

/* Cleared room for n of `size` bytes, from malloc; NULL with the failure recorded. */
static void *room(struct mcd_trial *t, size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        mcd_fail(&t->error, MCD_NOMEM, "trial", "out of memory");
    return p;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static int begin(struct mcd_trial *t, const struct mcd_item *backend, int stochastic)
{
    if (mcd_store_create(t->host, backend, &t->store, &t->error))
        return t->error.code;
    t->core = mcd_graph_create(t->host, stochastic);
    if (!t->core)
        return mcd_fail(&t->error, MCD_NOMEM, "trial", "out of memory");
    t->g = &t->core->base;
    return MCD_OK;
}

int mcd_trial_open(struct mcd_trial *t, const char *backend, uint32_t threads, int stochastic)
{
    *t = (struct mcd_trial){.seed = MADE_UP};
    t->host = mcd_host_create(threads, NULL, NULL, &t->error);
    if (!t->host)
        return mcd_fail(&t->error, MCD_NOMEM, "trial", "out of memory");
    if (mcd_item_open(t->host, MCD_BACKEND, backend, &t->backend, &t->error)) {
        mcd_host_destroy(t->host);
        t->host = NULL;
        return t->error.code;
    }
    return begin(t, t->backend, stochastic);
}

int mcd_trial_open_item(struct mcd_trial *t, struct mcd_host *host, const struct mcd_item *backend,
                        int stochastic)
{
    *t = (struct mcd_trial){.host = host, .seed = MADE_UP};
    return begin(t, backend, stochastic);
}

uint64_t mcd_trial_close(struct mcd_trial *t)
{
    int own_host = t->backend != NULL;
    uint64_t left = 0;
    mcd_plan_destroy(t->plan);
    mcd_graph_destroy(t->core);
    mcd_store_destroy(t->store);
    free(t->draws);
    if (own_host) {
        mcd_item_close(t->host, t->backend);
        left = mcd_host_live(t->host);
        mcd_host_destroy(t->host);
    }
    *t = (struct mcd_trial){0};
    return left;
}

/* ---- planning -------------------------------------------------------------------------------- */

static int make_draws(struct mcd_trial *t)
{
    uint32_t sites = t->core->nsites, passes = t->plan->passes;
    free(t->draws);
    t->draws = room(t, (size_t)(sites + 1) * passes, sizeof *t->draws);
    for (uint32_t i = 0; t->draws && i < sites * passes; i++)
        t->draws[i].stream = i % passes;
    return t->error.code;
}

int mcd_trial_plan(struct mcd_trial *t, const struct mcd_plan_spec *spec)
{
    if (t->error.code)
        return t->error.code;
    struct mcd_plan_spec full = *spec;
    full.graph = t->core;
    full.store = t->store;
    mcd_plan_destroy(t->plan);
    t->plan = NULL;
    if (mcd_graph_status(t->core, &t->error) || mcd_store_init(t->store, t->core, 1, &t->error) ||
        mcd_plan_create(&full, &t->plan, &t->error))
        return t->error.code;
    if (t->plan->arena->host)
        memset(t->plan->arena->host, 0xFF, t->plan->arena_bytes);
    if (make_draws(t))
        return t->error.code;
    t->run = (struct mcd_run){
        .size = sizeof t->run,
        .domain = spec->training ? MCD_DOMAIN_TRAIN : MCD_DOMAIN_PREDICT,
        .seed = t->seed,
        .passes = spec->passes,
        .rows = spec->rows,
        .draws = t->draws,
        .rate_factor = 1,
    };
    return MCD_OK;
}

/* ---- values ---------------------------------------------------------------------------------- */

size_t mcd_trial_count(const struct mcd_trial *t, mcd_val v)
{
    return (size_t)mcd_tensor_count(mcd_plan_tensor(t->plan, v));
}

/* `to` has room for n doubles. */
static void convert(void *to, uint32_t type, const double *from, size_t n)
{
    if (type != MCD_I32)
        mcd_reals_copy(to, type, from, MCD_F64, n);
    else
        for (size_t i = 0; i < n; i++)
            ((int32_t *)to)[i] = (int32_t)from[i];
}

int mcd_trial_write(struct mcd_trial *t, mcd_val v, const double *from)
{
    if (t->error.code)
        return t->error.code;
    size_t n = mcd_trial_count(t, v);
    void *own = room(t, n, sizeof(double));
    if (!own)
        return t->error.code;
    convert(own, mcd_plan_tensor(t->plan, v)->type, from, n);
    mcd_plan_write(t->plan, v, own, &t->error);
    free(own);
    return t->error.code;
}

double *mcd_trial_read(struct mcd_trial *t, mcd_val v)
{
    if (t->error.code)
        return NULL;
    size_t n = mcd_trial_count(t, v);
    double *wide = room(t, n, sizeof *wide);
    if (!wide || mcd_plan_read(t->plan, v, wide, &t->error)) {
        free(wide);
        return NULL;
    }
    uint32_t type = mcd_plan_tensor(t->plan, v)->type;
    for (size_t i = n; type == MCD_F32 && i-- > 0;)
        wide[i] = ((float *)wide)[i];
    for (size_t i = 0; type == MCD_I64 && i < n; i++)
        wide[i] = (double)((int64_t *)(void *)wide)[i];
    return wide;
}

static struct mcd_entry *find(struct mcd_trial *t, const char *name)
{
    struct mcd_entry *entry = t->error.code ? NULL : mcd_store_find(t->store, name);
    if (!entry)
        mcd_fail(&t->error, MCD_INVALID, name, "is not in the store");
    return entry;
}

int mcd_trial_set(struct mcd_trial *t, const char *name, const double *from)
{
    struct mcd_entry *entry = find(t, name);
    return entry ? mcd_store_write(t->store, entry, from, &t->error) : t->error.code;
}

double *mcd_trial_get(struct mcd_trial *t, const char *name, size_t *count)
{
    struct mcd_entry *entry = find(t, name);
    if (!entry)
        return NULL;
    size_t n = (size_t)mcd_shape_count(&entry->tensor.shape);
    double *to = room(t, n, sizeof *to);
    if (!to || mcd_store_read(t->store, entry, to, &t->error)) {
        free(to);
        return NULL;
    }
    if (count)
        *count = n;
    return to;
}

double mcd_trial_value(uint32_t tensor, uint64_t i)
{
    struct mcd_words words = mcd_philox(MADE_UP, (uint32_t)(i / 4), (uint32_t)(i >> 34), tensor, 0);
    return 2 * mcd_uniform(words.w[i % 4]) - 1;
}

/* ---- running --------------------------------------------------------------------------------- */

int mcd_trial_run(struct mcd_trial *t)
{
    struct mcd_run once = t->run; /* the prefix has rows alone: no passes, no draws */
    once.passes = 1;
    once.draws = NULL;
    once.bits = NULL;
    if (!t->error.code)
        mcd_plan_run_prefix(t->plan, &once, &t->error);
    if (!t->error.code)
        mcd_plan_run_body(t->plan, &t->run, &t->error);
    return t->error.code;
}

/* Whether the failure of allocation k was clean; `before` is what lived before the call. */
static int judge(struct mcd_host *host, uint64_t k, uint64_t before, int status,
                 const struct mcd_error *own, struct mcd_error *e)
{
    uint64_t left = mcd_host_live(host) - before;
    if (status != MCD_NOMEM || own->code != MCD_NOMEM || !*own->text)
        return mcd_fail(e, MCD_INVALID, "memory", "allocation %llu: status %d, error %d '%s: %s'",
                        (unsigned long long)k, status, (int)own->code, own->where, own->text);
    if (left)
        return mcd_fail(e, MCD_INVALID, "memory", "allocation %llu: %llu allocations are left",
                        (unsigned long long)k, (unsigned long long)left);
    return MCD_OK;
}

/*
 * What got through while allocation k was to fail: it made fewer, at least k - stride, so that one
 * of the next `stride` fails; if none does, the failure was there and nobody said so.
 */
static int judge_last(struct mcd_host *host, uint64_t k, uint64_t before, uint64_t stride,
                      struct mcd_error *e)
{
    int swallowed = 1;
    for (uint64_t i = 0; i < stride; i++) {
        void *next = host->alloc(host, 1);
        swallowed &= next != NULL;
        host->release(host, next);
    }
    mcd_host_fail_at(host, 0);
    if (swallowed)
        return mcd_fail(e, MCD_INVALID, "memory", "allocation %llu fails and nobody says so",
                        (unsigned long long)k);
    if (mcd_host_live(host) != before)
        return mcd_fail(e, MCD_INVALID, "memory", "%llu allocations are left",
                        (unsigned long long)(mcd_host_live(host) - before));
    return MCD_OK;
}

int mcd_trial_starve(struct mcd_host *host,
                     int (*f)(struct mcd_host *host, void *arg, struct mcd_error *error), void *arg,
                     uint64_t stride, uint64_t *count, struct mcd_error *e)
{
    uint64_t before = mcd_host_live(host);
    for (uint64_t k = 1;; k += stride) {
        struct mcd_error own = {0};
        mcd_host_fail_at(host, k);
        int status = f(host, arg, &own);
        *count = k - 1;
        if (status == MCD_OK)
            return judge_last(host, k, before, stride, e);
        if (judge(host, k, before, status, &own, e)) {
            mcd_host_fail_at(host, 0);
            return e->code;
        }
    }
}
