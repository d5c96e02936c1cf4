/*
 * For tests of the embedding interface: a handle on small weights, inputs, and room for every
 * array.
 *
 * Include after cmocka.h and scratch.h. Static inline, so that every test program stays one file.
 */
#ifndef TESTS_PREDICTOR_RUN_H
#define TESTS_PREDICTOR_RUN_H

#include <mcdrop/mcdrop.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 30, CLASSES = 4, ROWS = 5, PASSES = 90 };

static const char model[] = "mlp:hidden=9x7,classes=4";
static const char *const backends[] = {"reference", "openblas", "onednn"};
static char weights[PATH_MAX];
static float x[ROWS * INPUTS];

static inline struct mcd_predictor_options standard(void)
{
    return (struct mcd_predictor_options){.size = sizeof(struct mcd_predictor_options),
                                          .threads = 1,
                                          .model = model,
                                          .weights = weights,
                                          .input = mcd_shape1(INPUTS),
                                          .passes = PASSES,
                                          .seed = 11};
}

static inline struct mcd_predictor *opened(const struct mcd_predictor_options *o)
{
    struct mcd_error e = {0};
    struct mcd_predictor *p;
    assert_ok(mcd_predictor_open(o, &p, &e), e);
    assert_non_null(p);
    return p;
}

static inline int is_built(const char *backend)
{
    char path[PATH_MAX];
    const char *plugins = getenv("MCDROP_PLUGIN_PATH");
    snprintf(path, sizeof path, "%s/backends/%s.so", plugins ? plugins : "", backend);
    if (access(path, F_OK) == 0)
        return 1;
    print_message("# %s is not built: not tested\n", backend);
    return 0;
}

/* Before any test: weights and inputs. */
static inline void predictor_prepare(void)
{
    snprintf(weights, sizeof weights, "%s/fixtures/mlp_tiny.safetensors",
             getenv("MCDROP_TEST_SRCDIR"));
    for (int i = 0; i < ROWS * INPUTS; i++)
        x[i] = (float)(i % 7) / 7;
}

/* ---- room for answers -------------------------------------------------------------------- */

/* Every array of a prediction: X(member, values in a row). Votes come apart, being integers. */
#define ARRAYS(X)                                                                                  \
    X(deterministic, CLASSES)                                                                      \
    X(output_mean, CLASSES)                                                                        \
    X(output_std, CLASSES)                                                                         \
    X(output_mcse, CLASSES)                                                                        \
    X(probability_mean, CLASSES)                                                                   \
    X(probability_std, CLASSES)                                                                    \
    X(probability_mcse, CLASSES)                                                                   \
    X(entropy_mean, 1)                                                                             \
    X(entropy_std, 1)                                                                              \
    X(entropy_mcse, 1)                                                                             \
    X(predictive_entropy, 1)                                                                       \
    X(predictive_entropy_mcse, 1)                                                                  \
    X(mutual_information, 1)                                                                       \
    X(mutual_information_mcse, 1)                                                                  \
    X(variation_ratio, 1)                                                                          \
    X(variation_ratio_mcse, 1)

/* Filled with NaN (votes: -1) before; what lies behind the values must stay so. */
struct answers {
#define MEMBER(name, width) double name[ROWS * (width) + 1];
    ARRAYS(MEMBER)
#undef MEMBER
    int64_t votes[ROWS * CLASSES + 1];
};

static inline void clear(struct answers *a)
{
#define CLEAR(name, width)                                                                         \
    for (int i = 0; i <= ROWS * (width); i++)                                                      \
        a->name[i] = NAN;
    ARRAYS(CLEAR)
#undef CLEAR
    for (int i = 0; i <= ROWS * CLASSES; i++)
        a->votes[i] = -1;
}

static inline struct mcd_prediction all_of(struct answers *a)
{
    clear(a);
    struct mcd_prediction p = {.size = sizeof p, .votes = a->votes};
#define POINT(name, width) p.name = a->name;
    ARRAYS(POINT)
#undef POINT
    return p;
}

static inline void run_all(struct mcd_predictor *p, struct answers *a)
{
    struct mcd_error e = {0};
    struct mcd_prediction out = all_of(a);
    assert_ok(mcd_predictor_run(p, x, ROWS, &out, &e), e);
}

static inline int same(const struct answers *a, const struct answers *b)
{
    return memcmp(a, b, sizeof *a) == 0; /* doubles and integers alone: no padding */
}

/* ---- refusals ---------------------------------------------------------------------------- */

static inline void refuse_open(const struct mcd_predictor_options *o, int status, const char *where,
                               const char *text)
{
    struct mcd_error e = {0};
    struct mcd_predictor *p = (struct mcd_predictor *)&e;
    assert_int_equal(mcd_predictor_open(o, &p, &e), status);
    assert_null(p);
    assert_error(e, status, where, text);
    assert_int_equal(mcd_predictor_open(o, &p, NULL), status);
}

static inline void refuse_run(struct mcd_predictor *p, const float *in, int64_t rows,
                              struct mcd_prediction *out, const char *where, const char *text)
{
    struct mcd_error e = {0};
    assert_int_equal(mcd_predictor_run(p, in, rows, out, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, where, text);
    assert_int_equal(mcd_predictor_run(p, in, rows, out, NULL), MCD_INVALID);
}

#endif
