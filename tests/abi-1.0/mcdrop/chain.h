/*
 * Markov chains: what a sampler reports of each transition, for whoever judges the chains.
 */
#ifndef MCDROP_CHAIN_H
#define MCDROP_CHAIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One transition of Hamiltonian Monte Carlo (No-U-Turn: Hoffman & Gelman 2014). No units. */
struct mcd_transition {
    double log_density; /* at the new point, natural logarithm, up to the density's constant */
    double energy;      /* -log_density + kinetic energy, of the new point */
    double accept;      /* mean acceptance probability over the trajectory */
    uint32_t steps;     /* leapfrog steps, each one gradient */
    uint32_t depth;     /* doublings of the trajectory */
    uint32_t divergent; /* 1: the energy went off by more than 1000 */
};

#ifdef __cplusplus
}
#endif
#endif
