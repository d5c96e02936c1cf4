/*
 * core/stats/diagnostics.c against ArviZ (fixtures/make_diagnostics.py), and core/stats/verdict.c
 * on chains that went wrong in known ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/stats/diagnostics.h" /* before cmocka, whose `fail` is a macro */

#include <cmocka.h>

#include "core/io/safetensors.h"
#include "scratch.h"

#include <math.h>

enum { CHAINS = 3, DRAWS = 400 };

static struct mcd_host *host;
static struct mcd_safetensors fixture;

static const struct mcd_array *find(const char *name, const char *part)
{
    char full[80];
    snprintf(full, sizeof full, "%s/%s", name, part);
    const struct mcd_array *found = mcd_safetensors_find(&fixture, full);
    assert_non_null(found);
    return found;
}

static void close_to(const char *name, int field, double got, double expected)
{
    if (!isnan(expected) && !(fabs(got - expected) <= 1e-9 * fabs(expected) + 1e-13))
        fail_msg("%s, field %d: %.15g, expected %.15g", name, field, got, expected);
}

static void agrees_with_arviz(void **state)
{
    (void)state;
    static const char *const names[] = {"independent", "slow",  "antithetic", "shifted",
                                        "scaled",      "heavy", "ties",       "single"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct mcd_array *draws = find(names[i], "draws");
        const double *expected = find(names[i], "expected")->data;
        struct mcd_diagnosis d;
        struct mcd_error e = {0};
        assert_ok(mcd_diagnose(host, (uint32_t)draws->dim[0], (uint32_t)draws->dim[1], draws->data,
                               &d, &e),
                  e);
        const double got[] = {
            d.mean,      d.sd,       d.quantile[0],      d.quantile[1],      d.quantile[2],
            d.mcse_mean, d.mcse_sd,  d.mcse_quantile[0], d.mcse_quantile[1], d.mcse_quantile[2],
            d.rhat,      d.ess_bulk, d.ess_tail};
        assert_int_equal(mcd_array_count(find(names[i], "expected")), sizeof got / sizeof *got);
        for (size_t k = 0; k < sizeof got / sizeof *got; k++)
            close_to(names[i], (int)k, got[k], expected[k]);
    }
}

/* Chains that do not move must not look converged. */
static void sees_chains_that_stand(void **state)
{
    (void)state;
    double values[2 * DRAWS];
    struct mcd_diagnosis d;
    struct mcd_error e = {0};
    for (int i = 0; i < 2 * DRAWS; i++)
        values[i] = i / DRAWS;
    assert_ok(mcd_diagnose(host, 2, DRAWS, values, &d, &e), e);
    assert_false(d.rhat < 1.01);
    for (int i = 0; i < 2 * DRAWS; i++)
        values[i] = 5;
    assert_ok(mcd_diagnose(host, 2, DRAWS, values, &d, &e), e);
    assert_false(d.rhat < 1.01);
    assert_int_equal(mcd_diagnose(host, 2, 7, values, &d, &e), MCD_INVALID);
}

static void survives_a_failed_allocation(void **state)
{
    (void)state;
    double values[16] = {0};
    struct mcd_diagnosis d;
    struct mcd_error e = {0};
    mcd_host_fail_at(host, 1);
    assert_int_equal(mcd_diagnose(host, 1, 16, values, &d, &e), MCD_NOMEM);
    mcd_host_fail_at(host, 0);
}

/* Healthy chains of a two-dimensional normal, from independent normals of the fixture. */
struct chains {
    struct mcd_transition each[CHAINS][DRAWS];
    const struct mcd_transition *pointer[CHAINS];
    struct mcd_chain_health health[CHAINS];
    struct mcd_diagnosis diagnosis[2];
    char text[400];
};

static struct chains *healthy(void)
{
    static struct chains c;
    const double *z = find("independent", "draws")->data;
    for (int k = 0; k < CHAINS; k++)
        for (int i = 0; i < DRAWS; i++) {
            double value = -0.5 * (z[k * DRAWS + i] * z[k * DRAWS + i] + 1);
            c.each[k][i] = (struct mcd_transition){value, 1 - value, 0.9, 3, 2, 0};
            c.pointer[k] = c.each[k];
        }
    for (int i = 0; i < 2; i++)
        assert_int_equal(mcd_diagnose(host, CHAINS, DRAWS, z, &c.diagnosis[i], NULL), MCD_OK);
    return &c;
}

static int verdict(struct chains *c)
{
    static const char *const names[] = {"l", "eta"};
    mcd_chains_examine(CHAINS, DRAWS, c->pointer, 10, c->health);
    return mcd_chains_verdict(CHAINS, c->health, 2, c->diagnosis, names, c->text, sizeof c->text);
}

static void expect(struct chains *c, int good, const char *text)
{
    if (verdict(c) != good || !strstr(c->text, text))
        fail_msg("%s, expected %s", c->text, text);
}

static void passes_the_healthy(void **state)
{
    (void)state;
    struct chains *c = healthy();
    expect(c, 1, "converged");
    assert_true(fabs(c->health[0].accept - 0.9) < 1e-12);
    assert_int_equal(c->health[0].steps, 3 * DRAWS);
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    struct chains *c = healthy();
    for (int i = 0; i < DRAWS; i++)
        c->each[1][i].log_density -= 308;
    expect(c, 0, "chain 2 is trapped: its mean log density is 308.");
    assert_true(c->health[1].trapped && !c->health[0].trapped && !c->health[2].trapped);
    c = healthy();
    c->each[2][7].divergent = 1;
    expect(c, 0, "1 divergent transition");
    c = healthy();
    for (int i = 0; i < DRAWS; i++)
        c->each[0][i].energy = 100 * sin(0.01 * i);
    expect(c, 0, "chain 1 has E-BFMI 0.00");
    c = healthy();
    c->diagnosis[1].rhat = 1.2;
    expect(c, 0, "eta has R-hat 1.200, expected below 1.01");
    c = healthy();
    c->diagnosis[0].ess_tail = NAN;
    expect(c, 0, "l has nan effective draws");
    c = healthy();
    c->diagnosis[1].rhat = NAN;
    expect(c, 0, "eta does not move in some chain: it has no R-hat");
    c = healthy();
    c->diagnosis[1].rhat = 1.14e15;
    expect(c, 0, "eta has R-hat 1.14e+15, expected below 1.01");
    c = healthy();
    c->each[0][3].depth = 10;
    expect(c, 1, "converged; 1 transition reached the largest depth");
}

static void computes_bfmi(void **state)
{
    (void)state;
    const struct mcd_array *energy = find("energy", "draws");
    static struct mcd_transition each[500];
    const struct mcd_transition *pointer = each;
    struct mcd_chain_health h;
    for (int i = 0; i < 500; i++)
        each[i].energy = ((const double *)energy->data)[i];
    mcd_chains_examine(1, 500, &pointer, 10, &h);
    close_to("energy", 0, h.bfmi, *(const double *)find("energy", "expected")->data);
}

/* A sampler that has no largest depth reaches none. */
static void knows_samplers_without_depth(void **state)
{
    (void)state;
    static const struct mcd_transition each[8];
    const struct mcd_transition *pointer = each;
    struct mcd_chain_health h;
    mcd_chains_examine(1, 8, &pointer, 0, &h);
    assert_int_equal(h.saturated, 0);
}

/* A short buffer is filled, not overrun. */
static void cuts_the_text(void **state)
{
    (void)state;
    struct chains *c = healthy();
    static const char *const names[] = {"l", "eta"};
    char text[12];
    c->diagnosis[0].rhat = c->diagnosis[1].rhat = 2;
    verdict(c);
    for (size_t size = 1; size <= sizeof text; size++) {
        memset(text, '#', sizeof text);
        mcd_chains_verdict(CHAINS, c->health, 2, c->diagnosis, names, text, size);
        assert_int_equal(strlen(text), size - 1);
        assert_true(size == sizeof text || text[size] == '#');
    }
}

static int setup(void **state)
{
    char path[PATH_MAX];
    struct mcd_error e = {0};
    (void)state;
    snprintf(path, sizeof path, "%s/fixtures/diagnostics.safetensors",
             getenv("MCDROP_TEST_SRCDIR"));
    host = mcd_host_create(1, NULL, NULL, &e);
    return !host || mcd_safetensors_read(path, &fixture, &e);
}

static int teardown(void **state)
{
    (void)state;
    mcd_safetensors_clear(&fixture);
    uint64_t live = mcd_host_live(host);
    mcd_host_destroy(host);
    return live != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_arviz),
        cmocka_unit_test(sees_chains_that_stand),
        cmocka_unit_test(survives_a_failed_allocation),
        cmocka_unit_test(passes_the_healthy),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(computes_bfmi),
        cmocka_unit_test(knows_samplers_without_depth),
        cmocka_unit_test(cuts_the_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
