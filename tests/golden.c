/* Reading the golden file of random numbers: see golden.h. */
#include "tests/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS       "%" SCNx64 " %" SCNu32 " %" SCNu32 " %" SCNu64 " %" SCNu32 " "
#define ADDRESS_OF(a) &(a)->seed, &(a)->domain, &(a)->site, &(a)->stream, &(a)->row
#define NUMBER        "%" SCNu32 " "
#define WORDS         "%" SCNx32 " %" SCNx32 " %" SCNx32 " %" SCNx32 " "
#define NUMBERS       "%lf %lf %lf %lf"
#define FOUR_OF(w)    (w), (w) + 1, (w) + 2, (w) + 3

const struct golden_sum golden_no_words = {0, 0xCBF29CE484222325u};

void golden_add(struct golden_sum *sum, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t word = words[i];
        sum->bits += __builtin_popcount(word);
        for (int k = 0; k < 4; k++, word >>= 8)
            sum->hash = (sum->hash ^ (word & 0xFF)) * 0x100000001B3u;
    }
}

int golden_equal_sums(const struct golden_sum *a, const struct golden_sum *b)
{
    return a->bits == b->bits && a->hash == b->hash;
}

/* Each of these reads a line after its first word; 1: that is how such a line looks. */

static int read_philox(const char *line, struct golden *g)
{
    return sscanf(line, "%" SCNx64 " " WORDS ": " WORDS, &g->key, FOUR_OF(g->counter),
                  FOUR_OF(g->words)) == 9;
}

static int read_threshold(const char *line, struct golden *g)
{
    return sscanf(line, "%lf : %" SCNx64, &g->p, &g->threshold) == 2;
}

static int read_digit(const char *line, struct golden *g)
{
    return sscanf(line, ADDRESS NUMBER NUMBER ": " WORDS, ADDRESS_OF(&g->at), &g->block, &g->digit,
                  FOUR_OF(g->words)) == 11;
}

static int read_noise(const char *line, struct golden *g)
{
    return sscanf(line, ADDRESS NUMBER ": " WORDS NUMBERS, ADDRESS_OF(&g->at), &g->block,
                  FOUR_OF(g->words), FOUR_OF(g->numbers)) == 14;
}

static int read_normal(const char *line, struct golden *g)
{
    return sscanf(line, ADDRESS NUMBER ": " NUMBERS, ADDRESS_OF(&g->at), &g->block,
                  FOUR_OF(g->numbers)) == 10;
}

static int read_drop(const char *line, struct golden *g)
{
    return sscanf(line, ADDRESS NUMBER "%lf " NUMBER ": " WORDS, ADDRESS_OF(&g->at), &g->block,
                  &g->p, &g->flip, FOUR_OF(g->words)) == 12;
}

/* Where the others have the row is the number of rows. */
static int read_sum(const char *line, struct golden *g)
{
    int count = sscanf(line, ADDRESS NUMBER "%lf " NUMBER ": %ld %" SCNx64, ADDRESS_OF(&g->at),
                       &g->blocks, &g->p, &g->flip, &g->sum.bits, &g->sum.hash);
    g->rows = g->at.row;
    g->at.row = 0;
    return count == 10;
}

static const struct {
    const char *word;
    int (*read)(const char *line, struct golden *);
} kinds[GOLDEN_KINDS] = {
    [GOLDEN_PHILOX] = {"philox ", read_philox}, [GOLDEN_THRESHOLD] = {"threshold ", read_threshold},
    [GOLDEN_DIGIT] = {"digit ", read_digit},    [GOLDEN_NOISE] = {"noise ", read_noise},
    [GOLDEN_NORMAL] = {"normal ", read_normal}, [GOLDEN_DROP] = {"drop ", read_drop},
    [GOLDEN_SUM] = {"sum ", read_sum},
};

static FILE *open_golden(void)
{
    char path[4096];
    const char *folder = getenv("MCDROP_TEST_SRCDIR");
    snprintf(path, sizeof path, "%s/fixtures/masks_golden.txt", folder ? folder : "tests");
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("cannot open %s", path);
    return f;
}

void assert_golden(int (*const agrees[GOLDEN_KINDS])(const struct golden *))
{
    char line[512];
    int seen[GOLDEN_KINDS] = {0};
    FILE *f = open_golden();
    while (fgets(line, sizeof line, f)) {
        struct golden g = {0};
        size_t k = 0;
        if (line[0] == '#')
            continue;
        while (k < GOLDEN_KINDS && strncmp(line, kinds[k].word, strlen(kinds[k].word)) != 0)
            k++;
        if (k == GOLDEN_KINDS || !kinds[k].read(line + strlen(kinds[k].word), &g))
            fail_msg("not understood: %s", line);
        if (agrees[k] && !agrees[k](&g))
            fail_msg("disagrees: %s", line);
        seen[k]++;
    }
    fclose(f);
    for (size_t k = 0; k < GOLDEN_KINDS; k++)
        assert_true(seen[k] > 0);
}
