/* core/graph/gradient.c: whole networks, and every layer and model that is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/host.h"
#include "core/plugin/search.h"

#include <mcdrop/model.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gradient_case.h"
#include "tests/scratch.h"

/* ---- values used more than once, penalties -------------------------------------------------- */

/* x goes three ways, one of them twice. */
static mcd_val several_consumers(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    (void)c;
    mcd_val a = mcd_map(r->g, MCD_TANH, x), b = mcd_softmax(r->g, x);
    return mcd_add(r->g, mcd_mul(r->g, a, b), mcd_mul(r->g, a, x));
}

/* One layer in two places, over and behind each other. */
static mcd_val shared_layer(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    (void)c;
    mcd_val y = mcd_layer(r->g, "a", x, "linear:out=4");
    y = mcd_map(r->g, MCD_TANH, y);
    return mcd_layer(r->g, "a", y, "linear:out=4");
}

static mcd_val residual(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = x;
    for (int i = 0; i < 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "inner%d", i);
        mcd_val z = mcd_drop(r->g, y, MCD_BERNOULLI, 0.25, 1);
        z = mcd_layer(r->g, name, z, "linear:out=5");
        z = mcd_layer(r->g, "relu", z, "relu");
        snprintf(name, sizeof name, "outer%d", i);
        z = mcd_layer(r->g, name, z, "linear:out=%d", (int)c->in.dim[0]);
        y = mcd_add(r->g, y, z);
    }
    return y;
}

/* Concrete dropout (Gal, Hron, Kendall 2017): a rate that is learned, with its penalty. */
static mcd_val concrete(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    struct mcd_graph *g = r->g;
    (void)c;
    mcd_val l = mcd_param(g, "logit", scalar, -0.4, 0);
    mcd_val keep = mcd_affine(g, mcd_map(g, MCD_SIGMOID, l), -1, 1);
    g->penalty(g, mcd_mul(g, keep, mcd_map(g, MCD_LOG, keep)));
    mcd_val u = mcd_noise(g, MCD_UNIFORM, x);
    mcd_val z = mcd_sub(g, mcd_map(g, MCD_LOG, u), mcd_map(g, MCD_LOG, mcd_affine(g, u, -1, 1)));
    mcd_val gone = mcd_map(g, MCD_SIGMOID, mcd_affine(g, mcd_add(g, z, l), 1 / 0.6, 0));
    mcd_val y = mcd_div(g, mcd_mul(g, x, mcd_affine(g, gone, -1, 1)), keep);
    mcd_val w = param(r, "w", mcd_shape2(2, 4));
    mcd_val squares = mcd_reduce(g, MCD_SUM, mcd_mul(g, w, w), scalar, 0);
    g->penalty(g, mcd_div(g, mcd_affine(g, squares, 0.01, 0), keep));
    y = mcd_linear(g, y, w, MCD_ABSENT);
    mcd_val loss = mcd_reduce(g, MCD_MEAN, mcd_mul(g, y, y), scalar, 1);
    return mcd_add(g, loss, r->core->penalty);
}

/* Batch normalisation, recorded: means and variances over rows. */
static mcd_val normalised(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    struct mcd_graph *g = r->g;
    mcd_val mean = mcd_reduce(g, MCD_MEAN, x, c->in, 1), d = mcd_sub(g, x, mean);
    mcd_val variance = mcd_reduce(g, MCD_MEAN, mcd_mul(g, d, d), c->in, 1);
    mcd_val spread = mcd_map(g, MCD_SQRT, mcd_affine(g, variance, 1, 1e-3));
    mcd_val y = mcd_mul(g, mcd_div(g, d, spread), positive(r, "scale", c->in));
    return mcd_map(g, MCD_TANH, mcd_add(g, y, param(r, "shift", c->in)));
}

/* Nothing of this flows into the loss, and p only through noise. */
static mcd_val unused(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_map(r->g, MCD_EXP, param(r, "idle", c->in));
    mcd_mul(r->g, x, x);
    mcd_val n = mcd_noise(r->g, MCD_UNIFORM, param(r, "shape_alone", c->in));
    return mcd_mul(r->g, x, n);
}

static const struct gradient_case wholes[] = {
    {.name = "several consumers", .build = several_consumers, .in = {1, {5}}},
    {.name = "a layer used twice", .build = shared_layer, .in = {1, {4}}},
    {.name = "residual", .build = residual, .in = {1, {7}}},
    {.name = "concrete dropout", .build = concrete, .in = {1, {4}}},
    {.name = "normalised over rows", .build = normalised, .in = {1, {4}}, .scale = 2},
    {.name = "unused", .build = unused, .in = {1, {4}}},
};

static void wholes_are_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        check_case(&wholes[i], 3);
        check_case(&wholes[i], 5);
    }
}

/* ---- layer plugins -------------------------------------------------------------------------- */

static mcd_val layer(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_layer(r->g, "layer", x, "%s", c->text);
}

/* With the layer's penalty. */
static mcd_val penalised(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = layer(r, x, c);
    mcd_val loss = mcd_reduce(r->g, MCD_MEAN, mcd_mul(r->g, y, y), scalar, 1);
    return mcd_add(r->g, loss, r->core->penalty);
}

static const struct gradient_case layers[] = {
    {.name = "batchnorm", .build = layer, .in = {1, {4}}, .text = "batchnorm", .shift = 2},
    {.name = "batchnorm",
     .build = layer,
     .in = {1, {4}},
     .text = "batchnorm:eps=1e-3",
     .training = 1},
    {.name = "batchnorm", .build = layer, .in = {3, {2, 3, 2}}, .text = "batchnorm", .training = 1},
    {.name = "concrete",
     .build = penalised,
     .in = {1, {6}},
     .text = "concrete:out=3,p=0.3,t=0.7,length_scale=0.8,tau=2",
     .training = 1},
    {.name = "concrete", .build = layer, .in = {1, {6}}, .text = "concrete:out=3,p=0.6,bias=no"},
    {.name = "conv2d",
     .build = layer,
     .in = {3, {2, 7, 6}},
     .text = "conv2d:out=3,kernel=3,stride=2,pad=1,dilation=2"},
    {.name = "conv2d",
     .build = layer,
     .in = {3, {1, 5, 5}},
     .text = "conv2d:out=2,kernel=2,bias=no"},
    {.name = "dropout", .build = layer, .in = {2, {9, 4}}, .text = "dropout:p=0.3"},
    {.name = "dropout2d", .build = layer, .in = {3, {9, 2, 3}}, .text = "dropout2d:p=0.3"},
    {.name = "flatten", .build = layer, .in = {3, {2, 3, 2}}, .text = "flatten"},
    {.name = "gaussian", .build = layer, .in = {2, {3, 4}}, .text = "gaussian:p=0.7"},
    {.name = "gelu", .build = layer, .in = {1, {9}}, .text = "gelu", .scale = 3},
    {.name = "layernorm", .build = layer, .in = {1, {5}}, .text = "layernorm"},
    {.name = "layernorm", .build = layer, .in = {3, {2, 3, 4}}, .text = "layernorm:eps=0.1"},
    {.name = "layernorm", .build = layer, .in = {3, {2, 3, 2}}, .text = "layernorm:over=row"},
    {.name = "linear", .build = layer, .in = {1, {5}}, .text = "linear:out=3"},
    {.name = "linear", .build = layer, .in = {1, {5}}, .text = "linear:out=2,bias=no"},
    {.name = "pool2d", .build = layer, .in = {3, {2, 5, 6}}, .text = "pool2d"},
    {.name = "pool2d",
     .build = layer,
     .in = {3, {2, 5, 6}},
     .text = "pool2d:kind=mean,window=3,stride=2,pad=1"},
    {.name = "relu", .build = layer, .in = {1, {9}}, .text = "relu"},
    {.name = "residual",
     .build = layer,
     .in = {1, {5}},
     .text = "residual:layers=\"linear:out=4;tanh;dropout:p=0.3;linear:out=5\""},
    {.name = "sigmoid", .build = layer, .in = {1, {9}}, .text = "sigmoid", .scale = 3},
    {.name = "softmax", .build = layer, .in = {2, {3, 4}}, .text = "softmax"},
    {.name = "tanh", .build = layer, .in = {1, {9}}, .text = "tanh", .scale = 2},
};

static int has_case(const struct gradient_case *c, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(c[i].name, name) == 0)
            return 1;
    return 0;
}

/* A model that fits itself records nothing. */
static int is_recorded(struct mcd_host *host, uint32_t kind, const char *name)
{
    struct mcd_error e = {0};
    struct mcd_item *item;
    if (kind != MCD_MODEL)
        return 1;
    assert_ok(mcd_item_open(host, kind, name, &item, &e), e);
    int recorded = ((const struct mcd_model *)item->plugin->api)->build != NULL;
    mcd_item_close(host, item);
    return recorded;
}

/* Fails for a plugin that has been added without a case here. */
static void check_all_have_cases(uint32_t kind, const struct gradient_case *c, size_t count)
{
    struct mcd_error e = {0};
    struct mcd_list list;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    assert_ok(mcd_search_list(host, kind, &list, &e), e);
    assert_true(list.count > 0);
    for (uint32_t i = 0; i < list.count; i++)
        if (!has_case(c, count, list.item[i].name) && is_recorded(host, kind, list.item[i].name))
            fail_msg("the gradient of %s is not checked", list.item[i].name);
    mcd_list_clear(host, &list);
    mcd_host_destroy(host);
}

static void every_layer_is_right(void **state)
{
    (void)state;
    check_all_have_cases(MCD_LAYER, layers, sizeof layers / sizeof *layers);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        check_case(&layers[i], 3);
}

/* ---- model plugins -------------------------------------------------------------------------- */

static const struct gradient_case models[] = {
    {.name = "mlp", .text = "mlp:hidden=9x7,classes=4", .in = {2, {6, 5}}},
    {.name = "mlp", .text = "mlp:hidden=9x7x5,classes=3,activation=relu", .in = {2, {6, 5}}},
    {.name = "mlp", .text = "mlp:hidden=8,classes=4,activation=gelu", .in = {1, {7}}},
    {.name = "mlp", .text = "mlp:hidden=8x5,classes=2,activation=sigmoid", .in = {3, {2, 3, 3}}},
    {.name = "mlp", .text = "mlp:hidden=9x7,classes=4,noise=gaussian", .in = {2, {6, 5}}},
    {.name = "lenet", .text = "lenet:classes=4,drop=0.3", .in = {2, {12, 12}}},
    {.name = "lenet", .text = "lenet:classes=3,drop=0.3,noise=gaussian", .in = {3, {2, 9, 7}}},
    {.name = "lenet", .text = "lenet", .in = {2, {28, 28}}},
    {.name = "mlp2", .text = "mlp2:hidden=7x6x5,outputs=2", .in = {1, {3}}},
    {.name = "mlp2", .text = "mlp2:hidden=7x6,activation=tanh,noise=gaussian", .in = {1, {1}}},
};

/* The loss that the model is trained with: cross entropy, or the mean squared error. */
static mcd_val loss_of(struct mcd_trial *r, int is_regression, mcd_val y)
{
    struct mcd_shape shape = is_regression ? mcd_shape_of(r->g, y) : scalar;
    mcd_val in[2] = {y, rig_target(r, shape, !is_regression)};
    return r->g->op(r->g, is_regression ? MCD_OP_MSE : MCD_OP_XENT, 2, in, NULL);
}

static void check_model(const char *name, const char *spec, struct mcd_shape in, size_t probes)
{
    struct mcd_trial r;
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, in), y = rig_model(&r, spec, x);
    mcd_val loss = loss_of(&r, strcmp(name, "mlp2") == 0, y);
    struct mcd_differences d = {.rows = 3, .probes = probes};
    d.classes = (uint32_t)mcd_shape_of(r.g, y).dim[0];
    differences_check(&r, loss, &d);
    if (!(d.worst <= mcd_differences_tolerance && d.largest > 1e-3))
        fail_msg("%s: %g, largest %g: %s", spec, d.worst, d.largest, d.where);
    rig_close(&r);
}

static void every_model_is_right(void **state)
{
    (void)state;
    check_all_have_cases(MCD_MODEL, models, sizeof models / sizeof *models);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        int is_large = strcmp(models[i].name, "lenet") == 0;
        if (is_large && is_fast())
            continue;
        check_model(models[i].name, models[i].text, models[i].in,
                    is_large    ? 4
                    : is_fast() ? 3
                                : 30);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wholes_are_right),
        cmocka_unit_test(every_layer_is_right),
        cmocka_unit_test(every_model_is_right),
    };
    return cmocka_run_group_tests_name("gradient_networks", tests, NULL, NULL);
}
