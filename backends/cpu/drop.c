/*
 * DROP and NOISE: random numbers of a site, and what they do to the values of its rows.
 *
 * Work is cut into lanes, blocks of units of one virtual row; MCD_LANES of them draw at a time.
 */
#include "elementary.h"
#include "lanes.h"
#include "ops.h"
#include "pieces.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 16384 /* elements */ };

struct job {
    const struct mcd_run *run;
    struct mcd_attr_drop attr;
    float *out;
    const float *x;   /* NULL for NOISE, which doesn't read its input */
    int64_t x_rows;   /* of x: all virtual rows, or those that the passes share, or 1 */
    int64_t elements; /* of a row */
    uint32_t blocks;  /* of a row */
    uint32_t *bits;   /* where they are kept */
    uint64_t threshold;
    float scale; /* of what is kept; of a normal */
};

/* The value of span elements from a unit on, input and output. */
static const float *source(const struct job *j, uint32_t row, int64_t unit)
{
    return j->x + (row % j->x_rows) * j->elements + unit * j->attr.span;
}

static float *target(const struct job *j, uint32_t row, int64_t unit)
{
    return j->out + row * j->elements + unit * j->attr.span;
}

/* scale x, or exactly 0 where the unit's bit is set, whatever x is */
MCD_INTO_CLONE float kept(float x, float scale, uint32_t word, int bit)
{
    return mcd_from_bits(mcd_bits(scale * x) & ((word >> bit & 1) - 1));
}

static MCD_CLONES void keep(float *y, const float *x, const uint32_t *dropped, float scale,
                            int64_t n)
{
    for (; n >= 32; n -= 32, x += 32, y += 32, dropped++) {
        const uint32_t word = *dropped;
        MCD_ELEMENTWISE
        for (int i = 0; i < 32; i++)
            y[i] = kept(x[i], scale, word, i);
    }
    for (int i = 0; i < n; i++)
        y[i] = kept(x[i], scale, *dropped, i);
}

static MCD_CLONES void times(float *y, const float *x, float factor, int64_t n)
{
    MCD_ELEMENTWISE
    for (int64_t i = 0; i < n; i++)
        y[i] = factor * x[i];
}

void mcd_drop_units(float *y, const float *x, const uint32_t *dropped, float scale, int64_t span,
                    int64_t n)
{
    if (span == 1) {
        keep(y, x, dropped, scale, n);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        if (dropped[i / 32] >> i % 32 & 1)
            memset(y + i * span, 0, (size_t)span * sizeof *y);
        else
            times(y + i * span, x + i * span, scale, span);
}

/* One block of up to 128 units. */
static void keep_block(const struct job *j, uint32_t row, uint32_t block, const uint32_t *dropped)
{
    int64_t unit = 128 * (int64_t)block, n = j->attr.units - unit;
    mcd_drop_units(target(j, row, unit), source(j, row, unit), dropped, j->scale, j->attr.span,
                   n < 128 ? n : 128);
}

static void bernoulli(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    while (count > 0) {
        struct mcd_lanes lanes;
        uint32_t dropped[MCD_LANES][4];
        mcd_lanes_start(&lanes, j->run, (uint32_t)j->attr.site, j->blocks, first, count);
        mcd_lanes_drop(&lanes, j->threshold, dropped);
        for (uint32_t l = 0; l < lanes.count; l++)
            keep_block(j, lanes.row[l], lanes.block[l], dropped[l]);
        first += lanes.count;
        count -= lanes.count;
    }
}

/* Bits alone, which are used later. */
static void draw(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    const uint32_t words = (uint32_t)(j->attr.units + 31) / 32;
    (void)worker;
    while (count > 0) {
        struct mcd_lanes lanes;
        uint32_t dropped[MCD_LANES][4];
        mcd_lanes_start(&lanes, j->run, (uint32_t)j->attr.site, j->blocks, first, count);
        mcd_lanes_drop(&lanes, j->threshold, dropped);
        for (uint32_t l = 0; l < lanes.count; l++) {
            uint32_t at = 4 * lanes.block[l], n = words - at < 4 ? words - at : 4;
            memcpy(j->bits + (int64_t)lanes.row[l] * words + at, dropped[l], n * sizeof *j->bits);
        }
        first += lanes.count;
        count -= lanes.count;
    }
}

const uint32_t *mcd_drop_draw(const struct mcd_cpu *cpu, const struct mcd_attr_drop *attr,
                              const struct mcd_run *run, int64_t rows, uint32_t *bits)
{
    struct job j = {.run = run, .attr = *attr, .bits = bits, .threshold = mcd_threshold(attr->p)};
    j.blocks = (uint32_t)((attr->units + 127) / 128);
    if (attr->p <= 0 || attr->p >= 1)
        memset(bits, attr->p > 0 ? 0xFF : 0, mcd_drop_bytes(attr, rows));
    else if (run->bits && run->bits[attr->site])
        return run->bits[attr->site];
    else
        mcd_cpu_split(cpu, rows * j.blocks, GRAIN / 128, draw, &j);
    return bits;
}

/* Bits that a sampler filled; items are rows here. */
static void filled(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    const int64_t words = (j->attr.units + 31) / 32;
    (void)worker;
    for (int64_t row = first; row < first + count; row++) {
        const uint32_t *bits = j->run->bits[j->attr.site] + row * words;
        for (uint32_t block = 0; block < j->blocks; block++)
            keep_block(j, (uint32_t)row, block, bits + 4 * block);
    }
}

/* Normals of the lanes, negated where flipped: z[unit][lane]. */
static MCD_CLONES void normals(float z[4][MCD_LANES], uint32_t word[4][MCD_LANES],
                               const uint32_t *flip)
{
    for (int i = 0; i < 4; i += 2)
        for (int l = 0; l < MCD_LANES; l++) {
            float sine, cosine, r = mcd_normal_radius(word[i][l]);
            mcd_normal_angle(word[i + 1][l], &sine, &cosine);
            r = flip[l] ? -r : r;
            z[i][l] = r * cosine;
            z[i + 1][l] = r * sine;
        }
}

/* Uniforms in (0, 1), u as 1 - u where flipped. */
static MCD_CLONES void uniforms(float u[4][MCD_LANES], uint32_t word[4][MCD_LANES],
                                const uint32_t *flip)
{
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < MCD_LANES; l++)
            u[i][l] = ((float)(int32_t)((word[i][l] ^ flip[l]) >> 9) + 0.5f) * 1.1920929e-7f;
}

static void fill(float *y, float value, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = value;
}

/* The numbers of one block of up to 4 units, as they are (NOISE) or as factors 1 + scale z. */
static void use_block(const struct job *j, uint32_t row, uint32_t block, const float z[4])
{
    int64_t unit = 4 * (int64_t)block, n = j->attr.units - unit, span = j->attr.span;
    n = n < 4 ? n : 4;
    float *y = target(j, row, unit);
    const float *x = j->x ? source(j, row, unit) : NULL;
    for (int64_t i = 0; i < n; i++)
        if (!x)
            fill(y + i * span, z[i], span);
        else if (span == 1)
            y[i] = (1.0f + j->scale * z[i]) * x[i];
        else
            times(y + i * span, x + i * span, 1.0f + j->scale * z[i], span);
}

static void continuous(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    while (count > 0) {
        struct mcd_lanes lanes;
        uint32_t word[4][MCD_LANES];
        float z[4][MCD_LANES];
        mcd_lanes_start(&lanes, j->run, (uint32_t)j->attr.site, j->blocks, first, count);
        mcd_lanes_noise(&lanes, word);
        if (j->attr.law == MCD_UNIFORM)
            uniforms(z, word, lanes.flip);
        else
            normals(z, word, lanes.flip);
        for (uint32_t l = 0; l < lanes.count; l++)
            use_block(j, lanes.row[l], lanes.block[l],
                      (const float[4]){z[0][l], z[1][l], z[2][l], z[3][l]});
        first += lanes.count;
        count -= lanes.count;
    }
}

/* What needs no draws because p is 0 or 1; items are rows here. */
static void all_or_none(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    size_t bytes = (size_t)j->elements * sizeof *j->out;
    (void)worker;
    for (int64_t row = first; row < first + count; row++)
        if (j->attr.p > 0)
            memset(target(j, (uint32_t)row, 0), 0, bytes);
        else
            memmove(target(j, (uint32_t)row, 0), source(j, (uint32_t)row, 0), bytes);
}

static void compute(const struct mcd_cpu *cpu, const struct mcd_step *step,
                    const struct mcd_run *run, struct job *j)
{
    int64_t rows = mcd_rows(&step->out), per_block;
    j->run = run;
    j->attr = step->attr.u.drop;
    j->out = mcd_floats(&step->out);
    j->x_rows = mcd_rows(&step->in[0]);
    j->elements = mcd_shape_count(&step->out.shape);
    int coarse = j->attr.law == MCD_BERNOULLI; /* blocks of 128 units, else of 4 */
    j->blocks = (uint32_t)((j->attr.units + (coarse ? 127 : 3)) / (coarse ? 128 : 4));
    per_block = (j->elements + j->blocks - 1) / j->blocks;
    if (j->x && (j->attr.p <= 0 || j->attr.p >= 1))
        mcd_cpu_split(cpu, rows, GRAIN / j->elements, all_or_none, j);
    else if (coarse && run->bits && run->bits[j->attr.site])
        mcd_cpu_split(cpu, rows, GRAIN / j->elements, filled, j);
    else /* whole lots of lanes, so that none is idle but in the last */
        mcd_cpu_split(cpu, rows * j->blocks, (GRAIN / per_block / MCD_LANES + 1) * MCD_LANES,
                      coarse ? bernoulli : continuous, j);
}

MCD_CPU_RUN(mcd_cpu_drop)
{
    double p = step->attr.u.drop.p;
    struct job j = {.x = mcd_floats(&step->in[0]), .threshold = mcd_threshold(p)};
    (void)error;
    j.scale = (float)(step->attr.u.drop.law == MCD_BERNOULLI ? 1 / (1 - p) : sqrt(p / (1 - p)));
    compute(state, step, run, &j);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_noise)
{
    struct job j = {.x = NULL};
    (void)error;
    compute(state, step, run, &j);
    return MCD_OK;
}
