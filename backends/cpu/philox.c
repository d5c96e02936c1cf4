/*
 * Philox4x32-10 for many counters. Its products of 32 by 32 bits are one instruction on x86, which
 * gcc does not find by itself: hence two versions by hand, on words kept in 64-bit lanes whose
 * upper halves are never looked at. Elsewhere the definition itself is run lane by lane.
 */
#include "philox.h"

#if defined __x86_64__ && defined __GNUC__
#include <immintrin.h>

/* Defines NAME(seed, counter, word) on vectors of 64-bit lanes with the operations given. */
#define PHILOX(NAME, TARGET, VECTOR, WIDTH, LOAD, STORE, SET, MUL, HIGH, XOR3)                     \
    __attribute__((target(TARGET))) static void NAME(                                              \
        uint64_t seed, uint32_t counter[4][MCD_LANES], uint32_t word[4][MCD_LANES])                \
    {                                                                                              \
        const VECTOR m0 = SET(0xD2511F53u), m1 = SET(0xCD9E8D57u);                                 \
        for (int l = 0; l < MCD_LANES; l += WIDTH) {                                               \
            uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);                             \
            VECTOR c0 = LOAD(&counter[0][l]), c1 = LOAD(&counter[1][l]);                           \
            VECTOR c2 = LOAD(&counter[2][l]), c3 = LOAD(&counter[3][l]);                           \
            for (int round = 0; round < 10; round++) {                                             \
                VECTOR a = MUL(c0, m0), b = MUL(c2, m1);                                           \
                c0 = XOR3(HIGH(b, 32), c1, SET(k0));                                               \
                c2 = XOR3(HIGH(a, 32), c3, SET(k1));                                               \
                c1 = b;                                                                            \
                c3 = a;                                                                            \
                k0 += 0x9E3779B9u;                                                                 \
                k1 += 0xBB67AE85u;                                                                 \
            }                                                                                      \
            STORE(&word[0][l], c0);                                                                \
            STORE(&word[1][l], c1);                                                                \
            STORE(&word[2][l], c2);                                                                \
            STORE(&word[3][l], c3);                                                                \
        }                                                                                          \
    }

#define LOAD8(from)     _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)(from)))
#define STORE8(to, v)   _mm256_storeu_si256((__m256i *)(to), _mm512_cvtepi64_epi32(v))
#define SET8(x)         _mm512_set1_epi64((long long)(x))
#define XOR3_8(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
PHILOX(philox_avx512, "avx512f", __m512i, 8, LOAD8, STORE8, SET8, _mm512_mul_epu32,
       _mm512_srli_epi64, XOR3_8)

#define LOAD4(from) _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)(from)))
#define LOW4(v)                                                                                    \
    _mm256_castsi256_si128(                                                                        \
        _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6)))
#define STORE4(to, v)   _mm_storeu_si128((__m128i *)(to), LOW4(v))
#define SET4(x)         _mm256_set1_epi64x((long long)(x))
#define XOR3_4(a, b, c) _mm256_xor_si256(_mm256_xor_si256(a, b), c)
PHILOX(philox_avx2, "avx2", __m256i, 4, LOAD4, STORE4, SET4, _mm256_mul_epu32, _mm256_srli_epi64,
       XOR3_4)
#endif

static void philox_plain(uint64_t seed, uint32_t counter[4][MCD_LANES], uint32_t word[4][MCD_LANES])
{
    for (int l = 0; l < MCD_LANES; l++) {
        struct mcd_words u =
            mcd_philox(seed, counter[0][l], counter[1][l], counter[2][l], counter[3][l]);
        for (int i = 0; i < 4; i++)
            word[i][l] = u.w[i];
    }
}

void mcd_philox_lanes(uint64_t seed, uint32_t counter[4][MCD_LANES], uint32_t word[4][MCD_LANES])
{
#if defined __x86_64__ && defined __GNUC__
    if (__builtin_cpu_supports("avx512f"))
        philox_avx512(seed, counter, word);
    else if (__builtin_cpu_supports("avx2"))
        philox_avx2(seed, counter, word);
    else
#endif
        philox_plain(seed, counter, word);
}
