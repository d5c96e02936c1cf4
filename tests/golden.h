/*
 * The golden file of random numbers, fixtures/masks_golden.txt: other code made it (see
 * fixtures/README.md), and whatever draws is held to it.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <mcdrop/random.h>
#include <stddef.h>

/* What a line gives, and what it says should come of it. */
enum golden_kind {
    GOLDEN_PHILOX,    /* key, counter: words */
    GOLDEN_THRESHOLD, /* p: threshold */
    GOLDEN_DIGIT,     /* at, block, digit: words */
    GOLDEN_NOISE,     /* at, block: words, numbers (uniform) */
    GOLDEN_NORMAL,    /* at, block: numbers */
    GOLDEN_DROP,      /* at, block, p, flip: words */
    GOLDEN_SUM,       /* rows, of `blocks` each, from at (row 0) on, p, flip: sum */
    GOLDEN_KINDS
};

/* Of very many words: the bits that are set, and the FNV-1a hash. Starts as golden_no_words. */
struct golden_sum {
    long bits;
    uint64_t hash;
};
extern const struct golden_sum golden_no_words;
void golden_add(struct golden_sum *, const uint32_t *words, size_t count);
int golden_equal_sums(const struct golden_sum *, const struct golden_sum *);

struct golden {
    struct mcd_address at;
    uint64_t key, threshold;
    uint32_t counter[4], block, digit, flip, rows, blocks, words[4];
    double p, numbers[4];
    struct golden_sum sum;
};

/* Every line is read; asserts that each kind's function (NULL: none) says 1 to each of its lines. */
void assert_golden(int (*const agrees[GOLDEN_KINDS])(const struct golden *));

#endif
