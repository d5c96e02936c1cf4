/*
 * Whether a backend computes what graph.h says: each step that it offers to do is compared,
 * element by element, with the reference backend in f64.
 *
 * Beside the numbers this checks that a kernel reads and writes only what it may, that it gives
 * the same bits for 1, 2 and 3 workers and when it runs again, that plans do not disturb each
 * other, one after the other or at the same time, that nothing outlives a parameter's change of
 * which it was made, that what cannot be done is refused when a
 * kernel is asked for and not when it runs, and that all memory is released. A backend that
 * refuses everything fails.
 */
#ifndef TEST_CONFORMANCE_H
#define TEST_CONFORMANCE_H

#include <mcdrop/backend.h>
#include <stdio.h>

enum { CONFORMANCE_OPS = 96 };

struct conformance {
    FILE *out;       /* told of failures and refused ops, as TAP comments; NULL: nobody is */
    uint32_t only;   /* steps of this op; 0: of all */
    double products; /* tolerance for those that multiply matrices; 0: as for the others */
    uint32_t steps, refused, failed;
    uint32_t refused_of[CONFORMANCE_OPS], failed_of[CONFORMANCE_OPS]; /* by op */
    char first[1024];                                                 /* the first failure */
};

/*
 * `spec` names the backend for the core's loader. Conforming: MCD_OK is returned and `failed` is 0.
 * MCDROP_FAST in the environment leaves most steps out.
 */
int conformance_check(const char *spec, struct conformance *, struct mcd_error *);

#endif
