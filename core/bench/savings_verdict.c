/* Savings in words. */
#include "core/bench/savings_verdict.h"

static const char *const things[MCD_ESTIMATES] = {
    [MCD_OUTPUT_MEAN] = "means of outputs",
    [MCD_OUTPUT_STD] = "standard deviations of outputs",
    [MCD_PROBABILITY_MEAN] = "means of probabilities",
    [MCD_PROBABILITY_STD] = "standard deviations of probabilities",
};

/* A gain that is for sure, and yet no reason to change anything. */
static const double LITTLE = 1.5;

static void put_ratio(FILE *to, struct mcd_ratio r)
{
    fprintf(to, "%.3g +- %.2g", r.value, r.error);
}

/* The sampler that saves most in the same time; 0, the yardstick, if none saves for sure. */
static uint32_t best_of(const struct mcd_sampler_savings *s, uint32_t samplers,
                        enum mcd_estimate estimate)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < samplers; i++) {
        struct mcd_ratio r = s[i].of[estimate].second;
        if (r.value - 2 * r.error > 1 && (!best || r.value > s[best].of[estimate].second.value))
            best = i;
    }
    return best;
}

void mcd_savings_tell(const struct mcd_sampler_savings *s, const char *const *name,
                      uint32_t samplers, enum mcd_estimate estimate, FILE *to)
{
    uint32_t best = best_of(s, samplers, estimate);
    if (best) {
        double gain = s[best].of[estimate].second.value;
        fprintf(to, "%s: %s saves %s: ", things[estimate], name[best],
                gain < LITTLE ? "a little" : "most");
        put_ratio(to, s[best].of[estimate].pass);
        fprintf(to, " times less variance than %s in as many passes, ", name[0]);
        put_ratio(to, s[best].of[estimate].second);
        fputs(" in the same time", to);
        return;
    }
    fprintf(to, "%s gain little or lose beside %s in the same time", things[estimate], name[0]);
    for (uint32_t i = 1; i < samplers; i++) {
        fprintf(to, "%s%s ", i == 1 ? ": " : ", ", name[i]);
        put_ratio(to, s[i].of[estimate].second);
    }
}
