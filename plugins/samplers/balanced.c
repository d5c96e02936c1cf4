/*
 * balanced: in each block of B passes every unit is dropped as often as its rate says, so that what
 * is linear in the masks is nearly exact after one block.
 *
 * With a permutation pi of 0 .. B - 1 and one uniform u for each unit of each row, pass i of a
 * block drops the unit where pi(i) + u < p B: floor(p B) or ceil(p B) times a block, p B in
 * expectation. Permutations of units are independent, so that a single pass is like one of
 * bernoulli. Other laws than Bernoulli's draw independently.
 */
#include <mcdrop/sampler.h>

#define PARAMS(X) X(INT, block, "32", "[2, 4096]", "passes that balance each other, a power of two")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct balanced {
    uint32_t block, bits; /* block = 2^bits */
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    if (block & (block - 1))
        return host->fail(error, MCD_INVALID, "block", "%lld: expected a power of two",
                          (long long)block);
    struct balanced *b = mcd_self_create(host, sizeof *b, self, error);
    if (!b)
        return MCD_NOMEM;
    b->block = (uint32_t)block;
    while (1u << b->bits < b->block)
        b->bits++;
    return MCD_OK;
}

static uint32_t group(void *self)
{
    return ((const struct balanced *)self)->block;
}

static int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *d, struct mcd_error *error)
{
    (void)self;
    (void)site;
    (void)seed;
    (void)error;
    *d = (struct mcd_draw){.stream = pass};
    return MCD_OK;
}

/*
 * Where pass i of a block stands in the permutation that the words choose: steps modulo the block
 * that can each be undone. The last one alone makes every place equally likely; the additions
 * before it make two units' passes fall together as those of random permutations do.
 */
static uint32_t place(const struct balanced *b, uint32_t i, const struct mcd_words *words)
{
    const uint32_t *w = words->w, mask = b->block - 1, shift = (b->bits + 1) / 2;
    uint32_t x = (i ^ w[0]) & mask;
    x = x * (w[1] | 1) & mask;
    x ^= x >> shift;
    x = (x + w[2]) * (w[1] >> 16 | 1) & mask;
    x ^= x >> shift;
    x = (x + (w[2] >> 16)) * (w[1] >> 8 | 1) & mask;
    x ^= x >> shift;
    x = x * (w[2] >> 8 | 1) & mask;
    return (x + (w[0] >> 16)) & mask;
}

static int fill(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass, uint64_t row,
                uint32_t *words, struct mcd_error *error)
{
    const struct balanced *b = self;
    const uint64_t often = mcd_threshold(site->p) << b->bits; /* p B, 32 digits after the point */
    const uint32_t i = (uint32_t)(pass & (b->block - 1));
    const struct mcd_address a = {seed, pass >> b->bits, MCD_DOMAIN_SAMPLER, site->id,
                                  (uint32_t)row};
    (void)error;
    for (uint32_t unit = 0; unit < site->units; unit++) {
        struct mcd_words w = mcd_philox(seed, unit, a.row, (uint32_t)a.stream, mcd_address_c3(&a));
        uint64_t here = (uint64_t)place(b, i, &w) << 32 | w.w[3];
        uint32_t *word = &words[unit / 32], bit = unit % 32;
        *word = (bit ? *word : 0) | (uint32_t)(here < often) << bit;
    }
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, draw, fill};
MCD_PLUGIN(MCD_SAMPLER, "balanced", "MIT", "passes in blocks that drop each unit equally often",
           mcd_self_destroy);
