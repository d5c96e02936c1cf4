/*
 * core/predict/forward.c: samplers that fill their own bits, what cannot be sampled, and lack of
 * memory.
 */
#include "tests/forward_run.h"

#include <mcdrop/random.h>

/* ---- samplers that fill their own bits ------------------------------------------------------ */

/* What bernoulli draws, filled in by hand. */
static int fill(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass, uint64_t row,
                uint32_t *words, struct mcd_error *error)
{
    struct mcd_address a = {seed, pass, MCD_DOMAIN_PREDICT, site->id, (uint32_t)row};
    (void)self, (void)error;
    for (uint32_t block = 0; 128 * block < site->units; block++) {
        uint32_t four[4];
        mcd_drop_block(&a, block, mcd_threshold(site->p), 0, four);
        for (uint32_t i = 0; i < 4 && 128 * block + 32 * i < site->units; i++)
            words[4 * block + i] = four[i];
    }
    return MCD_OK;
}

static const struct mcd_sampler api_fill = {sizeof api_fill, group, NULL, fill};
static const struct mcd_sampler api_both = {sizeof api_both, group, draw, fill};

/* Shared values of many units beside narrow sites, and Gaussian noise. */
static mcd_val build_mixed(void *self, struct mcd_graph *g, mcd_val x)
{
    const int *gaussian = self;
    mcd_val a = mcd_layer(g, "a", x, "linear:out=40");
    mcd_val b = mcd_layer(g, "b", mcd_drop(g, a, MCD_BERNOULLI, 0.3, 8), "linear:out=40");
    mcd_val y = mcd_add(g, a, mcd_drop(g, b, MCD_BERNOULLI, 0.6, 1));
    y = *gaussian ? mcd_drop(g, y, MCD_GAUSSIAN, 0.5, 1) : y;
    return mcd_layer(g, "c", mcd_drop(g, mcd_add(g, y, a), MCD_BERNOULLI, 1, 1), "linear:out=3");
}

static mcd_val build_open(void *self, struct mcd_graph *g, mcd_val x)
{
    const int *gaussian = self;
    mcd_val a = mcd_layer(g, "a", x, "linear:out=150");
    mcd_val b = mcd_layer(g, "b", mcd_drop(g, a, MCD_BERNOULLI, 0.3, 50), "linear:out=150");
    mcd_val y = mcd_add(g, a, mcd_drop(g, b, MCD_BERNOULLI, 0.6, 1));
    y = *gaussian ? mcd_drop(g, y, MCD_GAUSSIAN, 0.5, 1) : y;
    return mcd_layer(g, "c", mcd_drop(g, mcd_add(g, y, a), MCD_BERNOULLI, 0, 1), "linear:out=3");
}

static double *run_made(mcd_val (*build)(void *, struct mcd_graph *, mcd_val), int gaussian,
                        const struct mcd_sampler *sampler, int64_t rows, uint64_t first_block,
                        uint64_t blocks, uint32_t threads, size_t *n)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(threads, NULL, NULL, &e);
    struct rig_network made;
    struct opened o = {0};
    rig_network_open(&made, host, "reference", build, &gaussian, MCD_REGRESS, mcd_shape1(5));
    set_up(&o, &made.network, item_of(sampler), rows, first_block, blocks);
    assert_ok(mcd_forward_run(&o.f, &e), e);
    *n = count_of(&o);
    free(o.x);
    rig_network_close(&made);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
    return o.kept.y;
}

/*
 * Rows in two blocks of which the second is short, with one pass in a block and with three: the
 * same passes.
 */
static void short_blocks_are_closed_up(void **state)
{
    (void)state;
    size_t n, m;
    group_of_test = 1;
    double *single = run_made(build_open, 1, &api_draw, 400, 3, 12, 2, &n);
    group_of_test = 3;
    double *triple = run_made(build_open, 1, &api_draw, 400, 1, 4, 2, &m);
    group_of_test = 1;
    assert_int_equal(n, 12 * 400 * 3);
    assert_int_equal(n, m);
    check_same(single, triple, n);
    free(single);
    free(triple);
}

static void filled_bits_equal_drawn_ones(void **state)
{
    (void)state;
    group_of_test = 1;
    for (int gaussian = 0; gaussian < 2; gaussian++) {
        size_t n;
        double *drawn = run_made(build_open, gaussian, &api_draw, 100, 1, 4, 1, &n);
        double *filled =
            run_made(build_open, gaussian, gaussian ? &api_both : &api_fill, 100, 1, 4, 2, &n);
        check_same(drawn, filled, n);
        int differ = 0;
        for (size_t i = 0; i < n; i++)
            differ |= drawn[i] != drawn[i % 3];
        assert_true(differ);
        free(drawn);
        free(filled);
        drawn = run_made(build_mixed, gaussian, &api_draw, 100, 1, 4, 1, &n);
        filled = run_made(build_mixed, gaussian, &api_both, 100, 1, 4, 3, &n);
        check_same(drawn, filled, n);
        free(drawn);
        free(filled);
    }
}

/* ---- refusals ------------------------------------------------------------------------------- */

/* Running the made network with the sampler fails as said, before the sink is called. */
static void expect_refusal(mcd_val (*build)(void *, struct mcd_graph *, mcd_val), int arg,
                           const struct mcd_sampler *sampler, int status, const char *where,
                           const char *text)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, &e);
    struct rig_network made;
    struct opened o = {0};
    rig_network_open(&made, host, "reference", build, &arg, MCD_REGRESS, mcd_shape1(5));
    set_up(&o, &made.network, item_of(sampler), 3, 0, 2);
    assert_int_equal(mcd_forward_run(&o.f, &e), status);
    assert_error(e, status, where, text);
    assert_int_equal(o.kept.calls, 0);
    free(o.x);
    free(o.kept.y);
    rig_network_close(&made);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

static mcd_val build_still(void *self, struct mcd_graph *g, mcd_val x)
{
    const int *kind = self;
    mcd_val y = mcd_layer(g, "a", x, "linear:out=3"), noisy;
    switch (*kind) {
    case 0: /* no noise at all */
        return y;
    case 1: /* p = 0 */
        return mcd_drop(g, y, MCD_BERNOULLI, 0, 1);
    case 2: /* noise that stays aside */
        noisy = mcd_drop(g, y, MCD_BERNOULLI, 0.5, 1);
        g->penalty(g, mcd_reduce(g, MCD_MEAN, noisy, mcd_shape0(), 1));
        return y;
    default: /* noise aside, p = 0 in the way */
        noisy = mcd_noise(g, MCD_UNIFORM, y);
        return mcd_drop(g, y, MCD_GAUSSIAN, 0, 1);
    }
}

static void what_is_not_stochastic_is_refused(void **state)
{
    (void)state;
    group_of_test = 1;
    for (int kind = 0; kind < 4; kind++)
        expect_refusal(build_still, kind, &api_draw, MCD_INVALID, "test_model",
                       "nothing in this network is stochastic: expected a layer that drops");
    struct mcd_error e = {0};
    struct request q = {"mlp:drop=0,drop_in=0", "reference", "bernoulli", {1, {3}}, 1, 0, 1, 1};
    struct opened o;
    open_request(&o, &q);
    assert_int_equal(mcd_forward_run(&o.f, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "mlp:", "nothing in this network is stochastic");
    close_request(&o);
}

/* Noise that is not a drop is noise all the same. */
static mcd_val build_noisy(void *self, struct mcd_graph *g, mcd_val x)
{
    const int *law = self;
    mcd_val y = mcd_layer(g, "a", x, "linear:out=3");
    return g->stochastic ? mcd_add(g, y, mcd_noise(g, (enum mcd_law) * law, y)) : y;
}

static void noise_of_any_kind_is_stochastic(void **state)
{
    (void)state;
    size_t n;
    free(run_made(build_noisy, MCD_GAUSSIAN, &api_draw, 100, 1, 4, 1, &n));
    free(run_made(build_noisy, MCD_UNIFORM, &api_draw, 100, 1, 4, 1, &n));
}

static int draw_badly(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                      struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed;
    *d = (struct mcd_draw){.stream = pass};
    if (pass < 5)
        return MCD_OK;
    *error = (struct mcd_error){MCD_UNSUPPORTED, "test_sampler", "no more passes than five"};
    return MCD_UNSUPPORTED;
}

static const struct mcd_sampler api_bad = {sizeof api_bad, group, draw_badly, NULL};

/* Fails and does not say why: passes that were never computed must not look certain. */
static int draw_mutely(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                       struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    *d = (struct mcd_draw){.stream = pass};
    return pass < 5 ? MCD_OK : MCD_INVALID;
}

static const struct mcd_sampler api_mute = {sizeof api_mute, group, draw_mutely, NULL};

/* A stream that reaches into the words of site and domain. */
static int draw_far(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                    struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    *d = (struct mcd_draw){.stream = pass + MCD_MAX_STREAM - 5};
    return MCD_OK;
}

static const struct mcd_sampler api_far = {sizeof api_far, group, draw_far, NULL};

static void samplers_may_refuse(void **state)
{
    (void)state;
    group_of_test = 1;
    expect_refusal(build_open, 1, &api_fill, MCD_UNSUPPORTED, "test_sampler",
                   "serves dropout alone: expected a network without other noise");
    expect_refusal(build_open, 0, &api_bad, MCD_UNSUPPORTED, "test_sampler", "no more passes");
    expect_refusal(build_open, 0, &api_mute, MCD_INVALID, "test_sampler",
                   "failed without saying why (status 1)");
    expect_refusal(build_open, 0, &api_far, MCD_UNSUPPORTED, "test_sampler",
                   "pass 5 reads stream 281474976710656: expected below 2^48");
    group_of_test = 0;
    expect_refusal(build_open, 0, &api_draw, MCD_INVALID, "test_sampler",
                   "its groups have 0 passes: expected 1 or more");
    group_of_test = 1;
}

/* ---- memory --------------------------------------------------------------------------------- */

static int sink_nothing(void *arg, const struct mcd_block *block, struct mcd_error *error)
{
    (void)arg, (void)block, (void)error;
    return MCD_OK;
}

struct starved {
    const struct mcd_network *network;
    const struct mcd_item *sampler;
    const float *x;
};

static int run_starved(struct mcd_host *host, void *arg, struct mcd_error *error)
{
    const struct starved *s = arg;
    struct mcd_forward f = {.network = s->network,
                            .sampler = s->sampler,
                            .x = s->x,
                            .rows = 100,
                            .seed = SEED,
                            .block_count = s->sampler ? 9 : 1,
                            .sink = sink_nothing};
    (void)host;
    mcd_forward_geometry(&f);
    return mcd_forward_run(&f, error);
}

static void no_allocation_is_trusted(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    const struct mcd_item *samplers[] = {NULL, NULL, NULL};
    int gaussian = 1;
    group_of_test = 1;
    for (int i = 0; i < 3; i++) {
        struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
        struct rig_network made;
        rig_network_open(&made, host, "reference", build_open, &gaussian, MCD_REGRESS,
                         mcd_shape1(5));
        samplers[i] = i == 0 ? NULL : item_of(i == 1 ? &api_draw : &api_both);
        struct starved s = {&made.network, samplers[i], make_input(100, 5)};
        assert_true(rig_starve(host, run_starved, &s) > 30);
        free((float *)s.x);
        rig_network_close(&made);
        mcd_host_destroy(host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_blocks_are_closed_up),
        cmocka_unit_test(filled_bits_equal_drawn_ones),
        cmocka_unit_test(what_is_not_stochastic_is_refused),
        cmocka_unit_test(noise_of_any_kind_is_stochastic),
        cmocka_unit_test(samplers_may_refuse),
        cmocka_unit_test(no_allocation_is_trusted),
    };
    return cmocka_run_group_tests_name("forward_samplers", tests, NULL, NULL);
}
