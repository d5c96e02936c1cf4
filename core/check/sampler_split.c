/*
 * split: the same bits on any thread, on 1, 2 and 3 workers, and for passes that are asked for in
 * parts.
 */
#include "core/check/sampler_checks.h"

#include "core/check/asking.h"
#include "core/check/noisy_net.h"
#include "core/predict/predict.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- threads of our own --------------------------------------------------------------------- */

enum { PASSES = 200, ASKERS = 3 };

struct asker {
    const struct mcd_asking *asking;
    struct mcd_checking check; /* its own: askers fail side by side */
    struct mcd_asked bits[PASSES];
};

static void *ask_all(void *arg)
{
    struct asker *t = arg;
    struct mcd_site site = mcd_asking_site(1, 0.3);
    struct mcd_asking mine = *t->asking;
    mine.check = &t->check;
    for (uint64_t pass = 0; pass < PASSES; pass++)
        if (mcd_asking_bits(&mine, &site, t->check.seed, pass, pass % 7, &t->bits[pass]))
            return NULL;
    return NULL;
}

static int judge_asker(struct mcd_checking *c, const struct asker *t, const struct mcd_asked *first)
{
    char where[60];
    if (t->check.verdict == MCD_CHECK_FAILED)
        return mcd_check_fail(c, t->check.where, t->check.expected, "%s", t->check.seen);
    for (int pass = 0; pass < PASSES; pass++)
        if (memcmp(&t->bits[pass], &first[pass], sizeof *first) != 0) {
            snprintf(where, sizeof where, "pass %d, row %d", pass, pass % 7);
            return mcd_check_fail(c, where, "the same units on every thread",
                                  "other units on a second one");
        }
    mcd_check_looked(c, PASSES);
    return 0;
}

/* The calling thread asks first, then several at the same time. */
static int threads_agree(const struct mcd_asking *a)
{
    static struct asker askers[ASKERS];
    pthread_t thread[ASKERS];
    int started = 0, failed = 0;
    for (int i = 0; i < ASKERS; i++)
        askers[i] = (struct asker){.asking = a, .check = *a->check};
    ask_all(&askers[0]);
    for (int i = 1; i < ASKERS; i++)
        started += pthread_create(&thread[started], NULL, ask_all, &askers[i]) == 0;
    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i <= started && !failed; i++)
        failed = judge_asker(a->check, &askers[i], askers[0].bits);
    return failed;
}

/* ---- predictions ---------------------------------------------------------------------------- */

enum { ROWS = 40, FEW_ROWS = 3, LARGE_GROUP = 256 };

/* A sink that keeps the samples of [0, passes) for all rows. */
struct kept {
    uint64_t passes;
    int64_t rows;
    double *y; /* [passes][rows][MCD_NOISY_OUTPUTS] */
};

static int keep(void *arg, const struct mcd_block *b, struct mcd_error *e)
{
    struct kept *k = arg;
    size_t n = (size_t)b->rows * MCD_NOISY_OUTPUTS;
    const double *from = b->samples;
    (void)e;
    for (uint64_t p = 0; p < b->passes; p++)
        memcpy(k->y + ((b->first_pass + p) * (uint64_t)k->rows + (uint64_t)b->first_row) *
                          MCD_NOISY_OUTPUTS,
               from + p * n, n * sizeof *from);
    return MCD_OK;
}

/* Predicts passes [0, cut) and [cut, passes). */
static int predict_parts(const struct mcd_asking *a, const struct mcd_noisy_net *net, uint64_t cut,
                         struct kept *k)
{
    float x[ROWS * MCD_NOISY_INPUTS];
    struct mcd_error e = {0};
    int status = MCD_OK;
    mcd_noisy_net_input(x, k->rows);
    for (int part = 0; part < 2 && !status; part++) {
        struct mcd_moments *m = NULL;
        struct mcd_predict job = {.network = &net->network,
                                  .sampler = a->item,
                                  .x = x,
                                  .rows = k->rows,
                                  .seed = a->check->seed,
                                  .first_pass = part ? cut : 0,
                                  .passes = part ? k->passes - cut : cut,
                                  .samples = keep,
                                  .samples_arg = k};
        if (job.passes)
            status = mcd_predict_run(&job, &m, &e);
        mcd_moments_destroy(m);
    }
    return mcd_check_status(a->check, "a prediction", status, &e);
}

static int predict(struct mcd_checking *c, uint32_t threads, uint64_t cut, struct kept *k)
{
    struct mcd_error e = {0};
    struct mcd_asking a;
    struct mcd_noisy_net net;
    if (mcd_asking_open(c, threads, &a))
        return -1;
    int status = mcd_noisy_net_open(&net, a.host, 0.3, 1, &e);
    int failed = mcd_check_status(c, "a network", status, &e);
    if (!failed) {
        failed = predict_parts(&a, &net, cut, k);
        mcd_noisy_net_close(&net);
    }
    mcd_asking_close(&a);
    return failed;
}

static int judge(struct mcd_checking *c, const char *what, const struct kept *got,
                 const struct kept *first)
{
    uint64_t row = MCD_NOISY_OUTPUTS, pass = row * (uint64_t)first->rows;
    for (uint64_t i = 0; i < first->passes * pass; i++)
        if (memcmp(&got->y[i], &first->y[i], sizeof *got->y) != 0) {
            char where[80];
            snprintf(where, sizeof where, "pass %llu, row %llu, %s", (unsigned long long)(i / pass),
                     (unsigned long long)(i % pass / row), what);
            return mcd_check_fail(c, where, "the bits that one thread gives in one go",
                                  "%.17g instead of %.17g", got->y[i], first->y[i]);
        }
    mcd_check_looked(c, first->passes);
    return 0;
}

static size_t values_of(const struct kept *k)
{
    return (size_t)(k->passes * (uint64_t)k->rows) * MCD_NOISY_OUTPUTS;
}

static int predictions_agree(struct mcd_checking *c, uint32_t group, struct kept *first,
                             struct kept *got)
{
    static const char *const what[] = {"on 2 threads", "on 3 threads, in two parts"};
    if (predict(c, 1, first->passes, first))
        return -1;
    for (uint32_t i = 0; i < 2; i++) {
        memset(got->y, 0, values_of(got) * sizeof *got->y);
        if (predict(c, i + 2, i ? group / 2 + 5 : first->passes, got) ||
            judge(c, what[i], got, first))
            return -1;
    }
    return 0;
}

static void predict_all_ways(struct mcd_checking *c, uint32_t group)
{
    struct kept first = {2 * (uint64_t)group + 37, group > LARGE_GROUP ? FEW_ROWS : ROWS, NULL};
    struct kept got = first;
    first.y = calloc(2 * values_of(&first), sizeof *first.y);
    if (!first.y) {
        mcd_check_fail(c, "memory", "room for samples", "none");
        return;
    }
    got.y = first.y + values_of(&first);
    predictions_agree(c, group, &first, &got);
    free(first.y);
}

void mcd_sampler_check_split(struct mcd_checking *c)
{
    struct mcd_asking a;
    if (mcd_asking_open(c, 1, &a))
        return;
    int failed = threads_agree(&a);
    uint32_t group = a.group;
    mcd_asking_close(&a);
    if (!failed)
        predict_all_ways(c, group);
}
