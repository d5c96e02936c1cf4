/* DROP and NOISE: laws, probabilities, structures, and ways to draw. */
#include "core/check/conformance/cases.h"

#include <stdio.h>

/* How the random numbers of a case are addressed. */
struct drawing {
    uint32_t passes, rows, site;
    uint64_t first_row, stream, update;
    uint32_t domain, flip, shared, bits;
};

static const struct drawing drawings[] = {
    {1, 1, 0, 0, 0, 0, MCD_DOMAIN_PREDICT, 0, 0, 0},
    {1, 33, 0, 0, 7, 7, MCD_DOMAIN_TRAIN, 0, 0, 0},
    {3, 3, 2, 77, 1000, 0, MCD_DOMAIN_PREDICT, 0, 0, 0},
    {4, 2, 5, 0, 0xFFFFFFFF, 0, MCD_DOMAIN_PREDICT, 0xA, 0, 0},
    {3, 3, 1, 12, 0x7FFFFFFFFF00, 0, MCD_DOMAIN_PREDICT, 0, 1, 0},
    {2, 5, 4095, 4294967290, 9, 0, MCD_DOMAIN_PREDICT, 0x3, 1, 0},
};

static const struct drawing given = {3, 3, 2, 5, 1, 0, MCD_DOMAIN_PREDICT, 0, 0, 1};

struct structure {
    struct mcd_shape shape;
    int64_t units, span;
};

static const struct structure structures[] = {
    {{1, {1}}, 1, 1},        {{1, {7}}, 7, 1},     {{1, {129}}, 129, 1},
    {{3, {3, 9, 7}}, 3, 63}, {{1, {300}}, 300, 1}, {{3, {131, 1, 2}}, 131, 2},
    {{3, {2, 5, 3}}, 30, 1}, {{0, {0}}, 1, 1},
};

static struct mcd_step_case *noisy(struct mcd_case_list *l, uint32_t op, int64_t law, double p,
                                   const struct structure *s, const struct drawing *d)
{
    static const char *const laws[] = {"Bernoulli", "Gaussian", "uniform"};
    struct mcd_step_case *c = mcd_case_add(l, op, d->rows, "");
    snprintf(c->name, sizeof c->name, "%s p %g, %u passes of %u from row %llu, site %u%s%s%s",
             laws[law], p, d->passes, d->rows, (unsigned long long)d->first_row, d->site,
             d->flip ? ", flipped" : "", d->shared ? ", shared" : "", d->bits ? ", bits" : "");
    c->attr.u.drop = (struct mcd_attr_drop){law, d->site, s->units, s->span, p};
    c->passes = d->passes;
    c->seed = 0x123456789ABCDEFull + d->rows;
    c->domain = d->domain;
    c->update = d->update;
    c->first_row = d->first_row;
    c->stream = d->stream;
    c->flip = d->flip;
    c->shared = d->shared;
    c->bits = d->bits;
    return c;
}

/* From `rows` rows: all, those that the passes share, or none. */
static void drop(struct mcd_case_list *l, int64_t law, double p, const struct structure *s,
                 const struct drawing *d, uint32_t rows)
{
    struct mcd_step_case *c = noisy(l, MCD_OP_DROP, law, p, s, d);
    mcd_case_input(c, rows, s->shape, MCD_FILL_INFINITE);
    mcd_case_output(c, d->passes * d->rows, s->shape);
    if (rows == d->passes * d->rows)
        mcd_case_in_place(l, 0);
}

static void drops(struct mcd_case_list *l, int64_t law, double p)
{
    for (size_t s = 0; s < MCD_COUNT(structures); s++)
        for (size_t i = 0; i < MCD_COUNT(drawings); i++) {
            const struct drawing *d = &drawings[i];
            drop(l, law, p, &structures[s], d, d->passes * d->rows);
            if (d->passes > 1)
                drop(l, law, p, &structures[s], d, d->rows);
            if (i == 2)
                drop(l, law, p, &structures[s], d, 0);
        }
}

static void noise(struct mcd_case_list *l, int64_t law, const struct structure *s,
                  const struct drawing *d)
{
    struct mcd_step_case *c = noisy(l, MCD_OP_NOISE, law, 0, s, d);
    mcd_case_input(c, d->passes * d->rows, s->shape, MCD_FILL_NAN); /* only its shape counts */
    mcd_case_output(c, d->passes * d->rows, s->shape);
}

void mcd_cases_noise(struct mcd_case_list *l)
{
    static const double rates[] = {0, 0.2, 0.5, 0.8, 1};
    for (size_t i = 0; i < MCD_COUNT(rates); i++) {
        drops(l, MCD_BERNOULLI, rates[i]);
        if (rates[i] < 1)
            drops(l, MCD_GAUSSIAN, rates[i]);
    }
    for (size_t s = 0; s < MCD_COUNT(structures); s++) {
        drop(l, MCD_BERNOULLI, 0.2, &structures[s], &given, 9);
        drop(l, MCD_BERNOULLI, 0.5, &structures[s], &given, 3);
        drop(l, MCD_BERNOULLI, 0, &structures[s], &given, 3); /* here the bits do not count */
        drop(l, MCD_BERNOULLI, 1, &structures[s], &given, 3);
        for (size_t i = 0; i < MCD_COUNT(drawings); i++) {
            noise(l, MCD_UNIFORM, &structures[s], &drawings[i]);
            noise(l, MCD_GAUSSIAN, &structures[s], &drawings[i]);
        }
    }
}
