/*
 * core/predict/condense.c: where a backend's memory is not the host's, leaves come to the host and
 * not passes, and the moments are the same bits as those of passes.
 */
#include "tests/distant.h"
#include "tests/forward_run.h"

#include "core/predict/predict.h"
#include "core/stats/leaf.h"
#include "core/stats/moments.h"

enum { ROWS = 50, WIDTH = 5 };

static const char mlp2[] = "mlp2:hidden=8x6,outputs=3,drop=0.2";

/* One prediction, on the host's memory or on a distant one. */
struct way {
    const char *model, *inner, *sampler;
    int64_t rows;
    uint64_t first_pass, passes;
    double until_mcse;
    uint32_t threads;
    int scaled, answers, samples; /* of a regression: units, known answers; samples are wanted */
    uint32_t refuse_op;
    uint64_t room;
    float spoil; /* instead of an input's element; 0: none */
};

static struct way way_of(const char *model, const char *sampler, uint64_t passes)
{
    return (struct way){.model = model,
                        .inner = "reference",
                        .sampler = sampler,
                        .rows = ROWS,
                        .passes = passes,
                        .threads = 1};
}

struct outcome {
    struct mcd_host *host;
    struct distant_network on;
    struct mcd_network *network;
    struct mcd_item *sampler;
    struct mcd_meaning *meaning;
    struct mcd_moments *moments;
    struct mcd_error error;
    uint64_t blocks, samples, done, all;
    int status;
};

static int count_samples(void *arg, const struct mcd_block *b, struct mcd_error *error)
{
    struct outcome *o = arg;
    (void)error;
    o->samples += b->passes * (uint64_t)b->rows;
    return MCD_OK;
}

static void note(void *arg, uint64_t done, uint64_t all)
{
    struct outcome *o = arg;
    o->done = done;
    o->all = all;
}

static void set_meaning(struct outcome *o, const struct way *w)
{
    struct mcd_error e = {0};
    int64_t n = o->network->outputs;
    assert_ok(mcd_meaning_create(o->host, w->rows, n, 0, w->answers, &o->meaning, &e), e);
    for (int64_t k = 0; k < n; k++) {
        o->meaning->offset[k] = 10.0 * (double)k - 3.1;
        o->meaning->scale[k] = 0.3 + (double)k;
    }
}

static void open_way(struct outcome *o, const struct way *w, int distant)
{
    struct mcd_shape in = mcd_shape1(WIDTH);
    *o = (struct outcome){.host = mcd_host_create(w->threads, NULL, NULL, NULL)};
    if (distant) {
        distant_network_open(&o->on, o->host, w->model, w->inner, in, SEED);
        o->network = &o->on.network;
        o->on.distant.refuse_op = w->refuse_op;
        o->on.distant.room = w->room;
    } else {
        assert_ok(mcd_network_open(o->host, w->model, w->inner, &in, SEED, &o->network, &o->error),
                  o->error);
    }
    assert_ok(mcd_item_open(o->host, MCD_SAMPLER, w->sampler, &o->sampler, &o->error), o->error);
    if (w->scaled || w->answers)
        set_meaning(o, w);
}

static void predict(struct outcome *o, const struct way *w, int distant,
                    const volatile sig_atomic_t *stop)
{
    float *x = make_input(w->rows, WIDTH);
    open_way(o, w, distant);
    if (w->spoil != 0)
        x[13 * WIDTH + 2] = w->spoil;
    struct mcd_predict job = {.network = o->network,
                              .sampler = o->sampler,
                              .x = x,
                              .rows = w->rows,
                              .seed = SEED,
                              .first_pass = w->first_pass,
                              .passes = w->passes,
                              .until_mcse = w->until_mcse,
                              .meaning = o->meaning,
                              .keep_pieces = 1,
                              .samples = w->samples ? count_samples : NULL,
                              .samples_arg = o,
                              .progress = note,
                              .progress_arg = o,
                              .stop = stop};
    o->status = mcd_predict_run(&job, &o->moments, &o->error);
    if (o->status)
        o->moments = NULL;
    free(x);
}

static void close_way(struct outcome *o)
{
    mcd_moments_destroy(o->moments);
    mcd_meaning_destroy(o->host, o->meaning);
    mcd_item_close(o->host, o->sampler);
    if (o->on.inner)
        distant_network_close(&o->on);
    else
        mcd_network_close(o->network);
    assert_int_equal(mcd_host_live(o->host), 0);
    mcd_host_destroy(o->host);
}

static void assert_same_piece(const struct mcd_moments *m, const struct mcd_row_block *b,
                              const struct mcd_piece *p, const struct mcd_piece *q)
{
    size_t rows = (size_t)b->rows;
    assert_int_equal(p->first, q->first);
    assert_int_equal(p->passes, q->passes);
    assert_int_equal(p->values != NULL, q->values != NULL);
    if (p->values)
        assert_memory_equal(p->values, q->values, rows * mcd_leaf_width(&m->spec) * sizeof(double));
    else
        assert_memory_equal(p->samples, q->samples,
                            p->passes * rows * (size_t)m->spec.outputs *
                                mcd_type_size(m->spec.type));
}

/* Piece by piece, so that parts that are joined later are the same, too. */
static void assert_same_moments(const struct mcd_moments *a, const struct mcd_moments *b)
{
    assert_int_equal(a->blocks, b->blocks);
    for (uint32_t i = 0; i < a->blocks; i++) {
        const struct mcd_row_block *p = &a->block[i], *q = &b->block[i];
        size_t sums = (size_t)p->rows * MCD_BATCHES * mcd_leaf_sums(&a->spec);
        assert_int_equal(p->count, q->count);
        assert_int_equal(p->next_pass, q->next_pass);
        for (uint32_t j = 0; j < p->count; j++)
            assert_same_piece(a, p, &p->piece[j], &q->piece[j]);
        if (sums)
            assert_memory_equal(p->sums, q->sums, sums * sizeof *p->sums);
    }
}

/* How many of an op's kernels a distant prediction ran. */
static uint64_t compare_ways(const struct way *w, uint32_t op, uint64_t *read)
{
    struct outcome here, there;
    predict(&here, w, 0, NULL);
    predict(&there, w, 1, NULL);
    if (here.status || there.status)
        fail_msg("%s, %s", here.error.text, there.error.text);
    assert_same_moments(here.moments, there.moments);
    assert_int_equal(here.samples, there.samples);
    assert_int_equal(here.done, there.done);
    assert_int_equal(here.all, there.all);
    assert_true(w->until_mcse == 0 || here.done < here.all);
    uint64_t runs = there.on.distant.runs[op];
    *read = there.on.distant.read + there.on.distant.fetched;
    close_way(&here);
    close_way(&there);
    return runs;
}

static void moments_are_those_of_passes(void **state)
{
    static const char *const samplers[] = {"bernoulli", "antithetic", "balanced:block=16",
                                           "balanced:block=8"};
    static const char *const inner[] = {"reference", "reference:precision=f64"};
    size_t count = getenv("MCDROP_FAST") ? 1 : sizeof samplers / sizeof *samplers;
    (void)state;
    for (size_t i = 0; i < count; i++)
        for (uint32_t threads = 1; threads <= 3; threads += 2) {
            struct way w = way_of(mlp, samplers[i], 1000);
            uint64_t read;
            w.inner = inner[i % 2];
            w.threads = threads;
            assert_true(compare_ways(&w, MCD_OP_SUMS, &read) > 0);
            w.first_pass = 61; /* blocks at both ends that are there in part */
            assert_true(compare_ways(&w, MCD_OP_MOMENTS, &read) > 0);
            w.model = mlp2;
            assert_true(compare_ways(&w, MCD_OP_MOMENTS, &read) > 0);
            w.scaled = 1;
            assert_true(compare_ways(&w, MCD_OP_CHANNELS, &read) > 0);
            w.passes = 3; /* no whole block */
            compare_ways(&w, MCD_OP_CHANNELS, &read);
        }
}

/* Three blocks of rows, of which the last has fewer, and a single pass in a block. */
static void rows_that_do_not_exist_do_not_count(void **state)
{
    (void)state;
    struct way w = way_of(mlp, "bernoulli", 23);
    uint64_t read;
    w.rows = 770;
    w.threads = 2;
    assert_int_equal(compare_ways(&w, MCD_OP_SUMS, &read), 3 * 23);
    w.passes = 530; /* more than are condensed in a row */
    w.first_pass = 21;
    assert_int_equal(compare_ways(&w, MCD_OP_SUMS, &read), 3 * 530);
}

/* A stop in between is at the same pass, and what is there the same. */
static void stops_at_the_same_error(void **state)
{
    (void)state;
    struct way w = way_of(mlp, "bernoulli", 5000);
    uint64_t read;
    w.until_mcse = 0.003;
    w.threads = 2;
    assert_true(compare_ways(&w, MCD_OP_SUMS, &read) > 0);
    w.sampler = "antithetic";
    w.first_pass = 9;
    assert_true(compare_ways(&w, MCD_OP_SUMS, &read) > 0);
}

/*
 * Blocks of 7 passes, up to 64 in each of the four jobs that one thread has: 142 whole ones of 1000,
 * leaves of 64, 64, 8, 4 and 2 and three times sums; and 6 passes.
 */
static void only_leaves_are_read(void **state)
{
    (void)state;
    struct way w = way_of(mlp, "bernoulli", 1000);
    uint64_t read, channels = 2 * 4 + 1, passes = 7 * 4 * sizeof(float);
    assert_int_equal(compare_ways(&w, MCD_OP_SUMS, &read), 143);
    assert_int_equal(read, ROWS * ((5 * 2 + 3 * MCD_BATCHES) * channels * 8 + passes));
    w.model = mlp2;
    passes = 7 * 3 * sizeof(float);
    assert_int_equal(compare_ways(&w, MCD_OP_SUMS, &read), 0);
    assert_int_equal(read, ROWS * (5 * 2 * 3 * 8 + passes));
}

/* Whoever wants the samples, and scores that need them, get them all. */
static void samples_come_where_they_are_wanted(void **state)
{
    (void)state;
    struct way w = way_of(mlp, "bernoulli", 100);
    uint64_t read;
    w.samples = 1;
    assert_int_equal(compare_ways(&w, MCD_OP_CHANNELS, &read), 0);
    assert_int_equal(read, ROWS * 15 * 7 * 4 * sizeof(float));
    w = way_of(mlp2, "antithetic", 100);
    w.answers = 1;
    assert_int_equal(compare_ways(&w, MCD_OP_CHANNELS, &read), 0);
}

/* A backend that cannot, or has no room for it, gives the samples. */
static void a_refusal_is_no_failure(void **state)
{
    static const uint32_t ops[] = {MCD_OP_CHANNELS, MCD_OP_MOMENTS, MCD_OP_SUMS};
    (void)state;
    struct way w = way_of(mlp, "antithetic", 300);
    uint64_t read;
    w.first_pass = 5;
    w.threads = 2;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        w.refuse_op = ops[i];
        assert_int_equal(compare_ways(&w, MCD_OP_CHANNELS, &read), 0);
    }
    struct outcome plain;
    w.threads = 1;
    predict(&plain, &w, 1, NULL);
    assert_int_equal(plain.status, MCD_OK);
    w.refuse_op = 0;
    w.room = plain.on.distant.most_bytes;
    close_way(&plain);
    assert_int_equal(compare_ways(&w, MCD_OP_CHANNELS, &read), 0);
}

/* The report is that of the passes, also where only some of them overflow. */
static void what_is_not_finite_is_named(void **state)
{
    static const float spoils[] = {NAN, INFINITY, -INFINITY, 1.2e38F, 3.4e38F};
    static const char *const models[] = {mlp, mlp2};
    int later = 0;
    (void)state;
    for (size_t i = 0; i < 2 * sizeof spoils / sizeof *spoils; i++) {
        struct way w = way_of(models[i % 2], "bernoulli", 800);
        struct outcome here, there;
        w.first_pass = 3;
        w.threads = 2;
        w.spoil = spoils[i / 2];
        predict(&here, &w, 0, NULL);
        predict(&there, &w, 1, NULL);
        assert_int_equal(here.status, there.status);
        assert_string_equal(here.error.text, there.error.text);
        later += here.status && !strstr(here.error.text, "pass 3 ");
        close_way(&here);
        close_way(&there);
    }
    assert_true(later > 0);
}

static void a_stop_is_heard(void **state)
{
    (void)state;
    static const volatile sig_atomic_t stop = 1;
    struct way w = way_of(mlp, "bernoulli", 700);
    struct outcome o;
    predict(&o, &w, 1, &stop);
    assert_int_equal(o.status, MCD_STOPPED);
    assert_int_equal(o.on.distant.runs[MCD_OP_SUMS], 0);
    close_way(&o);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_those_of_passes),
        cmocka_unit_test(rows_that_do_not_exist_do_not_count),
        cmocka_unit_test(stops_at_the_same_error),
        cmocka_unit_test(only_leaves_are_read),
        cmocka_unit_test(samples_come_where_they_are_wanted),
        cmocka_unit_test(a_refusal_is_no_failure),
        cmocka_unit_test(what_is_not_finite_is_named),
        cmocka_unit_test(a_stop_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
