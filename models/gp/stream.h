/* Random numbers in sequence: those of one iteration of one chain, addressed as random.h says. */
#ifndef GP_STREAM_H
#define GP_STREAM_H

#include <mcdrop/random.h>

/* What an iteration draws for; each has numbers of its own. */
enum mcd_stream_site {
    MCD_STREAM_TRANSITION = 0,
    MCD_STREAM_STEP_SIZE,
    MCD_STREAM_START,
    MCD_STREAM_PATH
};

struct mcd_stream {
    struct mcd_address address;
    uint32_t block, used; /* next block; words of the last one that are used up */
    struct mcd_words words;
};

static inline struct mcd_stream mcd_stream(uint64_t seed, uint32_t chain, uint64_t iteration,
                                           uint32_t site)
{
    struct mcd_stream s = {{seed, iteration, MCD_DOMAIN_CHAIN, site, chain}, 0, 4, {{0}}};
    return s;
}

/* Uniform in (0, 1) with 52 bits, from two words. */
static inline double mcd_stream_uniform(struct mcd_stream *s)
{
    if (s->used > 2) {
        s->words = mcd_noise_words(&s->address, s->block++);
        s->used = 0;
    }
    uint64_t high = s->words.w[s->used], low = s->words.w[s->used + 1];
    s->used += 2;
    return ((double)((high << 32 | low) >> 12) + 0.5) * (1.0 / 4503599627370496.0);
}

/* z[n] standard normals. */
static inline void mcd_stream_normals(struct mcd_stream *s, int64_t n, double *z)
{
    for (int64_t i = 0; i < n; i += 4) {
        struct mcd_words words = mcd_noise_words(&s->address, s->block++);
        double four[4];
        mcd_normal(&words, four);
        for (int64_t j = 0; j < 4 && i + j < n; j++)
            z[i + j] = four[j];
    }
}

#endif
