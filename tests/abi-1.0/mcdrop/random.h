/*
 * Random numbers: every random bit of mcdrop is a pure function of its address.
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as
 * 1, 2, 3. SC 2011), keyed by the seed. The counter holds the address:
 *
 *     c0   bits 0-23 block of units, bits 24-28 digit, bit 31 set for noise words
 *     c1   row: absolute row of the data set when predicting, position in the batch when training
 *     c2   low 32 bits of the stream
 *     c3   bits 0-15 next 16 bits of the stream, bits 16-27 site, bits 28-31 domain
 *
 * so the same seed gives the same masks on every backend, for any batch split, thread count or
 * process, and any single pass can be replayed. tests/fixtures/masks_golden.txt freezes the layout.
 * This header compiles for host (C, C++) and device (nvcc) alike.
 */
#ifndef MCDROP_RANDOM_H
#define MCDROP_RANDOM_H

#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define MCD_INLINE static __host__ __device__ __forceinline__
#else
#define MCD_INLINE static inline
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Who asks. Streams of different domains never overlap under one seed. */
enum mcd_domain {
    MCD_DOMAIN_PREDICT = 0, /* stream: given by the sampler, usually the pass */
    MCD_DOMAIN_TRAIN = 1,   /* stream: update number, from 0 */
    MCD_DOMAIN_INIT = 2,    /* site: parameter in recording order, row 0, stream 0 */
    MCD_DOMAIN_SHUFFLE = 3, /* stream: epoch, from 0 */
    MCD_DOMAIN_SAMPLER = 4, /* a sampler's own randomness, for instance permutations */
    MCD_DOMAIN_CHAIN = 5    /* Markov chains; stream: iteration, from 0, row: chain */
};

#define MCD_MAX_SITES  4096u        /* 12 bits */
#define MCD_MAX_STREAM (1ull << 48) /* streams 0 .. 2^48 - 1 */
#define MCD_MAX_UNITS  (1ull << 26) /* units of one site, so that noise blocks fit 24 bits */

/* Address of one row of randomness at one site. */
struct mcd_address {
    uint64_t seed;
    uint64_t stream; /* below MCD_MAX_STREAM */
    uint32_t domain; /* enum mcd_domain */
    uint32_t site;   /* below MCD_MAX_SITES */
    uint32_t row;    /* modulo 2^32 */
};

/* 128 random bits. */
struct mcd_words {
    uint32_t w[4];
};

/* Philox4x32-10. Known answer: counter 0, key 0 -> 6627e8d5 e169c58d bc57ac4c 9b00dbd8. */
MCD_INLINE struct mcd_words mcd_philox(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2,
                                       uint32_t c3)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(b >> 32) ^ c1 ^ k0, n2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c0 = n0;
        c1 = (uint32_t)b;
        c2 = n2;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    struct mcd_words out = {{c0, c1, c2, c3}};
    return out;
}

/* Last counter word of an address; the others are explained at the top. */
MCD_INLINE uint32_t mcd_address_c3(const struct mcd_address *a)
{
    return a->domain << 28 | a->site << 16 | (uint32_t)(a->stream >> 32);
}

/* Digit `digit` (0 the most significant) of the uniforms of units 128 * block ... + 127. */
MCD_INLINE struct mcd_words mcd_digit_words(const struct mcd_address *a, uint32_t block,
                                            uint32_t digit)
{
    return mcd_philox(a->seed, block | digit << 24, a->row, (uint32_t)a->stream, mcd_address_c3(a));
}

/* Words behind the noise of units 4 * block ... + 3, one each. */
MCD_INLINE struct mcd_words mcd_noise_words(const struct mcd_address *a, uint32_t block)
{
    return mcd_philox(a->seed, block | 0x80000000u, a->row, (uint32_t)a->stream, mcd_address_c3(a));
}

/* p in [0, 1] as a 32-digit binary fraction: 0 never drops, 2^32 always does. */
MCD_INLINE uint64_t mcd_threshold(double p)
{
    return (uint64_t)(p * 4294967296.0 + 0.5);
}

/*
 * Which of 128 units are dropped: bit b of out[w] belongs to unit 128 * block + 32 * w + b.
 *
 * A unit is dropped if U < p, where the binary digits of U = 0.u1 u2 ... u32 are bits of successive
 * digit words and p is given as `threshold`; with `flip` set, if 1 - U - 2^-32 < p, that is, every
 * digit is inverted (antithetic partner). Digits are compared from the most significant one and
 * drawing stops when every unit is decided, after about nine words for 128 units, and after one
 * for p = 1/2. Drawing further digits would not change the answer, so a vector implementation may.
 */
MCD_INLINE void mcd_drop_block(const struct mcd_address *a, uint32_t block, uint64_t threshold,
                               uint32_t flip, uint32_t out[4])
{
    uint32_t open[4], invert = flip ? 0xFFFFFFFFu : 0;
    for (int i = 0; i < 4; i++) {
        out[i] = threshold >> 32 ? 0xFFFFFFFFu : 0;
        open[i] = ~out[i];
    }
    uint32_t rest = (uint32_t)threshold; /* digits of p not compared yet, next one on top */
    for (uint32_t digit = 0; rest && (open[0] | open[1] | open[2] | open[3]); digit++, rest <<= 1) {
        struct mcd_words u = mcd_digit_words(a, block, digit);
        uint32_t p = rest >> 31 ? 0xFFFFFFFFu : 0; /* this digit of p, in every bit */
        for (int i = 0; i < 4; i++) {
            uint32_t w = u.w[i] ^ invert;
            out[i] |= open[i] & p & ~w;
            open[i] &= ~(p ^ w); /* equal digits leave a unit undecided */
        }
    }
}

/*
 * Uniform in the open interval (0, 1), exact in float: 23 bits and a half. Flipped, u is 1 - u.
 * NOISE reads unit 4 * block + i from word i of mcd_noise_words.
 */
MCD_INLINE double mcd_uniform(uint32_t word)
{
    return ((word >> 9) + 0.5) * (1.0 / 8388608.0);
}

/*
 * Standard normals of units 4 * block ... + 3 from their noise words: words 0 and 1 give the first
 * two, words 2 and 3 the others (Box & Muller 1958), the even word the radius, the odd one the
 * angle. Computed in double so that backends agree to rounding, and from all 32 bits, so that the
 * tails reach 6.7 standard deviations. Flipped, a normal is its negative.
 */
MCD_INLINE void mcd_normal(const struct mcd_words *words, double z[4])
{
    for (int i = 0; i < 4; i += 2) {
        double u = (words->w[i] + 0.5) * (1.0 / 4294967296.0);
        double turn = (words->w[i + 1] + 0.5) * (1.0 / 4294967296.0);
        double radius = sqrt(-2.0 * log(u)), angle = 6.283185307179586477 * turn;
        z[i] = radius * cos(angle);
        z[i + 1] = radius * sin(angle);
    }
}

#ifdef __cplusplus
}
#endif
#endif
