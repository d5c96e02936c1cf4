/*
 * Whether Markov chains have converged, and how much their draws say: Vehtari, Gelman, Simpson,
 * Carpenter & Buerkner, Rank-normalization, folding, and localization, Bayesian Analysis 16 (2021).
 *
 * Knows draws and what the sampler reports of them, no model.
 */
#ifndef CORE_DIAGNOSTICS_H
#define CORE_DIAGNOSTICS_H

#include <mcdrop/chain.h>
#include <mcdrop/plugin.h>

#include <stddef.h>
#include <stdint.h>

enum { MCD_QUANTILES = 3 };

/* The probabilities 0.05, 0.5, 0.95. */
extern const double mcd_quantile_probability[MCD_QUANTILES];

/* Of one quantity. `mcse_...` is the Monte-Carlo standard error of the field it is named after. */
struct mcd_diagnosis {
    double mean, sd, quantile[MCD_QUANTILES];
    double mcse_mean, mcse_sd, mcse_quantile[MCD_QUANTILES];
    double rhat;               /* rank-normalised, split, folded or not: the larger; 1 is good */
    double ess_bulk, ess_tail; /* effective sample sizes, of all chains together */
};

/*
 * values[chains][draws], draws >= 8, finite. A quantity that does not move in some chain, or at
 * all, has an infinite or NaN R-hat.
 */
int mcd_diagnose(const struct mcd_host *, uint32_t chains, uint32_t draws, const double *values,
                 struct mcd_diagnosis *out, struct mcd_error *e);

/* Of one chain, from what the sampler reports. */
struct mcd_chain_health {
    double log_density, log_density_sd; /* over the draws */
    double accept;                      /* mean */
    double bfmi;        /* E-BFMI: below 0.3, momenta are too small for the energies to be seen */
    uint32_t divergent; /* transitions that diverged */
    uint32_t saturated; /* that reached the largest depth */
    uint64_t steps;
    double behind; /* how far log_density lies below the best chain's */
    int trapped;   /* that is far more than chains on one mode differ by */
};

/* each[c][draws] of chain c; max_depth 0: there is no largest depth; out[chains]. */
void mcd_chains_examine(uint32_t chains, uint32_t draws, const struct mcd_transition *const *each,
                        uint32_t max_depth, struct mcd_chain_health *out);

/*
 * 1 if all is well: R-hat below 1.01, both effective sample sizes at least 100 a chain, no trapped
 * chain, no divergence, E-BFMI at least 0.3; else 0. `text` says it on one line, the gravest first.
 * Depth saturation costs time, not truth: it is mentioned. Health NULL: a sampler without reports.
 */
int mcd_chains_verdict(uint32_t chains, const struct mcd_chain_health *, uint32_t quantities,
                       const struct mcd_diagnosis *, const char *const *name, char *text,
                       size_t size);

#endif
