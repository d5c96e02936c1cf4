/* Moments: right by definition, and the same bits however the work is arranged. */
#include <mcdrop/model.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/stats/leaf.h"
#include "core/stats/moments.h"
#include "core/stats/summary.h"
#include "scratch.h"
#include "synthetic.h"

static const struct synthetic basic = {
    .spec = {.task = MCD_CLASSIFY,
             .type = MCD_F32,
             .rows = 5,
             .outputs = 3,
             .block_rows = 2,
             .group = 1,
             .block_passes = 16,
             .first_pass = 0,
             .passes = 1000},
    .seed = 1,
    .scale = 1.0,
    .noise = 0.7,
};

static struct mcd_summary summarise(const struct mcd_moments *m)
{
    struct mcd_summary s;
    struct mcd_error e = {0};
    if (mcd_summary_create(&s, m, &e))
        fail_msg("%s: %s", e.where, e.text);
    return s;
}

static struct mcd_summary run(const struct synthetic *r)
{
    struct mcd_moments *m = synthetic_moments(r);
    struct mcd_summary s = summarise(m);
    mcd_moments_destroy(m);
    return s;
}

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.17g is not %.17g within %g", a, b, tolerance);
}

/* What a summary says, from the definitions, in long double. */
struct plain {
    double mean, sd, pmean, psd, hmean, predictive;
    int64_t votes;
};

static struct plain plainly(const struct synthetic *r, int64_t row, int64_t k)
{
    long double x1 = 0, x2 = 0, p1 = 0, p2 = 0, h1 = 0, mean[8] = {0};
    struct plain out = {0};
    int64_t K = r->spec.outputs;
    for (uint64_t t = r->spec.first_pass; t < r->spec.first_pass + r->spec.passes; t++) {
        long double z[8] = {0}, sum = 0;
        int64_t top = 0;
        for (int64_t i = 0; i < K; i++) {
            double x = synthetic_output(r, row, i, t);
            z[i] = r->spec.type == MCD_F32 ? (float)x : x;
            top = z[i] > z[top] ? i : top;
            sum += expl(z[i]);
        }
        x1 += z[k], x2 += z[k] * z[k];
        out.votes += top == k;
        for (int64_t i = 0; i < K; i++) {
            long double p = expl(z[i]) / sum;
            mean[i] += p / (long double)r->spec.passes;
            h1 -= p * logl(p);
            p1 += i == k ? p : 0, p2 += i == k ? p * p : 0;
        }
    }
    long double n = (long double)r->spec.passes;
    out.mean = (double)(x1 / n), out.pmean = (double)(p1 / n), out.hmean = (double)(h1 / n);
    out.sd = (double)sqrtl((x2 - x1 * x1 / n) / (n - 1));
    out.psd = (double)sqrtl((p2 - p1 * p1 / n) / (n - 1));
    for (int64_t i = 0; i < K; i++)
        out.predictive -= (double)(mean[i] * logl(mean[i]));
    return out;
}

static void agrees_with_definitions(void **state)
{
    (void)state;
    for (int type = MCD_F32; type <= MCD_F64; type++) {
        struct synthetic r = basic;
        r.spec.type = (uint32_t)type;
        r.spec.first_pass = 7;
        struct mcd_summary s = run(&r);
        for (int64_t row = 0; row < 5; row++)
            for (int64_t k = 0; k < 3; k++) {
                int64_t i = row * 3 + k;
                struct plain p = plainly(&r, row, k);
                assert_near(s.output_mean[i], p.mean, 1e-13);
                assert_near(s.output_std[i], p.sd, 1e-13);
                assert_near(s.output_mcse[i], p.sd / sqrt(1000), 1e-13);
                assert_near(s.probability_mean[i], p.pmean, 1e-14);
                assert_near(s.probability_std[i], p.psd, 1e-13);
                assert_near(s.entropy_mean[row], p.hmean, 1e-13);
                assert_near(s.predictive_entropy[row], p.predictive, 1e-13);
                assert_near(s.mutual_information[row], p.predictive - p.hmean, 1e-13);
                assert_int_equal(s.votes[i], p.votes);
            }
        mcd_summary_clear(&s);
    }
}

/* Bits depend neither on row blocks, nor on the order between them, nor on what is kept. */
static void same_bits_for_any_row_block(void **state)
{
    (void)state;
    struct synthetic r = basic;
    struct mcd_summary a = run(&r);
    for (int64_t rows = 1; rows <= 6; rows++)
        for (uint32_t keep = 0; keep < 2; keep++) {
            r.spec.block_rows = rows;
            r.spec.keep_pieces = keep;
            struct mcd_error e = {0};
            struct mcd_moments *m;
            assert_int_equal(mcd_moments_create(synthetic_host, &m, &r.spec, &e), 0);
            for (uint64_t block = 0; block < mcd_moments_block_count(&r.spec); block++)
                for (uint32_t i = m->blocks; i-- > 0;)
                    synthetic_add(&r, m, i, block);
            struct mcd_summary b = summarise(m);
            assert_same_summary(&a, &b);
            mcd_summary_clear(&b);
            mcd_moments_destroy(m);
        }
    mcd_summary_clear(&a);
}

/* An early stop at a block boundary is the run of fewer passes; memory stays logarithmic. */
static void stops_early(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.spec.passes = MCD_MAX_PASSES;
    r.spec.rows = 1;
    r.spec.outputs = 2;
    struct mcd_error e = {0};
    struct mcd_moments *m;
    uint64_t passes;
    double mcse;
    assert_int_equal(mcd_moments_create(synthetic_host, &m, &r.spec, &e), 0);
    for (uint64_t block = 0; block < 1000; block++) {
        synthetic_add(&r, m, 0, block);
        assert_true(m->block[0].count <= 10);
        if (block == 0) {
            assert_int_equal(mcd_moments_worst_mcse(m, &mcse, &e), 0);
            assert_true(isfinite(mcse)); /* 16 groups */
        }
    }
    assert_int_equal(mcd_moments_done(m, &passes, &e), 0);
    assert_int_equal(passes, 16000);
    struct mcd_summary a = summarise(m);
    assert_int_equal(mcd_moments_worst_mcse(m, &mcse, &e), 0);
    assert_true(mcse == fmax(a.probability_mcse[0], a.probability_mcse[1]));
    mcd_moments_destroy(m);
    r.spec.passes = 16000;
    struct mcd_summary b = run(&r);
    assert_same_summary(&a, &b);
    mcd_summary_clear(&a);
    mcd_summary_clear(&b);
}

static void waits_before_it_stops(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.spec.group = 2;
    struct mcd_error e = {0};
    struct mcd_moments *m;
    double mcse;
    assert_int_equal(mcd_moments_create(synthetic_host, &m, &r.spec, &e), 0);
    for (uint64_t block = 0; block < 2; block++) {
        for (uint32_t i = 0; i < m->blocks; i++) {
            synthetic_add(&r, m, i, block);
            int status = mcd_moments_worst_mcse(m, &mcse, &e);
            assert_int_equal(status, i + 1 < m->blocks ? MCD_INVALID : 0);
            e = (struct mcd_error){0};
        }
        assert_int_equal(isinf(mcse) != 0, block == 0);
    }
    mcd_moments_destroy(m);
}

/* One pass, equal passes, and huge logits: no spread, no NaN where a number is defined. */
static void degenerate_runs(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.spec.passes = 1;
    struct mcd_summary s = run(&r);
    assert_true(isnan(s.output_std[0]) && isnan(s.output_mcse[0]) && isnan(s.entropy_std[0]));
    assert_true(isnan(s.predictive_entropy_mcse[0]) && s.mutual_information[0] == 0.0);
    assert_true(s.variation_ratio[0] == 0.0);
    mcd_summary_clear(&s);
    r.spec.passes = 777;
    r.noise = 0.0;
    s = run(&r);
    for (int i = 0; i < 15; i++)
        assert_true(s.output_std[i] == 0.0 && s.probability_std[i] == 0.0 &&
                    s.probability_mcse[i] == 0.0 && s.output_mean[i] == (float)s.output_mean[i]);
    for (int i = 0; i < 5; i++)
        assert_true(s.predictive_entropy_mcse[i] < 1e-12 && s.mutual_information[i] < 1e-12);
    mcd_summary_clear(&s);
    r.noise = 1e30;
    s = run(&r);
    for (int i = 0; i < 15; i++)
        assert_true(isfinite(s.output_std[i]) && s.probability_mean[i] >= 0.0);
    for (int i = 0; i < 5; i++)
        assert_true(s.entropy_mean[i] == 0.0 && s.predictive_entropy[i] > 0.1);
    mcd_summary_clear(&s);
}

static void regression_has_outputs_alone(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.spec.task = MCD_REGRESS;
    r.spec.outputs = 1;
    struct mcd_summary s = run(&r);
    struct plain p = plainly(&r, 4, 0);
    assert_near(s.output_mean[4], p.mean, 1e-13);
    assert_near(s.output_std[4], p.sd, 1e-13);
    assert_null(s.probability_mean);
    assert_null(s.votes);
    mcd_summary_clear(&s);
}

/*
 * Antithetic pairs cancel in the mean of the outputs: the error says so, the sd does not. A pass
 * whose partner is beyond the end is as uncertain as any.
 */
static void check_pairs(uint64_t first, uint64_t passes, int cut)
{
    struct synthetic r = basic;
    r.antithetic = 1;
    r.spec.type = MCD_F64;
    r.spec.group = 2;
    r.spec.first_pass = first;
    r.spec.passes = passes;
    struct mcd_summary s = run(&r);
    for (int i = 0; i < 15; i++) {
        assert_near(s.output_std[i], 0.7, 0.1);
        assert_near(s.output_mcse[i], s.output_std[i] * sqrt(cut) / (double)passes, 1e-15);
        assert_true(s.probability_mcse[i] > 1e-4);
        assert_true(s.probability_mcse[i] < 0.7 * s.probability_std[i] / sqrt((double)passes));
    }
    mcd_summary_clear(&s);
}

static void groups_make_the_error(void **state)
{
    (void)state;
    check_pairs(4, 996, 0);
    check_pairs(4, 997, 1);
    check_pairs(3, 997, 1);
    check_pairs(3, 998, 2);
}

static void refuses_values_that_are_not_finite(void **state)
{
    (void)state;
    struct synthetic r = basic;
    struct mcd_error e = {0};
    struct mcd_moments *m;
    assert_int_equal(mcd_moments_create(synthetic_host, &m, &r.spec, &e), 0);
    synthetic_add(&r, m, 1, 0);
    float *samples = synthetic_block(&r, &m->block[1], 1);
    samples[2 * 6 + 4] = NAN;
    assert_int_equal(mcd_moments_add(m, 1, 1, samples, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "prediction", "row 3, output 1, pass 18");
    free(samples);
    mcd_moments_destroy(m);
}

static void refuses_blocks_out_of_turn(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.spec.passes = 20;
    struct mcd_error e = {0};
    struct mcd_moments *m;
    assert_int_equal(mcd_moments_create(synthetic_host, &m, &r.spec, &e), 0);
    float samples[16 * 2 * 3] = {0};
    assert_int_equal(mcd_moments_add(m, 0, 1, samples, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "moments", "out of turn");
    synthetic_add(&r, m, 0, 0);
    synthetic_add(&r, m, 0, 1);
    assert_int_equal(mcd_moments_add(m, 0, 2, samples, NULL), MCD_INVALID);
    mcd_moments_destroy(m);
}

static void refuse(struct mcd_moments_spec s, const char *part)
{
    struct mcd_error e = {0};
    struct mcd_moments *m;
    assert_int_equal(mcd_moments_create(synthetic_host, &m, &s, &e), MCD_INVALID);
    assert_null(m);
    assert_error(e, MCD_INVALID, "moments", part);
}

static void refuses_nonsense(void **state)
{
    (void)state;
#define REFUSE(field, value, part)                                                                 \
    do {                                                                                           \
        struct mcd_moments_spec s = basic.spec;                                                    \
        s.field = value;                                                                           \
        refuse(s, part);                                                                           \
    } while (0)
    REFUSE(task, 7, "task 7");
    REFUSE(type, MCD_I32, "float32");
    REFUSE(rows, 0, "at least one");
    REFUSE(outputs, -1, "at least one");
    REFUSE(outputs, 1 << 23, "at most");
    REFUSE(block_rows, 0, "at least one");
    REFUSE(group, 3, "multiple of the group");
    REFUSE(group, 0, "multiple of the group");
    REFUSE(block_passes, 1 << 17, "at most 65536");
    REFUSE(passes, 0, "1 to 33554432");
    REFUSE(passes, MCD_MAX_PASSES + 1, "1 to 33554432");
    REFUSE(first_pass, (uint64_t)1 << 47, "below 2^47");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_definitions),
        cmocka_unit_test(same_bits_for_any_row_block),
        cmocka_unit_test(stops_early),
        cmocka_unit_test(waits_before_it_stops),
        cmocka_unit_test(degenerate_runs),
        cmocka_unit_test(regression_has_outputs_alone),
        cmocka_unit_test(groups_make_the_error),
        cmocka_unit_test(refuses_values_that_are_not_finite),
        cmocka_unit_test(refuses_blocks_out_of_turn),
        cmocka_unit_test(refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, synthetic_setup, synthetic_teardown);
}
