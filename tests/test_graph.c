/*
 * core/graph/graph.c: names, parameters, sites, layers, penalties, and failures that pass through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/host.h"
#include "core/network/network.h"

#include <mcdrop/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka makes `fail` a macro. */
static mcd_val say(struct mcd_graph *g, const char *text)
{
    return g->fail(g, "%s", text);
}

#include <cmocka.h>

#include "tests/scratch.h"

static const char backend[] = "reference";

static const char *bad(const char *name)
{
    static char spec[PATH_MAX];
    snprintf(spec, sizeof spec, "%s/%s.so", getenv("MCDROP_BAD_PLUGINS"), name);
    return spec;
}

/* The recording has failed as said; it is mended for the next question. */
static void expect_failure(struct mcd_trial *r, const char *where, const char *text)
{
    assert_error(r->core->error, MCD_INVALID, where, text);
    assert_string_equal(r->core->error.where, where);
    assert_string_equal(r->core->scope, "");
    assert_int_equal(r->core->depth, 0);
    r->core->error = (struct mcd_error){0};
}

/* ---- names, parameters ---------------------------------------------------------------------- */

static void names_nest_with_dots(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(4));
    x = mcd_layer(r.g, "a.b", x, "linear:out=3");
    mcd_param(r.g, "own", mcd_shape0(), 0.5, 0);
    x = mcd_layer(r.g, "c", x, "%s:out=%d,bias=no", "linear", 2);
    assert_int_not_equal(x, 0);
    static const char *const names[] = {"a.b.weight", "a.b.bias", "own", "c.weight"};
    assert_int_equal(r.core->nparams, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_string_equal(r.core->param[i].name, names[i]);
        assert_int_equal(r.core->node[r.core->param[i].value].leaf, i);
        assert_false(r.core->node[r.core->param[i].value].has_rows);
    }
    assert_true(r.core->param[0].spread == 0.5 && r.core->param[0].start == 0);
    assert_true(r.core->param[2].start == 0.5 && r.core->param[2].spread == 0);
    rig_close(&r);
}

static void a_name_is_one_parameter(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    mcd_val p = mcd_param(r.g, "p", mcd_shape2(2, 3), 0, 1);
    assert_int_equal(mcd_param(r.g, "p", mcd_shape2(2, 3), 7, 8), p);
    assert_int_equal(r.core->nparams, 1);
    assert_true(r.core->param[0].start == 0 && r.core->param[0].spread == 1);
    mcd_val x = rig_input(&r, mcd_shape1(3));
    mcd_val y = mcd_layer(r.g, "a", x, "linear:out=3");
    assert_int_not_equal(mcd_layer(r.g, "a", y, "linear:out=3"), y);
    assert_int_equal(r.core->nparams, 3);
    assert_int_equal(mcd_param(r.g, "p", mcd_shape2(3, 2), 0, 1), 0);
    expect_failure(&r, "p", "recorded as [2, 3] and as [3, 2]: expected one shape");
    assert_int_equal(mcd_layer(r.g, "a", y, "linear:out=2"), 0);
    expect_failure(&r, "a.weight", "recorded as [3, 3] and as [2, 3]: expected one shape");
    rig_close(&r);
}

static void names_have_limits(void **state)
{
    (void)state;
    struct mcd_trial r;
    char name[MCD_MAX_SCOPE + 1];
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(3));
    memset(name, 'n', sizeof name);
    name[MCD_MAX_SCOPE] = 0; /* one too long */
    assert_int_equal(mcd_param(r.g, name, mcd_shape0(), 0, 1), 0);
    expect_failure(&r, "", "expected 1 to 119 characters in all");
    name[MCD_MAX_SCOPE - 1] = 0;
    assert_int_not_equal(mcd_param(r.g, name, mcd_shape0(), 0, 1), 0);
    name[MCD_MAX_SCOPE - 8] = 0; /* with .weight too long */
    assert_int_not_equal(mcd_layer(r.g, name, x, "relu"), 0);
    assert_int_not_equal(mcd_layer(r.g, name, x, "linear:out=1,bias=no"), 0);
    name[MCD_MAX_SCOPE - 8] = 'n';
    name[MCD_MAX_SCOPE - 7] = 0;
    assert_int_equal(mcd_layer(r.g, name, x, "linear:out=1"), 0);
    expect_failure(&r, name, "name 'weight': expected 1 to 119 characters in all");
    assert_int_equal(mcd_param(r.g, "", mcd_shape0(), 0, 1), 0);
    expect_failure(&r, "", "name '': expected 1 to");
    assert_int_equal(mcd_layer(r.g, "", x, "relu"), 0);
    expect_failure(&r, "", "name '': expected 1 to");
    rig_close(&r);
}

/* The names of the optimiser's state in a file are not to be had. */
static void optimisers_names_are_kept(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(3));
    assert_int_equal(mcd_layer(r.g, "optimiser", x, "linear:out=1"), 0);
    expect_failure(&r, "optimiser.weight", "is a name for the optimiser's state: expected another");
    assert_int_not_equal(mcd_layer(r.g, "optimiser2", x, "linear:out=1"), 0);
    rig_close(&r);
}

static void shapes_of_leaves_have_limits(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    int64_t huge = (int64_t)1 << 32;
    static const struct mcd_shape bad_shapes[] = {
        {1, {0}}, {2, {3, -1}}, {7, {1, 1, 1, 1, 1, 1}}, {0x80000000u, {1}}};
    for (size_t i = 0; i < sizeof bad_shapes / sizeof *bad_shapes; i++) {
        assert_int_equal(mcd_param(r.g, "p", bad_shapes[i], 0, 1), 0);
        expect_failure(&r, "p", i < 2 ? "a dimension below 1" : "too many dimensions");
        assert_int_equal(rig_input(&r, bad_shapes[i]), 0);
        expect_failure(&r, "", i < 2 ? "a dimension below 1" : "too many dimensions");
    }
    assert_int_equal(mcd_param(r.g, "p", mcd_shape2(huge, huge), 0, 1), 0);
    expect_failure(&r, "p", "too many elements: expected at most 2^40");
    assert_int_equal(r.core->nparams, 0);
    rig_close(&r);
}

static void there_are_only_so_many(void **state)
{
    (void)state;
    struct mcd_trial r;
    char name[16];
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(2));
    for (uint32_t i = 0; i < MCD_MAX_SITES; i++) {
        snprintf(name, sizeof name, "p%u", i);
        assert_int_not_equal(mcd_param(r.g, name, mcd_shape0(), 0, 1), 0);
        assert_int_not_equal(mcd_drop(r.g, x, MCD_BERNOULLI, 0.5, 1), 0);
    }
    assert_int_equal(mcd_param(r.g, "more", mcd_shape0(), 0, 1), 0);
    expect_failure(&r, "more", "more than 4096 parameters");
    assert_int_equal(mcd_noise(r.g, MCD_UNIFORM, x), 0);
    expect_failure(&r, "", "more than 4096 places that draw random numbers");
    rig_close(&r);
}

/* ---- sites ---------------------------------------------------------------------------------- */

static void sites_are_numbered_in_order(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape3(3, 2, 2));
    mcd_layer(r.g, "a", x, "dropout:p=0.25");
    mcd_layer(r.g, "b", x, "dropout2d:p=1");
    mcd_layer(r.g, "c", x, "gaussian:p=0.75");
    mcd_noise(r.g, MCD_UNIFORM, x);
    static const struct mcd_site expected[] = {{0, 0, MCD_BERNOULLI, 12, 0.25},
                                               {0, 1, MCD_BERNOULLI, 3, 1},
                                               {0, 2, MCD_GAUSSIAN, 12, 0.75},
                                               {0, 3, MCD_UNIFORM, 12, 0}};
    assert_int_equal(r.core->nsites, 4);
    for (uint32_t i = 0; i < 4; i++) {
        const struct mcd_site *s = &r.core->site[i], *e = &expected[i];
        assert_int_equal(s->size, sizeof *s);
        assert_true(s->id == e->id && s->law == e->law && s->units == e->units && s->p == e->p);
    }
    rig_close(&r);
}

static void averaging_has_no_noise(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 0);
    mcd_val x = rig_input(&r, mcd_shape3(3, 2, 2));
    assert_int_equal(mcd_layer(r.g, "a", x, "dropout:p=0.25"), x);
    assert_int_equal(mcd_layer(r.g, "b", x, "dropout2d"), x);
    assert_int_equal(mcd_layer(r.g, "c", x, "gaussian"), x);
    assert_int_equal(r.core->nsites, 0);
    assert_int_equal(mcd_noise(r.g, MCD_GAUSSIAN, x), 0);
    expect_failure(&r, "", "noise while weight averaging: record noise only if the graph is stoch");
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.drop.span = 1;
    assert_int_equal(mcd_op1(r.g, MCD_OP_DROP, x, &attr), 0);
    expect_failure(&r, "", "drop while weight averaging: record noise only");
    rig_close(&r);
}

/* Averaged and stochastic recordings have the same parameters in the same order. */
static void check_same_parameters(const char *model, struct mcd_shape in)
{
    struct mcd_trial a, b;
    rig_open(&a, backend, 1, 0);
    rig_open(&b, backend, 1, 1);
    rig_model(&a, model, rig_input(&a, in));
    rig_model(&b, model, rig_input(&b, in));
    assert_int_equal(a.core->nparams, b.core->nparams);
    assert_int_equal(a.core->nsites, 0);
    assert_int_not_equal(b.core->nsites, 0);
    for (uint32_t i = 0; i < a.core->nparams; i++) {
        assert_string_equal(a.core->param[i].name, b.core->param[i].name);
        assert_true(mcd_shape_equal(&a.core->param[i].shape, &b.core->param[i].shape));
    }
    rig_close(&a);
    rig_close(&b);
}

static void averaging_keeps_the_parameters(void **state)
{
    (void)state;
    check_same_parameters("mlp", mcd_shape2(28, 28));
    check_same_parameters("lenet", mcd_shape2(28, 28));
    check_same_parameters("lenet:noise=gaussian", mcd_shape3(3, 8, 8));
}

/* ---- failures ------------------------------------------------------------------------------- */

/* After a failure nothing is recorded, and the first message stays. */
static void failures_pass_through(void **state)
{
    (void)state;
    struct mcd_trial r;
    struct mcd_error e = {0};
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(3)), p = mcd_param(r.g, "p", mcd_shape2(2, 4), 0, 1);
    mcd_val y = mcd_linear(r.g, x, p, MCD_ABSENT);
    assert_int_equal(y, 0);
    uint32_t nodes = r.core->count, params = r.core->nparams;
    y = mcd_add(r.g, mcd_softmax(r.g, y), x);
    y = mcd_layer(r.g, "a", y, "linear:out=3");
    assert_int_equal(mcd_layer(r.g, "b", x, "linear:out=3"), 0);
    assert_int_equal(mcd_layer(r.g, "c", x, "no_such_layer"), 0);
    assert_int_equal(mcd_param(r.g, "q", mcd_shape0(), 0, 1), 0);
    assert_int_equal(say(r.g, "another"), 0);
    assert_int_equal(rig_input(&r, mcd_shape0()), 0);
    r.g->penalty(r.g, y);
    r.g->penalty(r.g, x);
    assert_int_equal(r.core->count, nodes);
    assert_int_equal(r.core->nparams, params);
    assert_int_equal(mcd_shape_of(r.g, y).rank, 0);
    assert_int_equal(mcd_graph_status(r.core, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "", "linear: input 1 is [2, 4]");
    assert_int_equal(mcd_graph_status(r.core, NULL), MCD_INVALID);
    expect_failure(&r, "", "linear: input 1 is [2, 4]: expected weights [out, in]");
    rig_close(&r);
}

static void messages_name_the_layer(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape2(3, 3));
    assert_int_equal(mcd_layer(r.g, "net.fc", x, "linear:out=3"), 0);
    expect_failure(&r, "net.fc", "takes one vector [in]; put flatten before it");
    assert_int_equal(mcd_layer(r.g, "net.fc", x, "linear"), 0);
    assert_non_null(strstr(r.core->error.where, "linear"));
    r.core->error = (struct mcd_error){0};
    assert_int_equal(mcd_layer(r.g, "net.fc", x, "no_such_layer"), 0);
    assert_error(r.core->error, MCD_INVALID, "no_such_layer", "there is no such layer");
    r.core->error = (struct mcd_error){0};
    assert_int_equal(say(r.g, "mine"), 0);
    expect_failure(&r, "", "mine");
    rig_close(&r);
}

static void bad_layers_are_caught(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(3));
    assert_int_equal(mcd_layer(r.g, "a", x, "%s", bad("silent")), 0);
    expect_failure(&r, "a", "layer silent failed without saying why");
    assert_int_equal(mcd_layer(r.g, "a", x, "%s", bad("stray")), 0);
    expect_failure(&r, "a", "layer stray returned what is not a value of this graph");
    const char *endless = bad("endless");
    assert_int_equal(mcd_layer(r.g, "a", x, "%s:path=\"%s\"", endless, endless), 0);
    assert_error(r.core->error, MCD_INVALID, "a.a.a", "layers at most 16 deep");
    r.core->error = (struct mcd_error){0};
    assert_string_equal(r.core->scope, "");
    rig_close(&r);
}

static void strange_values_are_refused(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(3)), many[6] = {x, x, x, x, x, x};
    assert_int_equal(mcd_softmax(r.g, 77), 0);
    expect_failure(&r, "", "input 0 of softmax is not a value of this graph");
    assert_int_equal(mcd_add(r.g, x, MCD_ABSENT), 0);
    expect_failure(&r, "", "input 1 of binary is not a value of this graph");
    assert_int_equal(mcd_softmax(r.g, 0), 0);
    expect_failure(&r, "", "input 0 of softmax is not a value of this graph");
    assert_int_equal(r.g->op(r.g, MCD_OP_MAP, 6, many, NULL), 0);
    expect_failure(&r, "", "6 inputs: expected at most 4");
    assert_int_equal(r.g->op(r.g, MCD_OP_SGD, 2, many, NULL), 0);
    expect_failure(&r, "", "op 74 is the core's own: see enum mcd_op");
    assert_int_equal(r.g->op(r.g, 40, 2, many, NULL), 0);
    expect_failure(&r, "", "op 40 is not known");
    assert_int_equal(mcd_shape_of(r.g, 1000).rank, 0);
    rig_close(&r);
}

static void specifications_have_limits(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(3));
    assert_int_equal(mcd_layer(r.g, "a", x, "linear:out=%01100d", 3), 0);
    expect_failure(&r, "a", "expected a specification below 1024 characters");
    assert_int_equal(mcd_layer(r.g, "a", 0, "linear:out=3"), 0);
    assert_int_equal(r.core->error.code, 0); /* whoever made the 0 has said why */
    rig_close(&r);
}

/* ---- penalties ------------------------------------------------------------------------------ */

static void penalties_add_up(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, "reference:precision=f64", 1, 1);
    mcd_val p = mcd_param(r.g, "p", mcd_shape0(), 3, 0);
    assert_int_equal(r.core->penalty, 0);
    r.g->penalty(r.g, p);
    assert_int_equal(r.core->penalty, p);
    r.g->penalty(r.g, mcd_affine(r.g, p, 2, 1));
    r.g->penalty(r.g, 0);
    r.g->penalty(r.g, p);
    mcd_val all = r.core->penalty;
    rig_plan(&r, &(struct mcd_plan_spec){.rows = 1, .passes = 1, .noutputs = 1, .output = &all});
    rig_run(&r);
    double *sum = rig_read(&r, all);
    assert_true(*sum == 3 + 7 + 3);
    free(sum);
    rig_close(&r);
}

static void penalties_are_scalars(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    r.g->penalty(r.g, rig_input(&r, mcd_shape0()));
    expect_failure(&r, "", "a penalty is a scalar [] without rows");
    r.g->penalty(r.g, mcd_param(r.g, "p", mcd_shape1(1), 0, 1));
    expect_failure(&r, "", "a penalty is a scalar [] without rows");
    r.g->penalty(r.g, 99);
    expect_failure(&r, "", "a penalty is a scalar [] without rows");
    assert_int_equal(r.core->penalty, 0);
    rig_close(&r);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* A recording with layers, more than 64 of everything, penalties and what is tracked. */
static int record_much(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    (void)arg;
    char name[16];
    struct mcd_graph_core *core = mcd_graph_create(host, 1);
    if (!core) {
        *e = (struct mcd_error){.code = MCD_NOMEM, .text = "out of memory"};
        return MCD_NOMEM;
    }
    struct mcd_graph *g = &core->base;
    mcd_val x = mcd_graph_input(core, 0, mcd_shape2(6, 5), 0);
    x = mcd_layer(g, "flat", x, "flatten");
    x = mcd_layer(g, "fc", x, "linear:out=4");
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof name, "p%d", i);
        mcd_val p = mcd_param(g, name, mcd_shape0(), 0, 1);
        g->penalty(g, p);
        snprintf(name, sizeof name, "s%d", i);
        g->track(g, mcd_state(g, name, mcd_shape0(), 0), p, 0.5);
        x = mcd_drop(g, mcd_add(g, x, p), MCD_BERNOULLI, 0.5, 1);
    }
    x = mcd_layer(g, "act", x, "tanh");
    int status = mcd_graph_status(core, e);
    assert_int_equal(status == MCD_OK, x != 0);
    mcd_graph_destroy(core);
    return status;
}

static void no_allocation_is_trusted(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    unsigned failures = rig_starve(host, record_much, NULL);
    assert_true(failures > 80);
    mcd_host_destroy(host);
}

static void nothing_can_be_destroyed(void **state)
{
    (void)state;
    mcd_graph_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_nest_with_dots),
        cmocka_unit_test(a_name_is_one_parameter),
        cmocka_unit_test(names_have_limits),
        cmocka_unit_test(optimisers_names_are_kept),
        cmocka_unit_test(shapes_of_leaves_have_limits),
        cmocka_unit_test(there_are_only_so_many),
        cmocka_unit_test(sites_are_numbered_in_order),
        cmocka_unit_test(averaging_has_no_noise),
        cmocka_unit_test(averaging_keeps_the_parameters),
        cmocka_unit_test(failures_pass_through),
        cmocka_unit_test(messages_name_the_layer),
        cmocka_unit_test(bad_layers_are_caught),
        cmocka_unit_test(strange_values_are_refused),
        cmocka_unit_test(specifications_have_limits),
        cmocka_unit_test(penalties_add_up),
        cmocka_unit_test(penalties_are_scalars),
        cmocka_unit_test(no_allocation_is_trusted),
        cmocka_unit_test(nothing_can_be_destroyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
