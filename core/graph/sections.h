/*
 * Sections of a plan: successive steps that its backend may run as one.
 *
 * Prefix and body are cut where the core computes a step itself: what lies between is offered to
 * the backend. What it refuses, and the core's own steps, run one by one.
 */
#ifndef CORE_SECTIONS_H
#define CORE_SECTIONS_H

#include <mcdrop/backend.h>

struct mcd_plan;

struct mcd_section {
    uint32_t first, end; /* steps [first, end) of the plan, all in its prefix or all in its body */
    struct mcd_kernel whole; /* run NULL: one by one */
};

/*
 * Cuts a plan whose steps have kernels and places, and offers its sections to the backend; with
 * `one_by_one` it is not asked. What was made before a failure goes with the plan.
 */
int mcd_sections_create(struct mcd_plan *plan, int one_by_one, struct mcd_error *error);

/* Before the kernels and the memory of their steps go. */
void mcd_sections_destroy(struct mcd_plan *plan);

#endif
