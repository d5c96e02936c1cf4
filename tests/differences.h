/*
 * Gradients against finite differences (core/check/differences.h), for tests. Include after
 * cmocka.h.
 */
#ifndef TESTS_DIFFERENCES_H
#define TESTS_DIFFERENCES_H

#include "core/check/differences.h"

#include "tests/scratch.h"

static inline void differences_check(struct mcd_trial *r, mcd_val loss, struct mcd_differences *d)
{
    assert_ok(mcd_differences_find(r, loss, d), r->error);
}

#endif
