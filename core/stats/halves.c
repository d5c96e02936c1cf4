/* Balanced half-samples of 16 batches of passes. */
#include "core/stats/halves.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { ROUNDINGS = 64 };

/* Row r of Sylvester's Hadamard matrix, bit j from column[j]: the parity of r & column. */
static uint16_t hadamard(unsigned r, const uint8_t *column)
{
    uint16_t mask = 0;
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        if (__builtin_parity(r & column[j]))
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

/* Passes of batches, which column of the matrix each has, and the shares of cut groups in E. */
struct batches {
    uint64_t passes[MCD_BATCHES];
    uint8_t column[MCD_BATCHES];
    double excess[MCD_BATCHES];
    double excesses;
};

/* Halves by the matrix. */
static void split(struct mcd_halves *h, const struct batches *b)
{
    *h = (struct mcd_halves){0};
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        h->batch_passes[j] = b->passes[j];
    for (unsigned i = 0; i < MCD_HALVES; i++) {
        uint16_t mask = hadamard(i / 2 + 1, b->column);
        h->mask[i] = i % 2 ? (uint16_t)~mask : mask;
        for (unsigned j = 0; j < MCD_BATCHES; j++)
            h->passes[i] += h->mask[i] >> j & 1 ? h->batch_passes[j] : 0;
        h->weight[i / 2] = 1;
    }
}

static struct batches all_alike(void)
{
    struct batches b = {0};
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        b.column[j] = (uint8_t)j;
    return b;
}

/* One group has only `left` passes. Where it is all of its batch it takes the column `last`. */
static void cut(struct batches *b, uint64_t number, uint32_t group, uint64_t left, uint8_t last)
{
    unsigned batch = number % MCD_BATCHES, other = 0;
    b->excess[batch] += (double)left * (double)(group - left);
    b->excesses += (double)left * (double)(group - left);
    if (b->passes[batch] != left)
        return;
    while (b->column[other] != last)
        other++;
    b->column[other] = b->column[batch];
    b->column[batch] = last;
}

/* How many times E a pair's estimate has. */
static double ratio(const struct mcd_halves *h, const struct batches *b, unsigned pair)
{
    double n1 = (double)h->passes[2 * pair], n2 = (double)h->passes[2 * pair + 1], mine = 0;
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        mine += h->mask[2 * pair] >> j & 1 ? b->excess[j] : 0;
    return (mine * n2 / n1 + (b->excesses - mine) * n1 / n2) / b->excesses;
}

/* Makes the ratios 1 on average where they are above that, and some are below. */
static void weigh(struct mcd_halves *h, const struct batches *b)
{
    double above = 0, below = 0, r[MCD_HALF_PAIRS];
    for (unsigned i = 0; i < MCD_HALF_PAIRS; i++) {
        r[i] = h->passes[2 * i] && h->passes[2 * i + 1] ? ratio(h, b, i) : 1;
        above += fmax(0, r[i] - 1);
        below += fmax(0, 1 - r[i]);
    }
    for (unsigned i = 0; i < MCD_HALF_PAIRS && above > below && below > 0; i++)
        h->weight[i] = r[i] > 1 ? below / above : 1;
}

void mcd_halves_init(struct mcd_halves *h, uint32_t group, uint64_t first, uint64_t passes)
{
    struct batches b = all_alike();
    uint64_t end = first + passes, begun = (group - first % group) % group, left = end % group;
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        b.passes[j] = passes_below(end, group, j) - passes_below(first, group, j);
    if (begun + left + 2 * (uint64_t)group > passes) { /* fewer than two whole ones */
        split(h, &b);
        memset(h->weight, 0, sizeof h->weight);
        return;
    }
    if (left > 0)
        cut(&b, end / group, group, left, MCD_BATCHES - 1);
    if (begun > 0)
        cut(&b, first / group, group, begun, MCD_BATCHES - 2);
    split(h, &b);
    if (b.excesses > 0)
        weigh(h, &b);
}

void mcd_halves_of(struct mcd_halves *h, const uint64_t batch_passes[MCD_BATCHES])
{
    struct batches b = all_alike();
    memcpy(b.passes, batch_passes, sizeof b.passes);
    split(h, &b);
}

double mcd_halves_error(const struct mcd_halves *h, double whole, const double *half)
{
    double sum = 0.0, weights = 0.0;
    for (unsigned i = 0; i < MCD_HALVES; i += 2) {
        double n1 = (double)h->passes[i], n2 = (double)h->passes[i + 1], n = n1 + n2;
        double d1 = half[i] - whole, d2 = half[i + 1] - whole, d = half[i] - half[i + 1];
        if (n1 == 0.0 || n2 == 0.0 || !isfinite(d1) || !isfinite(d2))
            continue;
        double a = (d1 * d1 * n1 / n2 + d2 * d2 * n2 / n1) / 2.0;
        sum += h->weight[i / 2] * (a + d * d * (n1 / n) * (n2 / n)) / 2.0;
        weights += h->weight[i / 2];
    }
    double error = weights > 0 ? sqrt(sum / weights) : NAN;
    return error <= ROUNDINGS * DBL_EPSILON * fabs(whole) ? 0.0 : error;
}
