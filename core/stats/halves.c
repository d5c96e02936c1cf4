/* Balanced half-samples of 16 batches of passes. */
#include "core/stats/halves.h"

#include <float.h>
#include <math.h>

enum { ROUNDINGS = 64 };

/* Bit j of row r of Sylvester's Hadamard matrix: the parity of r & j. */
static uint16_t hadamard(unsigned r)
{
    uint16_t mask = 0;
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        if (__builtin_parity(r & j))
            mask |= (uint16_t)(1u << j);
    return mask;
}

/* Passes below `end` that belong to batch j: whole rounds of all batches, and a part of one. */
static uint64_t passes_below(uint64_t end, uint32_t group, uint64_t j)
{
    uint64_t round = (uint64_t)MCD_BATCHES * group, rest = end % round, begin = j * group;
    uint64_t part = rest > begin ? rest - begin : 0;
    return end / round * group + (part < group ? part : group);
}

void mcd_halves_init(struct mcd_halves *h, uint32_t group, uint64_t first, uint64_t passes)
{
    uint64_t batch[MCD_BATCHES];
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        batch[j] = passes_below(first + passes, group, j) - passes_below(first, group, j);
    mcd_halves_of(h, batch);
}

void mcd_halves_of(struct mcd_halves *h, const uint64_t batch_passes[MCD_BATCHES])
{
    *h = (struct mcd_halves){0};
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        h->batch_passes[j] = batch_passes[j];
    for (unsigned i = 0; i < MCD_HALVES; i++) {
        uint16_t mask = hadamard(i / 2 + 1);
        h->mask[i] = i % 2 ? (uint16_t)~mask : mask;
        for (unsigned j = 0; j < MCD_BATCHES; j++)
            h->passes[i] += h->mask[i] >> j & 1 ? h->batch_passes[j] : 0;
    }
}

double mcd_halves_error(const struct mcd_halves *h, double whole, const double *half)
{
    double sum = 0.0;
    int pairs = 0;
    for (unsigned i = 0; i < MCD_HALVES; i += 2) {
        double n1 = (double)h->passes[i], n2 = (double)h->passes[i + 1], n = n1 + n2;
        double d1 = half[i] - whole, d2 = half[i + 1] - whole, d = half[i] - half[i + 1];
        if (n1 == 0.0 || n2 == 0.0 || !isfinite(d1) || !isfinite(d2))
            continue;
        double a = (d1 * d1 * n1 / n2 + d2 * d2 * n2 / n1) / 2.0;
        sum += (a + d * d * (n1 / n) * (n2 / n)) / 2.0;
        pairs++;
    }
    double error = pairs > 0 ? sqrt(sum / pairs) : NAN;
    return error <= ROUNDINGS * DBL_EPSILON * fabs(whole) ? 0.0 : error;
}
