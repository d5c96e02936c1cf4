/* Orders of rows, drawn with the words of the seed. */
#include "core/train/shuffle.h"

#include "core/base/word_stream.h"

/* Uniform below `bound`, without bias. */
static uint32_t below(struct mcd_word_stream *s, uint32_t bound)
{
    uint64_t product = (uint64_t)mcd_next_word(s) * bound;
    if ((uint32_t)product < bound) {
        uint32_t reject = (0u - bound) % bound;
        while ((uint32_t)product < reject)
            product = (uint64_t)mcd_next_word(s) * bound;
    }
    return (uint32_t)(product >> 32);
}

void mcd_shuffle(uint64_t seed, uint64_t epoch, uint32_t rows, uint32_t *order)
{
    struct mcd_word_stream s = {
        .at = {.seed = seed, .stream = epoch, .domain = MCD_DOMAIN_SHUFFLE}};
    for (uint32_t i = 0; i < rows; i++)
        order[i] = i;
    for (uint32_t i = rows; i > 1; i--) {
        uint32_t j = below(&s, i), t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}
