/*
 * For tests of moments and what follows: made-up passes of a made-up network, each a function of
 * its absolute number, fed block by block as an executor does.
 *
 * Include mcdrop/model.h before cmocka.h (which makes `fail` a macro), this file after it.
 */
#ifndef TESTS_SYNTHETIC_H
#define TESTS_SYNTHETIC_H

#include "core/base/host.h"
#include "core/stats/moments.h"
#include "core/stats/summary.h"

#include <mcdrop/tensor.h>

#include <math.h>
#include <stdlib.h>

/* A group setup and teardown: the host of all tests; at the end nothing of it may be left. */
static struct mcd_host *synthetic_host;

static inline int synthetic_setup(void **state)
{
    (void)state;
    synthetic_host = mcd_host_create(1, NULL, NULL, NULL);
    return synthetic_host ? 0 : -1;
}

static inline int synthetic_teardown(void **state)
{
    (void)state;
    assert_int_equal(mcd_host_live(synthetic_host), 0);
    mcd_host_destroy(synthetic_host);
    return 0;
}

/* Uniform in (0, 1), hashed from what is asked for: any order gives the same numbers. */
static inline double synthetic_uniform(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t z = a * 0x9e3779b97f4a7c15u + b * 0xbf58476d1ce4e5b9u + c * 0x94d049bb133111ebu + 1;
    for (int i = 0; i < 3; i++) {
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z ^= z >> 31;
    }
    return ((double)(z >> 12) + 0.5) * 0x1p-52;
}

static inline double synthetic_normal(uint64_t a, uint64_t b, uint64_t c)
{
    double u = synthetic_uniform(a, b, 2 * c), v = synthetic_uniform(a, b, 2 * c + 1);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

/* A run: the noise-free outputs differ by row and class, the noise by seed and pass. */
struct synthetic {
    struct mcd_moments_spec spec;
    uint64_t seed;
    double scale, noise; /* of outputs between rows and classes, and between passes */
    int shared;          /* 1: all rows have the noise of row 0 */
    int antithetic;      /* 1: odd passes have the noise of the even pass before, negated */
};

static inline double synthetic_centre(const struct synthetic *r, int64_t row, int64_t k)
{
    return r->scale * synthetic_normal(77, (uint64_t)row, (uint64_t)k);
}

static inline double synthetic_output(const struct synthetic *r, int64_t row, int64_t k, uint64_t t)
{
    uint64_t pass = r->antithetic ? t / 2 * 2 : t;
    double z = synthetic_normal(r->seed * 1000003 + pass, r->shared ? 0 : (uint64_t)row,
                                (uint64_t)k + 100);
    return synthetic_centre(r, row, k) + r->noise * (r->antithetic && t % 2 ? -z : z);
}

/* The samples of one whole block of a row block; the caller frees them. */
static inline void *synthetic_block(const struct synthetic *r, const struct mcd_row_block *b,
                                    uint64_t block)
{
    const struct mcd_moments_spec *s = &r->spec;
    size_t count = (size_t)s->block_passes * (size_t)(b->rows * s->outputs), at = 0;
    char *samples = malloc(count * mcd_type_size(s->type));
    assert_non_null(samples);
    for (uint32_t i = 0; i < s->block_passes; i++)
        for (int64_t row = 0; row < b->rows; row++)
            for (int64_t k = 0; k < s->outputs; k++, at++) {
                double x = synthetic_output(r, b->first_row + row, k, block * s->block_passes + i);
                if (s->type == MCD_F64)
                    ((double *)(void *)samples)[at] = x;
                else
                    ((float *)(void *)samples)[at] = (float)x;
            }
    return samples;
}

static inline void synthetic_add(const struct synthetic *r, struct mcd_moments *m, uint32_t i,
                                 uint64_t block)
{
    struct mcd_error e = {0};
    void *samples = synthetic_block(r, &m->block[i], block);
    if (mcd_moments_add(m, i, block, samples, &e))
        fail_msg("%s: %s", e.where, e.text);
    free(samples);
}

/* All passes of the range. */
static inline struct mcd_moments *synthetic_moments(const struct synthetic *r)
{
    struct mcd_error e = {0};
    struct mcd_moments *m;
    if (mcd_moments_create(synthetic_host, &m, &r->spec, &e))
        fail_msg("%s: %s", e.where, e.text);
    uint64_t first = mcd_moments_first_block(&r->spec), count = mcd_moments_block_count(&r->spec);
    for (uint32_t i = 0; i < m->blocks; i++)
        for (uint64_t block = first; block < first + count; block++)
            synthetic_add(r, m, i, block);
    return m;
}

/* The same bits. */
static inline void assert_same_summary(const struct mcd_summary *a, const struct mcd_summary *b)
{
    size_t rows = (size_t)a->spec.rows, n = rows * (size_t)a->spec.outputs;
#define SAME(type, name, shape)                                                                    \
    assert_memory_equal(a->name, b->name, (shape == MCD_BY_OUTPUT ? n : rows) * sizeof(type));
    MCD_OUTPUT_FIGURES(SAME)
    if (a->spec.task != MCD_CLASSIFY)
        return;
    MCD_CLASS_FIGURES(SAME)
    assert_memory_equal(a->batch_probability, b->batch_probability,
                        MCD_BATCHES * n * sizeof(int64_t));
#undef SAME
}

#endif
