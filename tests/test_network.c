/*
 * core/network/network.c: models by name, recorded and refused; and whole networks' outputs, passes
 * and gradients as PyTorch has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/nets.h"

#include "core/base/host.h"
#include "core/graph/gradient.h"
#include "core/predict/evaluate.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

enum { ROWS = 3, PASSES = 4 };

static const char f32[] = "reference", f64[] = "reference:precision=f64";

static int is_large(const struct net *net)
{
    return strstr(net->name, "tiny") == NULL;
}

/* Large networks are left out under valgrind. */
static int is_left_out(const struct net *net)
{
    return is_large(net) && getenv("MCDROP_FAST");
}

static struct mcd_safetensors fixture;

static int setup(void **state)
{
    (void)state;
    fixture_open(&fixture, "nets.safetensors");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mcd_safetensors_clear(&fixture);
    return 0;
}

static void expect_near(const char *net, const char *what, const double *found, size_t n,
                        double tolerance)
{
    const struct mcd_array *expected = fixture_find(&fixture, net, what);
    assert_int_equal(mcd_array_count(expected), n);
    double away = fixture_distance(found, expected->data, n);
    if (!(away <= tolerance))
        fail_msg("%s/%s: away by %g of the largest magnitude", net, what, away);
}

/* ---- outputs -------------------------------------------------------------------------------- */

static void check_deterministic(const struct net *net, const char *backend, double tolerance)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, &e);
    struct mcd_network *network = net_open(net, host, backend);
    size_t width = (size_t)mcd_shape_count(&net->in), n = ROWS * (size_t)network->outputs;
    double *wide = net_input(net, ROWS * width), *y = calloc(n, sizeof *y);
    float *x = calloc(ROWS * width, sizeof *x);
    assert_true(x && y);
    for (size_t i = 0; i < ROWS * width; i++)
        x[i] = (float)wide[i];
    assert_ok(mcd_average(network, x, ROWS, y, NULL, &e), e);
    expect_near(net->name, "deterministic", y, n, tolerance);
    free(wide);
    free(x);
    free(y);
    mcd_network_close(network);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

static void averages_are_pytorchs(void **state)
{
    (void)state;
    for (int i = 0; i < NETS; i++)
        if (!is_left_out(&nets[i])) {
            check_deterministic(&nets[i], f64, 1e-12);
            check_deterministic(&nets[i], f32, 2e-6);
        }
}

static void check_passes(const struct net *net, const char *backend, int shared, double tolerance)
{
    struct mcd_trial r;
    rig_open(&r, backend, 2, 1);
    mcd_val x = rig_input(&r, net->in), y = rig_model(&r, net->model, x);
    rig_plan(&r,
             &(struct mcd_plan_spec){.rows = ROWS, .passes = PASSES, .noutputs = 1, .output = &y});
    rig_formula(&r);
    for (uint32_t i = 0; i < r.core->nsites * PASSES; i++)
        r.draws[i].shared = (uint32_t)shared;
    double *in = net_input(net, mcd_trial_count(&r, x));
    rig_write(&r, x, in);
    rig_run(&r);
    double *out = rig_read(&r, y);
    expect_near(net->name, shared ? "passes_pass" : "passes_row", out, mcd_trial_count(&r, y),
                tolerance);
    free(in);
    free(out);
    rig_close(&r);
}

static void passes_are_pytorchs(void **state)
{
    (void)state;
    for (int i = 0; i < NETS; i++)
        for (int shared = 0; shared < 2 && !is_left_out(&nets[i]); shared++) {
            check_passes(&nets[i], f64, shared, 1e-12);
            check_passes(&nets[i], f32, shared, 2e-6);
        }
}

/* ---- gradients ------------------------------------------------------------------------------ */

/* Sum of the gradient times numbers of the formula, all elements of a large tensor in one. */
static void check_dots(const struct net *net, const double *dots, uint32_t count)
{
    expect_near(net->name, "grad_dot", dots, count, 1e-11);
}

static void check_gradient(struct mcd_trial *r, const struct net *net, uint32_t k, mcd_val gradient,
                           double *dot)
{
    char name[160];
    double *g = rig_read(r, gradient);
    size_t n = mcd_trial_count(r, gradient);
    *dot = 0;
    for (size_t i = 0; i < n; i++)
        *dot += g[i] * fixture_value(300 + k, (uint32_t)i);
    if (!is_large(net)) {
        snprintf(name, sizeof name, "grad.%s", r->core->param[k].name);
        expect_near(net->name, name, g, n, 1e-11);
    }
    free(g);
}

static mcd_val record_loss(struct mcd_trial *r, const struct net *net, mcd_val y, mcd_val *target)
{
    int classify = net->task == MCD_CLASSIFY;
    *target = rig_target(r, classify ? mcd_shape0() : mcd_shape1(1), classify);
    mcd_val in[2] = {y, *target};
    return r->g->op(r->g, classify ? MCD_OP_XENT : MCD_OP_MSE, 2, in, NULL);
}

static void write_batch(struct mcd_trial *r, const struct net *net, mcd_val x, mcd_val target)
{
    double *in = net_input(net, mcd_trial_count(r, x)), to[ROWS];
    const struct mcd_array *t = fixture_find(&fixture, net->name, "target");
    for (int i = 0; i < ROWS; i++)
        to[i] = t->type == MCD_I32 ? ((int32_t *)t->data)[i] : ((float *)t->data)[i];
    rig_write(r, x, in);
    rig_write(r, target, to);
    free(in);
}

static void check_gradients(const struct net *net)
{
    struct mcd_trial r;
    struct mcd_error e = {0};
    mcd_val wrt[16], output[17], target;
    double dots[16];
    rig_open(&r, f64, 2, 0);
    mcd_val x = rig_input(&r, net->in), y = rig_model(&r, net->model, x);
    mcd_val loss = record_loss(&r, net, y, &target);
    uint32_t n = r.core->nparams;
    for (uint32_t k = 0; k < n; k++)
        wrt[k] = r.core->param[k].value;
    assert_ok(mcd_graph_gradient(r.core, loss, n, wrt, output, &e), e);
    output[n] = loss;
    rig_plan(&r,
             &(struct mcd_plan_spec){
                 .rows = ROWS, .passes = 1, .training = 1, .noutputs = n + 1, .output = output});
    rig_formula(&r);
    write_batch(&r, net, x, target);
    rig_run(&r);
    double *found = rig_read(&r, loss);
    expect_near(net->name, "loss", found, 1, 1e-13);
    free(found);
    for (uint32_t k = 0; k < n; k++)
        check_gradient(&r, net, k, output[k], &dots[k]);
    check_dots(net, dots, n);
    rig_close(&r);
}

static void gradients_are_pytorchs(void **state)
{
    (void)state;
    for (int i = 0; i < NETS; i++)
        if (!is_left_out(&nets[i]))
            check_gradients(&nets[i]);
}

/* ---- opening -------------------------------------------------------------------------------- */

static void networks_know_their_model(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    struct mcd_network *n;
    struct mcd_shape in = mcd_shape2(6, 5);
    assert_ok(mcd_network_open(host, "mlp:classes=4,hidden=9x7", f32, &in, 1, &n, &e), e);
    assert_int_equal(n->outputs, 4);
    assert_int_equal(n->recipe.task, MCD_CLASSIFY);
    assert_true(n->recipe.rate == 0.1 && n->recipe.batch == 128);
    assert_int_equal(n->store->count, 6);
    assert_string_equal(n->store->entry[0].name, "model.input.weight");
    mcd_network_close(n);
    mcd_network_close(NULL);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

/* Uniform in +- 1/sqrt(fan-in), other numbers for another seed and for each parameter. */
static void first_values_follow_the_seed(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    double *value[3];
    size_t count = 0;
    for (uint64_t i = 0; i < 3; i++) {
        struct mcd_trial r;
        rig_open(&r, f64, 1, 1);
        mcd_layer(r.g, "a", rig_input(&r, mcd_shape1(100)), "linear:out=1000");
        mcd_param(r.g, "b", mcd_shape1(4), 5, 0);
        assert_ok(mcd_store_init(r.store, r.core, i < 2 ? 7 : 8, &e), e);
        value[i] = rig_get(&r, "a.weight", &count);
        double *five = rig_get(&r, "b", NULL), *bias = rig_get(&r, "a.bias", NULL);
        assert_true(five[0] == 5 && five[3] == 5);
        assert_true(bias[0] != value[i][0]);
        free(five);
        free(bias);
        rig_close(&r);
    }
    double mean = 0, square = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        mean += value[0][i] / (double)count;
        square += value[0][i] * value[0][i] / (double)count;
        most = fmax(most, fabs(value[0][i]));
    }
    assert_true(fabs(mean) < 5 * 0.1 / sqrt(3.0 * (double)count));
    assert_true(fabs(square - 0.01 / 3) < 5 * 0.01 / sqrt((double)count) * 0.3);
    assert_true(most <= 0.1 && most > 0.0999);
    assert_memory_equal(value[0], value[1], count * sizeof(double));
    assert_memory_not_equal(value[0], value[2], count * sizeof(double));
    for (int i = 0; i < 3; i++)
        free(value[i]);
}

static void expect_refusal(const char *model, const char *backend, struct mcd_shape in, int status,
                           const char *where, const char *text)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    struct mcd_network *n = NULL;
    assert_int_equal(mcd_network_open(host, model, backend, &in, 1, &n, &e), status);
    assert_error(e, status, where, text);
    assert_null(n);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    expect_refusal("lenet", f32, mcd_shape1(784), MCD_INVALID, "", "takes images [height, width]");
    expect_refusal("lenet", f32, mcd_shape2(2, 2), MCD_INVALID, "model.maxpool2",
                   "pool2d: input 0");
    expect_refusal("mlp:noise=no_such_layer", f32, mcd_shape1(4), MCD_INVALID, "no_such_layer",
                   "there is no such layer");
    expect_refusal("no_such_model", f32, mcd_shape1(4), MCD_INVALID, "no_such_model",
                   "no such model");
    expect_refusal("mlp", "no_such_backend", mcd_shape1(4), MCD_DEVICE, "no_such_backend",
                   "no such backend");
    expect_refusal("mlp", f32, mcd_shape1(0), MCD_INVALID, "", "a dimension below 1");
}

static void odd_models_are_caught(void **state)
{
    (void)state;
    static const char *const odd[][2] = {
        {"nothing", "failed without saying why"},
        {"stray", "returned what is not a value of this graph"},
        {"rowless", "its output is [3] without rows: expected one vector for each row"},
        {"image", "its output is [2, 2]: expected one vector for each row"},
        {"no_recipe", "has no recipe"},
        {"no_task", "its recipe has task 0: expected MCD_CLASSIFY or MCD_REGRESS"},
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char model[PATH_MAX];
        snprintf(model, sizeof model, "%s/odd_model.so:output=%s", getenv("MCDROP_BAD_PLUGINS"),
                 odd[i][0]);
        int status = strstr(odd[i][1], "recipe") ? MCD_UNSUPPORTED : MCD_INVALID;
        expect_refusal(model, f32, mcd_shape1(4), status, "odd_model", odd[i][1]);
    }
}

static int open_close(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    (void)arg;
    struct mcd_network *n;
    struct mcd_shape in = mcd_shape2(8, 8);
    int status = mcd_network_open(host, "lenet:classes=3", f32, &in, 1, &n, e);
    if (!status)
        mcd_network_close(n);
    return status;
}

static void no_allocation_is_trusted(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    assert_true(rig_starve(host, open_close, NULL) > 100);
    mcd_host_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages_are_pytorchs),
        cmocka_unit_test(passes_are_pytorchs),
        cmocka_unit_test(gradients_are_pytorchs),
        cmocka_unit_test(networks_know_their_model),
        cmocka_unit_test(first_values_follow_the_seed),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(odd_models_are_caught),
        cmocka_unit_test(no_allocation_is_trusted),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
