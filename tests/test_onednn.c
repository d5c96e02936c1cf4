/*
 * backends/onednn: every op against the reference, packed parameters, oneDNN held to one thread,
 * and what precision=bf16 does and doesn't round.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/check/conformance/cases.h"
#include "core/check/conformance/step.h"
#include "core/predict/forward.h"
#include "core/train/trainer.h"
#include "threads.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/checks.h"

#include "tests/scratch.h"

#include "tests/program.h"

#define BF16 "onednn:precision=bf16"

static int bf16; /* this CPU has it */

static void keeps_the_rules_of_backends(void **state)
{
    (void)state;
    assert_passes(mcd_checks_backend, "onednn");
}

static void so_in_bf16(void **state)
{
    (void)state;
    if (bf16)
        assert_passes(mcd_checks_backend, BF16);
}

static void open_backend(struct mcd_engine *b, const char *spec, uint32_t threads)
{
    struct mcd_error e = {0};
    if (mcd_engine_open(spec, threads, b, &e))
        fail_msg("%s: %s", e.where, e.text);
}

/* y = x w of a size for which oneDNN would take all its threads. */
static struct mcd_step_case large_product(uint32_t fill)
{
    struct mcd_step_case c = {
        .name = "large", .op = MCD_OP_LINEAR, .in_place = MCD_NO_INPUT, .passes = 1, .rows = 150};
    mcd_case_input(&c, 150, mcd_shape1(200), fill);
    mcd_case_input(&c, 0, mcd_shape2(300, 200), fill);
    mcd_case_output(&c, 150, mcd_shape1(300));
    return c;
}

/* The caller frees the result. */
static double *run_case(const struct mcd_engine *b, const struct mcd_step_case *c)
{
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    double *results = malloc((size_t)mcd_step_results(c) * sizeof *results);
    assert_non_null(results);
    if (mcd_step_place(b, c, 1, &p, &e) || mcd_step_execute(&p, results, &e))
        fail_msg("%s: %s", e.where, e.text);
    mcd_step_remove(&p);
    return results;
}

/* Whole numbers of few bits, and large sums: bf16 holds the factors, and f32 the sums. */
static void sums_are_f32(void **state)
{
    enum { MOST = 300 * 200 };
    static double whole[MOST];
    struct mcd_step_case c = large_product(MCD_FILL_NAN);
    struct mcd_engine oracle, tested;
    (void)state;
    if (!bf16)
        return;
    for (int i = 0; i < MOST; i++)
        whole[i] = 1 + i % 97;
    c.in[0].data = c.in[1].data = whole;
    open_backend(&oracle, "reference:precision=f64", 2);
    open_backend(&tested, BF16, 2);
    for (int i = 0; i < 2; i++) {
        double *expected = run_case(&oracle, &c), *got = run_case(&tested, &c);
        assert_memory_equal(got, expected, (size_t)mcd_step_results(&c) * sizeof *got);
        free(expected);
        free(got);
        c.op = MCD_OP_LINEAR_DW; /* of 150 rows */
        c.in[1] = (struct mcd_operand){.rows = 150, .shape = mcd_shape1(300), .data = whole};
        c.out = (struct mcd_operand){.shape = mcd_shape2(200, 300), .fill = MCD_FILL_NAN};
    }
    mcd_engine_close(&tested);
    mcd_engine_close(&oracle);
}

/* ---- packed parameters ------------------------------------------------------------------- */

static struct mcd_tensor alone(const struct mcd_engine *b, uint32_t rows, struct mcd_shape shape)
{
    struct mcd_tensor t = {NULL, 0, MCD_F32, rows, shape};
    struct mcd_error e = {0};
    if (b->api->alloc(b->self, (size_t)mcd_tensor_count(&t) * sizeof(float), &t.buffer, &e))
        fail_msg("%s: %s", e.where, e.text);
    return t;
}

/*
 * Packing happens when the backend is told of new contents and only then: weights that change
 * behind its back, which nobody may do, are not seen.
 */
static void weights_are_packed_once(void **state)
{
    enum { ROWS = 40, IN = 64, OUT = 48 };
    float x[ROWS * IN], w[OUT * IN];
    struct mcd_run run = {.size = sizeof run, .passes = 1, .rows = ROWS};
    struct mcd_error e = {0};
    struct mcd_engine b;
    (void)state;
    open_backend(&b, "onednn", 1);
    struct mcd_tensor in[2] = {alone(&b, ROWS, mcd_shape1(IN)), alone(&b, 0, mcd_shape2(OUT, IN))};
    struct mcd_step step = {.size = sizeof step, .op = MCD_OP_LINEAR, .nin = 2, .in = in};
    struct mcd_kernel k = {0};
    step.out = alone(&b, ROWS, mcd_shape1(OUT));
    for (int i = 0; i < ROWS * IN; i++)
        x[i] = 1;
    for (int i = 0; i < OUT * IN; i++)
        w[i] = 1;
    assert_int_equal(b.api->kernel(b.self, &step, &k, &e), MCD_OK);
    step.workspace = alone(&b, 0, mcd_shape1((int64_t)k.workspace / 4 + 1));
    const float *y = mcd_host_pointer(&step.out);
    b.api->write(b.self, &in[0], x, &e);
    b.api->write(b.self, &in[1], w, &e);
    assert_int_equal(k.run(k.state, &step, &run, &e), MCD_OK);
    assert_true(y[0] == IN);
    ((float *)mcd_host_pointer(&in[1]))[0] = 100;
    assert_int_equal(k.run(k.state, &step, &run, &e), MCD_OK);
    assert_true(y[0] == IN);
    w[0] = 2;
    b.api->write(b.self, &in[1], w, &e);
    assert_int_equal(k.run(k.state, &step, &run, &e), MCD_OK);
    assert_true(y[0] == IN + 1);
    k.release(k.state);
    b.api->release(b.self, in[0].buffer);
    b.api->release(b.self, in[1].buffer);
    b.api->release(b.self, step.out.buffer);
    b.api->release(b.self, step.workspace.buffer);
    assert_int_equal(mcd_engine_close(&b), 0);
}

enum { ROUNDS = 3, BATCH = 8, PIXELS = 12 * 12, CLASSES = 10, BLOCKS = 2, PASSES = 3 };

struct course {
    double loss[ROUNDS], mean[ROUNDS][BATCH * CLASSES];
    int round;
};

static int add_up(void *arg, const struct mcd_block *block, struct mcd_error *e)
{
    struct course *c = arg;
    const float *y = block->samples;
    double passes = (double)block->passes;
    (void)e;
    for (uint64_t i = 0; i < block->passes * BATCH * CLASSES; i++)
        c->mean[c->round][i % (BATCH * CLASSES)] += (double)y[i] / (BLOCKS * passes);
    return MCD_OK;
}

/* Trains one update, predicts, and so on. */
static void take_course(const char *backend, const char *model, struct mcd_shape input,
                        struct course *c)
{
    static float x[BATCH * PIXELS];
    static int32_t label[BATCH];
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, &e);
    struct mcd_network *network;
    struct mcd_item *sampler;
    struct mcd_trainer *trainer;
    for (int i = 0; i < BATCH * PIXELS; i++)
        x[i] = (float)(i * 7919 % 256) / 255;
    for (int i = 0; i < BATCH; i++)
        label[i] = i;
    *c = (struct course){.round = 0};
    assert_ok(mcd_network_open(host, model, backend, &input, 1, &network, &e), e);
    assert_ok(mcd_item_open(host, MCD_SAMPLER, "bernoulli", &sampler, &e), e);
    struct mcd_trainer_spec spec = {.network = network,
                                    .data = {BATCH, x, label, NULL},
                                    .update = {MCD_SGD, 0.1, 0.9, 0},
                                    .batch = BATCH,
                                    .seed = 1};
    assert_ok(mcd_trainer_create(&spec, &trainer, &e), e);
    for (uint32_t rows; c->round < ROUNDS; c->round++) {
        struct mcd_forward f = {.network = network,
                                .sampler = sampler,
                                .x = x,
                                .rows = BATCH,
                                .seed = 3,
                                .sink = add_up,
                                .arg = c,
                                .block_rows = BATCH,
                                .block_passes = PASSES,
                                .block_count = BLOCKS};
        assert_ok(mcd_trainer_step(trainer, (uint64_t)c->round, &c->loss[c->round], &rows, &e), e);
        assert_ok(mcd_forward_run(&f, &e), e);
    }
    mcd_trainer_destroy(trainer);
    mcd_item_close(host, sampler);
    mcd_network_close(network);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

static double away(const double *a, const double *b, int n)
{
    double worst = 0, largest = 0;
    for (int i = 0; i < n; i++) {
        worst = fmax(worst, fabs(a[i] - b[i]));
        largest = fmax(largest, fabs(b[i]));
    }
    return isfinite(worst) ? worst / largest : INFINITY;
}

/* The same units are dropped, or nothing would be near. */
static void compare_courses(const char *model, struct mcd_shape input, const char *backend,
                            double tolerance)
{
    static struct course expected, got;
    take_course("reference", model, input, &expected);
    take_course(backend, model, input, &got);
    assert_true(away(expected.mean[0], expected.mean[1], BATCH * CLASSES) > 3 * tolerance);
    assert_true(away(expected.mean[1], expected.mean[2], BATCH * CLASSES) > 3 * tolerance);
    assert_true(away(got.loss, expected.loss, ROUNDS) < tolerance);
    for (int i = 0; i < ROUNDS; i++)
        if (!(away(got.mean[i], expected.mean[i], BATCH * CLASSES) < tolerance))
            fail_msg("%s, %s, after update %d: %g from the reference", backend, model, i + 1,
                     away(got.mean[i], expected.mean[i], BATCH * CLASSES));
}

static void trains_and_predicts_in_turns(void **state)
{
    (void)state;
    compare_courses("mlp:hidden=33x17,drop=0.3", mcd_shape1(PIXELS), "onednn", 1e-4);
    if (bf16)
        compare_courses("mlp:hidden=33x17,drop=0.3", mcd_shape1(PIXELS), BF16, 2e-2);
}

static void so_with_convolutions(void **state)
{
    (void)state;
    compare_courses("lenet", mcd_shape2(12, 12), "onednn", 1e-4);
    if (bf16)
        compare_courses("lenet", mcd_shape2(12, 12), BF16, 5e-2);
}

/* ---- threads ----------------------------------------------------------------------------- */

/* Runs first: OpenMP starts its threads with the first section that uses them. */
static void onednn_starts_no_threads(void **state)
{
    struct mcd_step_case c = large_product(MCD_FILL_MIXED);
    struct mcd_engine b;
    (void)state;
    open_backend(&b, "onednn", 1);
    int before = count_threads();
    free(run_case(&b, &c));
    assert_int_equal(count_threads(), before);
    assert_int_equal(mcd_engine_close(&b), 0);
}

/* A function of the OpenMP runtime that the plugin brought; NULL where it brought none we know. */
static void *openmp_function(const char *name)
{
    static const char *const runtimes[] = {"libgomp.so.1", "libomp.so.5", "libiomp5.so"};
    void *found = NULL;
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes && !found; i++) {
        void *library = dlopen(runtimes[i], RTLD_NOW | RTLD_NOLOAD);
        if (library)
            found = dlsym(library, name);
    }
    return found;
}

/* The calling thread's own number of OpenMP threads is its own again after each call. */
static void the_programs_threads_come_back(void **state)
{
    struct mcd_step_case c = large_product(MCD_FILL_MIXED);
    struct mcd_engine b;
    void (*set)(int);
    int (*get)(void);
    (void)state;
    open_backend(&b, "onednn", 1);
    void *setter = openmp_function("omp_set_num_threads");
    void *getter = openmp_function("omp_get_max_threads");
    if (setter && getter) {
        memcpy(&set, &setter, sizeof setter);
        memcpy(&get, &getter, sizeof getter);
        set(3);
        free(run_case(&b, &c));
        assert_int_equal(get(), 3);
    }
    assert_int_equal(mcd_engine_close(&b), 0);
}

/* ---- what it says ------------------------------------------------------------------------ */

static void tells_what_it_is(void **state)
{
    struct mcd_backend_info info = {.size = sizeof info};
    struct mcd_engine b;
    (void)state;
    open_backend(&b, "onednn", 3);
    b.api->info(b.self, &info);
    assert_int_equal(info.type, MCD_F32);
    assert_string_equal(info.device, "CPU, 3 threads");
    assert_ptr_equal(strstr(info.library, "oneDNN "), info.library);
    assert_null(strstr(info.library, "factors in bf16"));
    assert_null(b.api->linalg);
    mcd_engine_close(&b);
    if (!bf16)
        return;
    open_backend(&b, BF16, 1);
    b.api->info(b.self, &info);
    assert_int_equal(info.type, MCD_F32); /* of parameters, samples and all that is kept */
    assert_non_null(strstr(info.library, "factors in bf16"));
    mcd_engine_close(&b);
}

static void refuses_double_precision(void **state)
{
    struct mcd_tensor in[2] = {{.type = MCD_F64, .rows = 2, .shape = mcd_shape1(3)},
                               {.type = MCD_F64, .shape = mcd_shape2(4, 3)}};
    struct mcd_step step = {.size = sizeof step, .op = MCD_OP_LINEAR, .nin = 2, .in = in};
    struct mcd_kernel kernel;
    struct mcd_error e = {0};
    struct mcd_engine b;
    (void)state;
    step.out = (struct mcd_tensor){.type = MCD_F64, .rows = 2, .shape = mcd_shape1(4)};
    open_backend(&b, "onednn", 1);
    assert_int_equal(b.api->kernel(b.self, &step, &kernel, &e), MCD_UNSUPPORTED);
    assert_non_null(strstr(e.text, "f32"));
    mcd_engine_close(&b);
}

/* Trains, predicts in another process, and says in the result what computed it. */
static void results_say_the_precision(void **state)
{
    static const char *const backends[] = {"onednn:precision=f32", BF16};
    (void)state;
    tiny_data("data");
    for (int i = 0; i < 1 + bf16; i++) {
        assert_program(0, "$M train " TINY "--epochs 2 --backend %s --out run%d -q", backends[i],
                       i);
        assert_program(0,
                       "$M predict --weights run%d/weights.safetensors --passes 20 --data data "
                       "--backend %s --format json -q",
                       i, backends[i]);
        json_t *got = program_json("out");
        assert_string_equal(json_string_value(json_object_get(got, "backend")), backends[i]);
        json_decref(got);
        char *told = program_text("err", NULL);
        assert_string_equal(told, "");
        free(told);
    }
}

/* A CPU without bf16, or one that oneDNN is told to take for such, is refused. */
static void bf16_needs_a_cpu_that_has_it(void **state)
{
    (void)state;
    assert_program(3, "DNNL_MAX_CPU_ISA=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 $M info " BF16);
    assert_has("err", "bf16 needs a CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(onednn_starts_no_threads),
        cmocka_unit_test(keeps_the_rules_of_backends),
        cmocka_unit_test(so_in_bf16),
        cmocka_unit_test(sums_are_f32),
        cmocka_unit_test(weights_are_packed_once),
        cmocka_unit_test(trains_and_predicts_in_turns),
        cmocka_unit_test(so_with_convolutions),
        cmocka_unit_test(the_programs_threads_come_back),
        cmocka_unit_test(tells_what_it_is),
        cmocka_unit_test(refuses_double_precision),
        cmocka_unit_test(results_say_the_precision),
        cmocka_unit_test(bf16_needs_a_cpu_that_has_it),
    };
    struct mcd_engine probe;
    struct mcd_error e = {0};
    bf16 = mcd_engine_open(BF16, 1, &probe, &e) == MCD_OK;
    if (bf16)
        mcd_engine_close(&probe);
    else
        fprintf(stderr, "# SKIPPED: precision=bf16: %s\n", e.text);
    return cmocka_run_group_tests_name("onednn", tests, program_setup, scratch_teardown);
}
