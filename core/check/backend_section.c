/*
 * section: what a backend runs as one gives what the steps give one by one, run after run, with
 * whatever changes between runs.
 */
#include "core/check/backend_checks.h"

#include "core/check/conformance/cases.h"
#include "core/check/trial.h"
#include "core/graph/gradient.h"

#include <mcdrop/model.h>
#include <mcdrop/moments.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 5, PASSES = 4, CLASSES = 3 };

/* ---- networks -------------------------------------------------------------------------------- */

/* Predicted, or trained for a task. */
struct net {
    const char *name;
    struct mcd_shape in;
    mcd_val (*build)(struct mcd_graph *, mcd_val x);
    int trained;
    uint32_t task;
    struct mcd_update update;
    uint32_t scheduled; /* runs multiply the rate */
    int condensed;      /* moments and sums of the passes are asked for, not the passes */
};

static mcd_val linear(struct mcd_graph *g, mcd_val x, const char *name, int64_t out)
{
    mcd_val w = mcd_param(g, name, mcd_shape2(out, mcd_shape_of(g, x).dim[0]), 0, 1);
    return mcd_linear(g, x, w, MCD_ABSENT);
}

static mcd_val dropped(struct mcd_graph *g, mcd_val x, double p)
{
    return mcd_drop(g, x, MCD_BERNOULLI, p, 1);
}

/* Passes share the first step. */
static mcd_val build_dense(struct mcd_graph *g, mcd_val x)
{
    mcd_val a = mcd_map(g, MCD_TANH, linear(g, x, "a", 37));
    mcd_val b = mcd_map(g, MCD_RELU, linear(g, dropped(g, a, 0.2), "b", 37));
    return linear(g, mcd_add(g, dropped(g, b, 0.5), a), "c", CLASSES);
}

static mcd_val build_images(struct mcd_graph *g, mcd_val x)
{
    const struct mcd_attr_conv conv = {{1, 1}, {1, 1}, {1, 1}};
    const struct mcd_attr_pool pool = {MCD_POOL_MAX, {2, 2}, {2, 2}, {0, 0}};
    mcd_val k = mcd_param(g, "k", mcd_shape4(5, 2, 3, 3), 0, 1);
    mcd_val y = mcd_drop(g, mcd_conv2d(g, x, k, MCD_ABSENT, &conv), MCD_BERNOULLI, 0.5, 9 * 7);
    y = mcd_pool2d(g, y, &pool);
    return linear(g, mcd_reshape(g, y, mcd_shape1(5 * 4 * 3)), "a", CLASSES);
}

static void square(const void *self, const struct mcd_shape *shape, const double *const *x,
                   double *y)
{
    (void)self;
    for (int64_t i = 0; i < mcd_shape_count(&shape[1]); i++)
        y[i] = x[0][i] * x[0][i];
}

static void square_back(const void *self, const struct mcd_shape *shape, uint32_t input,
                        const double *const *x, const double *dy, double *dx)
{
    (void)self;
    (void)input;
    for (int64_t i = 0; i < mcd_shape_count(&shape[0]); i++)
        dx[i] = 2 * dy[i] * x[0][i];
}

/* The core's own step lies between the backend's. */
static mcd_val build_interrupted(struct mcd_graph *g, mcd_val x)
{
    static const struct mcd_custom custom = {sizeof custom, square, square_back};
    mcd_val y = linear(g, dropped(g, x, 0.3), "a", 17);
    y = mcd_custom(g, &custom, NULL, 1, &y, mcd_shape1(17));
    return linear(g, dropped(g, y, 0.3), "b", CLASSES);
}

static const struct net nets[] = {
    {"dense, predicted", {1, {29}}, build_dense, 0, 0, {0}, 0, 0},
    {"images, predicted", {3, {2, 9, 7}}, build_images, 0, 0, {0}, 0, 0},
    {"interrupted, predicted", {1, {29}}, build_interrupted, 0, 0, {0}, 0, 0},
    {"dense, condensed", {1, {29}}, build_dense, 0, MCD_CLASSIFY, {0}, 0, 1},
    {"dense, trained", {1, {29}}, build_dense, 1, MCD_CLASSIFY, {MCD_SGD, 0.05, 0.9, 0.001}, 0, 0},
    {"dense, trained to a schedule",
     {1, {29}},
     build_dense,
     1,
     MCD_CLASSIFY,
     {MCD_SGD, 0.05, 0.9, 0},
     1,
     0},
    {"images, trained to a schedule",
     {3, {2, 9, 7}},
     build_images,
     1,
     MCD_REGRESS,
     {MCD_ADAM, 0.01, 0, 0},
     1,
     0},
    {"interrupted, trained",
     {1, {29}},
     build_interrupted,
     1,
     MCD_REGRESS,
     {MCD_SGD, 0.01, 0, 0},
     0,
     0},
};

/* ---- runs ------------------------------------------------------------------------------------ */

/* How a run differs from the first one. */
struct change {
    const char *name;
    uint64_t update, seed, first_row;
    uint32_t input, draws; /* others than those of number 0 */
    int bits;              /* of the first site are given */
    int wrong;             /* a label is out of range; the next run has parameters written anew */
};

static const struct change changes[] = {
    {.name = "the first run"},
    {.name = "a second run"},
    {.name = "a third run", .update = 2},
    {.name = "another input", .update = 3, .input = 1},
    {.name = "a later update", .update = 1000, .input = 2},
    {.name = "another seed", .update = 1001, .seed = 1},
    {.name = "other rows", .update = 1001, .seed = 1, .first_row = 77},
    {.name = "other draws", .update = 1002, .draws = 1},
    {.name = "given masks", .update = 1003, .bits = 1},
    {.name = "given masks again", .update = 1004, .bits = 1, .draws = 2},
    {.name = "drawn masks again", .update = 1005, .draws = 3},
    {.name = "a wrong label", .update = 1006, .wrong = 1},
    {.name = "after a wrong label", .update = 1007},
};

_Static_assert(MCD_COUNT(changes) <= 16, "the tree of moments has a level for each power of two");

/* One network twice: as the backend has its sections, and step by step. */
struct side {
    struct mcd_trial t;
    mcd_val x, target;
    uint32_t noutputs;
    mcd_val output[2]; /* the network's, or the loss, or moments and sums */
};

static int is_labelled(const struct net *net)
{
    return net->trained && net->task == MCD_CLASSIFY;
}

/* As core/predict/condense.c does. */
static void record_condensed(struct side *s, mcd_val y)
{
    enum { WIDTH = 2 * CLASSES + 1, LEVELS = 4 /* for 16 runs */ };
    struct mcd_graph_core *g = s->t.core;
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.moments = (struct mcd_attr_moments){.task = MCD_CLASSIFY, .group = 1};
    mcd_val channels = mcd_graph_op(g, MCD_OP_CHANNELS, 1, &y, &attr);
    mcd_val tree = mcd_graph_memory(g, mcd_shape3(LEVELS, 2, WIDTH), MCD_F64);
    mcd_val batches = mcd_graph_memory(g, mcd_shape2(MCD_BATCHES, WIDTH), MCD_I64);
    s->output[0] = mcd_graph_op(g, MCD_OP_MOMENTS, 2, (mcd_val[]){channels, tree}, &attr);
    s->output[1] = mcd_graph_op(g, MCD_OP_SUMS, 2, (mcd_val[]){batches, channels}, &attr);
    s->noutputs = 2;
}

static int record(struct side *s, const struct net *net)
{
    struct mcd_trial *t = &s->t;
    s->x = mcd_graph_input(t->core, 0, net->in, 0);
    mcd_val y = s->output[0] = net->build(t->g, s->x);
    s->noutputs = 1;
    if (net->condensed)
        record_condensed(s, y);
    if (!net->trained)
        return mcd_graph_status(t->core, &t->error);
    s->target = mcd_graph_input(t->core, 1, is_labelled(net) ? mcd_shape0() : mcd_shape1(CLASSES),
                                is_labelled(net));
    t->core->scheduled = net->scheduled;
    return mcd_graph_training(t->core, net->task, y, s->target, &net->update, s->output, &t->error);
}

static void open_side(struct side *s, const struct mcd_checking *c, const struct net *net,
                      uint32_t no_sections)
{
    *s = (struct side){.x = 0};
    if (mcd_trial_open(&s->t, c->spec, 2, 1) || record(s, net))
        return;
    const struct mcd_plan_spec spec = {.rows = ROWS,
                                       .passes = net->trained ? 1 : PASSES,
                                       .training = (uint32_t)net->trained,
                                       .noutputs = s->noutputs,
                                       .output = s->output,
                                       .no_sections = no_sections};
    mcd_trial_plan(&s->t, &spec);
}

static void write_values(struct side *s, mcd_val v, uint32_t tensor, int labels, int wrong)
{
    size_t n = mcd_trial_count(&s->t, v);
    double *values = malloc(n * sizeof *values);
    for (size_t i = 0; values && i < n; i++)
        values[i] = labels ? (double)(i % CLASSES) : mcd_trial_value(tensor, i);
    if (values && wrong)
        values[n / 2] = CLASSES;
    if (values)
        mcd_trial_write(&s->t, v, values);
    free(values);
}

/* A mask for the first site, as a sampler would give it; whatever fits in every shape. */
static const uint32_t *const *given_bits(void)
{
    static uint32_t words[PASSES * ROWS * 8];
    static const uint32_t *bits[] = {words, NULL, NULL};
    for (uint32_t i = 0; i < sizeof words / sizeof *words; i++)
        words[i] = mcd_philox(11, i, 0, 0, 0).w[0];
    return bits;
}

/* Run `number` of those of one plan: passes go on from one to the next, the rate falls. */
static void run_side(struct side *s, const struct net *net, const struct change *change,
                     uint32_t number)
{
    struct mcd_trial *t = &s->t;
    uint32_t passes = t->plan->passes;
    t->run.update = change->update;
    t->run.seed = t->seed + change->seed;
    t->run.rate_factor = 1 / (1 + (double)number);
    t->run.first_row = change->first_row;
    t->run.first_pass = (uint64_t)number * passes;
    t->run.joined = t->run.summed = number;
    t->run.bits = change->bits && !net->trained ? given_bits() : NULL;
    for (uint32_t i = 0; i < t->core->nsites * passes; i++)
        t->draws[i] = (struct mcd_draw){
            .stream = net->trained ? change->update : i % passes + (uint64_t)change->draws * 9,
            .flip = change->draws & i & 1,
            .shared = change->draws >> 1 & i & 1};
    write_values(s, s->x, change->input, 0, 0);
    if (net->trained)
        write_values(s, s->target, 10 + change->input, is_labelled(net), change->wrong);
    mcd_trial_run(t);
}

/* ---- results --------------------------------------------------------------------------------- */

/* What was asked for, or, after that, a tensor that an update may change; NULL after the last. */
static double *read_part(struct side *s, uint32_t i, size_t *count)
{
    uint32_t entry = i - s->noutputs;
    if (i < s->noutputs) {
        *count = mcd_trial_count(&s->t, s->output[i]);
        return mcd_trial_read(&s->t, s->output[i]);
    }
    return entry < s->t.store->count ? mcd_trial_get(&s->t, s->t.store->entry[entry].name, count)
                                     : NULL;
}

/* All of them; NULL after a failure. */
static double *results(struct side *s, size_t *count)
{
    size_t n = 0, room = 0;
    for (uint32_t i = 0; i < s->noutputs; i++)
        room += mcd_trial_count(&s->t, s->output[i]);
    for (uint32_t i = 0; i < s->t.store->count; i++)
        room += (size_t)mcd_shape_count(&s->t.store->entry[i].tensor.shape);
    double *all = malloc(room * sizeof *all), *part;
    for (uint32_t i = 0; all && (part = read_part(s, i, count)); i++) {
        memcpy(all + n, part, *count * sizeof *all);
        n += *count;
        free(part);
    }
    *count = n;
    if (all && !s->t.error.code)
        return all;
    free(all);
    return NULL;
}

static int is_same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static int compare(struct mcd_checking *c, const char *where, struct side *whole,
                   struct side *single)
{
    size_t count = 0, i = 0;
    double *got = results(whole, &count), *expected = results(single, &count);
    int failed = mcd_check_status(c, where, whole->t.error.code, &whole->t.error) ||
                 mcd_check_status(c, where, single->t.error.code, &single->t.error);
    if (got && expected && !failed) {
        mcd_check_looked(c, count);
        while (i < count && is_same(got[i], expected[i]))
            i++;
        if (i < count)
            failed = mcd_check_fail(c, where, "the bits that its steps give one by one",
                                    "result %zu of %zu, parameters among them: %.9g as one, %.9g "
                                    "step by step",
                                    i, count, got[i], expected[i]);
    }
    free(got);
    free(expected);
    return failed;
}

/* ---- judging --------------------------------------------------------------------------------- */

/* What a run that was to fail left behind is written anew. */
static void recover(struct side *s)
{
    s->t.error = (struct mcd_error){0};
    for (uint32_t k = 0; k < s->t.store->count; k++) {
        size_t n = (size_t)mcd_shape_count(&s->t.store->entry[k].tensor.shape);
        double *values = malloc(n * sizeof *values);
        for (size_t i = 0; values && i < n; i++)
            values[i] = mcd_trial_value(100 + k, i);
        if (values)
            mcd_trial_set(&s->t, s->t.store->entry[k].name, values);
        free(values);
    }
}

/* Both refuse the run, or both go through with it. */
static int judge_wrong(struct mcd_checking *c, const char *where, struct side *whole,
                       struct side *single)
{
    int got = whole->t.error.code, expected = single->t.error.code;
    if (got != expected)
        return mcd_check_fail(c, where, "the status that its steps give one by one",
                              "status %d as one, %d step by step", got, expected);
    int failed = got ? 0 : compare(c, where, whole, single);
    recover(whole);
    recover(single);
    return failed;
}

static int judge_runs(struct mcd_checking *c, const struct net *net, struct side *whole,
                      struct side *single)
{
    int failed = 0;
    for (size_t i = 0; i < MCD_COUNT(changes) && !failed; i++) {
        char where[120];
        if (changes[i].wrong && !is_labelled(net))
            continue;
        snprintf(where, sizeof where, "%s, %s", net->name, changes[i].name);
        run_side(whole, net, &changes[i], (uint32_t)i);
        run_side(single, net, &changes[i], (uint32_t)i);
        failed = changes[i].wrong ? judge_wrong(c, where, whole, single)
                                  : compare(c, where, whole, single);
    }
    return failed;
}

static uint32_t count_sections(const struct mcd_plan *p)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->nsections; i++)
        count += p->section[i].whole.run != NULL;
    return count;
}

/* Plans of what the backend refuses are the matter of `claims`. */
static int judge(struct mcd_checking *c, const struct net *net, uint32_t *sections)
{
    struct side whole, single;
    open_side(&whole, c, net, 0);
    open_side(&single, c, net, 1);
    int refused = single.t.error.code == MCD_UNSUPPORTED, failed = 0;
    if (!refused)
        failed = mcd_check_status(c, net->name, whole.t.error.code, &whole.t.error) ||
                 mcd_check_status(c, net->name, single.t.error.code, &single.t.error);
    if (!refused && !failed) {
        *sections += count_sections(whole.t.plan);
        failed = judge_runs(c, net, &whole, &single);
    }
    mcd_trial_close(&whole.t);
    mcd_trial_close(&single.t);
    return failed;
}

void mcd_backend_check_section(struct mcd_checking *c)
{
    uint32_t sections = 0;
    int failed = 0;
    for (size_t i = 0; i < MCD_COUNT(nets) && !failed; i++)
        failed = judge(c, &nets[i], &sections);
    if (!failed && !sections)
        mcd_check_skip(c, "it runs every step by itself");
}
