/*
 * balanced: in a block of B passes every unit is dropped as often as its probability says, that is
 * floor(p B) or ceil(p B) times, in the right proportion.
 *
 * In pass i of a block a unit is dropped if U(i) = (pi(i) + u) / B < p, with one uniform u and one
 * permutation pi of 0 ... B - 1 for each unit, row, site and block: a stratified sample of U. With
 * B = 2^k the permutation is pi(i) = b + a i in the field of 2^k elements, b uniform and a uniform
 * but not 0. Of these, any two passes get any two different values with the same probability, as of
 * all B! permutations (Wegman & Carter 1981): means therefore have the very variance that wholly
 * random permutations would give them. And nothing is stored or shuffled: the k digits of pi(i),
 * followed by those of u, are the binary digits of U(i), which are computed for 128 units at once,
 * one word of digits for 32 of them, and compared with those of p as mcd_drop_block does.
 *
 * For p = 1/2 only the first digit counts, b's first digit + <c, i> with a random c that is not 0:
 * each unit gets a random row of a Hadamard matrix. That is the orthogonal design.
 *
 * Other laws than Bernoulli's draw independently.
 */
#include <mcdrop/sampler.h>

#define PARAMS(X)                                                                                  \
    X(ENUM, scope, "row", "row|pass", "a mask for each row, or one for all rows of a pass")        \
    X(INT, block, "32", "[2, 4096]", "passes that balance each other, a power of two")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

enum { MAX_DIGITS = 12, ALL_DIGITS = 32 };

/* x^digits in the field: the rest of an irreducible polynomial, bit t for x^t. */
static const uint32_t reduction[MAX_DIGITS + 1] = {0, 1, 3, 3, 3, 5, 3, 3, 0x1b, 0x11, 9, 5, 0x53};

struct balanced {
    uint32_t digits; /* of a pass's number in its block: B = 2^digits */
    uint32_t shared;
};

/* Bit t of 128 elements of the field, one bit each: e[t]. */
struct elements {
    uint32_t e[MAX_DIGITS][4];
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    if (block & (block - 1))
        return host->fail(error, MCD_INVALID, "block", "%lld: expected a power of two",
                          (long long)block);
    struct balanced *b = mcd_self_create(host, sizeof *b, self, error);
    if (!b)
        return MCD_NOMEM;
    b->shared = (uint32_t)scope;
    while (1 << b->digits < block)
        b->digits++;
    return MCD_OK;
}

static uint32_t group(void *self)
{
    const struct balanced *b = self;
    return 1u << b->digits;
}

static int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *d, struct mcd_error *error)
{
    const struct balanced *b = self;
    (void)site;
    (void)seed;
    (void)error;
    *d = (struct mcd_draw){.stream = pass, .shared = b->shared};
    return MCD_OK;
}

/* Which of 128 elements, those of word w, are 0. */
static uint32_t zeros(const struct elements *a, uint32_t digits, int w)
{
    uint32_t any = 0;
    for (uint32_t t = 0; t < digits; t++)
        any |= a->e[t][w];
    return ~any;
}

/*
 * Factors a: zeros are drawn again, as long as the address has digits left, and then are 1 (for
 * fewer than one in 10^6).
 */
static void draw_factors(const struct mcd_address *address, uint32_t block, uint32_t digits,
                         struct elements *a)
{
    *a = (struct elements){{{0}}};
    for (uint32_t round = 0; (round + 1) * digits <= ALL_DIGITS; round++) {
        uint32_t open[4], left = 0;
        for (int w = 0; w < 4; w++)
            left |= open[w] = zeros(a, digits, w);
        if (!left)
            return;
        for (uint32_t t = 0; t < digits; t++) {
            struct mcd_words words = mcd_digit_words(address, block, round * digits + t);
            for (int w = 0; w < 4; w++)
                a->e[t][w] |= words.w[w] & open[w];
        }
    }
    for (int w = 0; w < 4; w++)
        a->e[0][w] |= zeros(a, digits, w);
}

/* a times i, by Horner's rule over the bits of i. */
static void multiply(const struct elements *a, uint32_t i, uint32_t digits,
                     struct elements *product)
{
    struct elements r = {{{0}}};
    for (uint32_t bit = digits; bit-- > 0;)
        for (int w = 0; w < 4; w++) {
            uint32_t carry = r.e[digits - 1][w], add = i >> bit & 1 ? 0xFFFFFFFFu : 0;
            for (uint32_t t = digits; t-- > 0;)
                r.e[t][w] = (t ? r.e[t - 1][w] : 0) ^ (reduction[digits] >> t & 1 ? carry : 0) ^
                            (a->e[t][w] & add);
        }
    *product = r;
}

/* Which of 128 units are dropped: `moved` is added to the first digits of their U. */
static void compare(const struct mcd_address *address, uint32_t block, uint64_t threshold,
                    uint32_t digits, const struct elements *moved, uint32_t out[4])
{
    uint32_t open[4];
    for (int w = 0; w < 4; w++) {
        out[w] = threshold >> 32 ? 0xFFFFFFFFu : 0;
        open[w] = ~out[w];
    }
    uint32_t rest = (uint32_t)threshold;
    for (uint32_t d = 0; rest && (open[0] | open[1] | open[2] | open[3]); d++, rest <<= 1) {
        struct mcd_words u = mcd_digit_words(address, block, d);
        uint32_t p = rest >> 31 ? 0xFFFFFFFFu : 0;
        for (int w = 0; w < 4; w++) {
            uint32_t digit = u.w[w] ^ (d < digits ? moved->e[digits - 1 - d][w] : 0);
            out[w] |= open[w] & p & ~digit;
            open[w] &= ~(p ^ digit);
        }
    }
}

static int fill(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass, uint64_t row,
                uint32_t *words, struct mcd_error *error)
{
    const struct balanced *b = self;
    uint32_t i = (uint32_t)pass & ((1u << b->digits) - 1);
    uint64_t stream = 2 * (pass >> b->digits); /* and the next one, for factors */
    struct mcd_address uniforms = {seed, stream, MCD_DOMAIN_SAMPLER, site->id,
                                   b->shared ? 0 : (uint32_t)row};
    struct mcd_address factors = uniforms;
    factors.stream++;
    (void)error;
    for (uint32_t block = 0; 128 * block < site->units; block++) {
        struct elements a, moved;
        uint32_t out[4];
        draw_factors(&factors, block, b->digits, &a);
        multiply(&a, i, b->digits, &moved);
        compare(&uniforms, block, mcd_threshold(site->p), b->digits, &moved, out);
        for (uint32_t w = 0; w < 4 && 128 * block + 32 * w < site->units; w++)
            words[4 * block + w] = out[w];
    }
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, draw, fill};
MCD_PLUGIN(MCD_SAMPLER, "balanced", "MIT", "every unit dropped equally often in a block of passes",
           mcd_self_destroy);
