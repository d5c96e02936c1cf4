/*
 * Simulation-based calibration of the Gaussian process's sampler, with as many replications as are
 * asked for (default 2000): the test suite's check, large. Exit status 1 if ranks are not uniform.
 */
#include "../tests/calibration.h"
#include "core/base/host.h"

#include <stdio.h>

static void print_bins(const struct calibration *c, int parameter)
{
    int bin[CAL_BINS] = {0};
    for (uint32_t i = 0; i < c->count; i++)
        if (c->rank[i * MCD_GP_PARAMS] >= 0)
            bin[c->rank[i * MCD_GP_PARAMS + (uint32_t)parameter] * CAL_BINS / (CAL_DRAWS + 1)]++;
    for (int b = 0; b < CAL_BINS; b++)
        printf(" %d", bin[b]);
    printf("\n");
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"l", "eta", "sigma"};
    struct mcd_host *host = mcd_host_create(0, NULL, NULL, NULL);
    struct calibration c = {host, argc > 2 ? strtoull(argv[2], NULL, 10) : 1, MCD_GP_SE,
                            0,    argc > 1 ? (uint32_t)atoi(argv[1]) : 2000,  NULL};
    int bad = 0, failed = 0;
    c.rank = malloc((size_t)c.count * MCD_GP_PARAMS * sizeof *c.rank);
    if (!host || !c.rank || c.count < 2 * CAL_BINS)
        return 2;
    host->parallel(host, c.count, calibration_one, &c);
    for (int i = 0; i < MCD_GP_PARAMS; i++) {
        double chi_square = calibration_chi_square(&c, i, &failed);
        printf("%-6s chi-square %6.1f (beyond %.1f with probability 0.001), ranks:", names[i],
               chi_square, CAL_LIMIT);
        print_bins(&c, i);
        bad |= chi_square > CAL_LIMIT;
    }
    printf("%u replications, %d failed\n", c.count, failed);
    free(c.rank);
    mcd_host_destroy(host);
    return bad || failed > 0;
}
