/*
 * One host for all tests of a program: made in the group's set-up, and at its end nothing may be
 * left that was made with it. Include after cmocka.h.
 */
#ifndef TESTS_GROUP_HOST_H
#define TESTS_GROUP_HOST_H

#include "core/base/host.h"

static struct mcd_host *host;

/* For the set-up: 0, or what cmocka takes for a failure. */
static inline int group_host_open(uint32_t threads)
{
    host = mcd_host_create(threads, NULL, NULL, NULL);
    return host == NULL;
}

/* The tear-down of a group. */
static inline int group_host_close(void **state)
{
    (void)state;
    uint64_t live = mcd_host_live(host);
    mcd_host_destroy(host);
    return live != 0;
}

#endif
