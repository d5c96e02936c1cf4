/*
 * The kernels that draw, run on the host: their bits are those of the golden file (see
 * fixtures/README.md), which holds random.h, too. And the division that they are numbered by.
 */
#include "backends/cuda/bodies/drop.h"
#include "backends/cuda/bodies/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS       "%" SCNx64 " %" SCNu32 " %" SCNu32 " %" SCNu64 " %" SCNu32 " "
#define ADDRESS_OF(a) &(a)->seed, &(a)->domain, &(a)->site, &(a)->stream, &(a)->row
#define WORDS         "%" SCNx32 " %" SCNx32 " %" SCNx32 " %" SCNx32
#define WORDS_OF(w)   (w), (w) + 1, (w) + 2, (w) + 3

/* One pass of `rows` rows from the address's on; site numbers of the golden file are small. */
struct one_pass {
    struct mcd_draw draws[MCD_MAX_SITES];
    struct mcd_run run;
};

static void run_at(struct one_pass *o, const struct mcd_address *a, uint32_t flip, uint32_t rows)
{
    memset(o->draws, 0, sizeof o->draws);
    o->draws[a->site].stream = a->stream;
    o->draws[a->site].flip = flip;
    o->run = (struct mcd_run){.size = sizeof o->run,
                              .domain = a->domain,
                              .seed = a->seed,
                              .first_row = a->row,
                              .passes = 1,
                              .rows = rows,
                              .draws = o->draws};
}

/* Kernel `mask` of one site behind another one that has `before` threads and is not looked at. */
static struct mask_args mask_of(const struct one_pass *o, uint32_t site, uint32_t blocks, double p,
                                uint64_t before, uint32_t *bits)
{
    struct mask_args a = {.run = &o->run, .count = 2};
    a.site[0] = (struct mask_site){.blocks = mcd_divisor_of(1)};
    a.site[1] = (struct mask_site){
        .threshold = mcd_threshold(p),
        .first = before,
        .bits = bits,
        .blocks = mcd_divisor_of(blocks),
        .site = site,
        .words = 4 * blocks,
    };
    return a;
}

static int drop_agrees(const char *line)
{
    static struct one_pass o;
    struct mcd_address a;
    uint32_t block, flip, w[4], guard = 0xDEADBEEF;
    double p;
    if (sscanf(line, ADDRESS "%" SCNu32 " %lf %" SCNu32 " : " WORDS, ADDRESS_OF(&a), &block, &p,
               &flip, WORDS_OF(w)) != 12)
        return 0;
    run_at(&o, &a, flip, 1);
    uint32_t *bits = calloc(4 * ((size_t)block + 1), sizeof *bits);
    assert_non_null(bits);
    struct mask_args mask = mask_of(&o, a.site, block + 1, p, 7, bits);
    mask_body(&mask, 7 + (int64_t)block);
    int agrees = memcmp(bits + 4 * (size_t)block, w, sizeof w) == 0;
    mask.site[1].words -= 3; /* a row's last block may have fewer words: none is written behind */
    memset(bits + 4 * (size_t)block, 0xFF, 4 * sizeof *bits);
    bits[4 * (size_t)block + 1] = guard;
    mask_body(&mask, 7 + (int64_t)block);
    agrees &= bits[4 * (size_t)block] == w[0] && bits[4 * (size_t)block + 1] == guard;
    free(bits);
    return agrees;
}

static uint64_t fnv1a(uint64_t hash, uint32_t word)
{
    for (int i = 0; i < 4; i++, word >>= 8)
        hash = (hash ^ (word & 0xFF)) * 0x100000001B3u;
    return hash;
}

static int sum_agrees(const char *line)
{
    static struct one_pass o;
    struct mcd_address a; /* the row is read as the number of rows */
    uint32_t blocks, flip;
    uint64_t hash = 0xCBF29CE484222325u, wanted_hash;
    long count = 0, wanted_count;
    double p;
    if (sscanf(line, ADDRESS "%" SCNu32 " %lf %" SCNu32 " : %ld %" SCNx64, ADDRESS_OF(&a), &blocks,
               &p, &flip, &wanted_count, &wanted_hash) != 10)
        return 0;
    int64_t threads = (int64_t)a.row * blocks;
    uint32_t rows = a.row;
    a.row = 0;
    run_at(&o, &a, flip, rows);
    uint32_t *bits = calloc(4 * (size_t)threads, sizeof *bits);
    assert_non_null(bits);
    struct mask_args mask = mask_of(&o, a.site, blocks, p, 3, bits);
    for (int64_t i = threads; i-- > 0;)
        mask_body(&mask, 3 + i);
    for (int64_t i = 0; i < 4 * threads; i++) {
        count += __builtin_popcount(bits[i]);
        hash = fnv1a(hash, bits[i]);
    }
    free(bits);
    return count == wanted_count && hash == wanted_hash;
}

/* Numbers of a block, drawn as the kernel does. */
static void numbers(const struct mcd_address *a, uint32_t block, uint32_t normal, uint32_t flip,
                    float out[4])
{
    static struct one_pass o;
    run_at(&o, a, flip, 1);
    const struct noise_args args = {.run = &o.run, .site = a->site, .normal = normal};
    noise_numbers(&args, 0, block, out);
}

static int noise_agrees(const char *line)
{
    struct mcd_address a;
    uint32_t block, w[4];
    double u[4];
    float got[4], flipped[4];
    if (sscanf(line, ADDRESS "%" SCNu32 " : " WORDS " %lf %lf %lf %lf", ADDRESS_OF(&a), &block,
               WORDS_OF(w), WORDS_OF(u)) != 14)
        return 0;
    numbers(&a, block, 0, 0, got);
    numbers(&a, block, 0, 1, flipped);
    for (int i = 0; i < 4; i++)
        if ((double)got[i] != u[i] || (double)flipped[i] != 1 - u[i])
            return 0;
    return 1;
}

static int normal_agrees(const char *line)
{
    struct mcd_address a;
    uint32_t block;
    double z[4];
    float got[4], flipped[4];
    if (sscanf(line, ADDRESS "%" SCNu32 " : %lf %lf %lf %lf", ADDRESS_OF(&a), &block,
               WORDS_OF(z)) != 10)
        return 0;
    numbers(&a, block, 1, 0, got);
    numbers(&a, block, 1, 1, flipped);
    for (int i = 0; i < 4; i++)
        if (!(fabs((double)got[i] - z[i]) <= 1e-6) || flipped[i] != -got[i])
            return 0;
    return 1;
}

static const struct {
    const char *word;
    int (*agrees)(const char *line);
} kinds[] = {
    {"noise ", noise_agrees},
    {"normal ", normal_agrees},
    {"drop ", drop_agrees},
    {"sum ", sum_agrees},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static void kernels_agree_with_the_golden_file(void **state)
{
    (void)state;
    char path[4096], line[512];
    int seen[KINDS] = {0};
    const char *folder = getenv("MCDROP_TEST_SRCDIR");
    snprintf(path, sizeof path, "%s/fixtures/masks_golden.txt", folder ? folder : "tests");
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("cannot open %s", path);
    while (fgets(line, sizeof line, f))
        for (size_t k = 0; k < KINDS; k++) {
            if (strncmp(line, kinds[k].word, strlen(kinds[k].word)) != 0)
                continue;
            if (!kinds[k].agrees(line + strlen(kinds[k].word)))
                fail_msg("disagrees: %s", line);
            seen[k]++;
        }
    fclose(f);
    for (size_t k = 0; k < KINDS; k++)
        assert_true(seen[k] > 0);
}

/* The ends of what words can be, where logarithms and angles are hardest. */
static void normals_are_those_of_random_h(void **state)
{
    static const uint32_t words[] = {0,          1,          2,          0x1FFFFFFF, 0x20000000,
                                     0x3FFFFFFF, 0x40000000, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000,
                                     0x80000001, 0xBFFFFFFF, 0xC0000000, 0xFFFFFFFE, 0xFFFFFFFF};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (size_t j = 0; j < sizeof words / sizeof *words; j++) {
            const struct mcd_words w = {{words[i], words[j], words[j], words[i]}};
            double z[4];
            float got[2];
            mcd_normal(&w, z);
            noise_normals(words[i], words[j], got);
            double size = sqrt(z[0] * z[0] + z[1] * z[1]);
            for (int k = 0; k < 2; k++)
                if (!(fabs((double)got[k] - z[k]) <= 4e-7 * size))
                    fail_msg("words %08x %08x: got %.9g, expected %.9g", words[i], words[j],
                             (double)got[k], z[k]);
        }
}

static void quotients_are_exact(void **state)
{
    uint64_t n[512], rest;
    uint32_t count = 0;
    (void)state;
    for (int bit = 0; bit < 64; bit++)
        for (uint64_t near = 0; near < 3; near++) {
            n[count++] = (UINT64_C(1) << bit) - 1 + near;
            n[count++] =
                mcd_philox((uint64_t)bit, (uint32_t)near, 0, 0, 0).w[0] * (UINT64_C(1) << bit) / 3;
        }
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < count; j++) {
            if (n[j] == 0)
                continue;
            const struct mcd_divisor d = mcd_divisor_of(n[j]);
            if (mcd_divide(&d, n[i], &rest) != n[i] / n[j] || rest != n[i] % n[j])
                fail_msg("%" PRIu64 " / %" PRIu64 ": %" PRIu64 " and %" PRIu64, n[i], n[j],
                         mcd_quotient(&d, n[i]), mcd_remainder(&d, n[i]));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_the_golden_file),
        cmocka_unit_test(normals_are_those_of_random_h),
        cmocka_unit_test(quotients_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
