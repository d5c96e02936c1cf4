/* Whether a plugin lives with too little memory, and gives back what it took. */
#include "core/base/host.h"
#include "core/check/life.h"
#include "core/check/maker.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- starve ---------------------------------------------------------------------------------- */

/* The k-th allocation fails. 1 if there are that many, 0 if not, -1 for a failure. */
static int starve_at(struct mcd_checking *c, const struct mcd_maker *m, uint64_t k)
{
    struct mcd_error e = {0};
    void *self;
    char where[60];
    uint64_t before = mcd_host_live(m->host);
    mcd_host_fail_at(m->host, k);
    int status = mcd_maker_create(m, &self, &e);
    int was_hit = mcd_host_fail_at(m->host, 0) == 0;
    if (status == MCD_OK)
        mcd_maker_destroy(m, self);
    if (!was_hit)
        return 0;
    mcd_check_looked(c, 1);
    snprintf(where, sizeof where, "create, allocation %llu fails", (unsigned long long)k);
    if (status != MCD_NOMEM)
        return mcd_check_fail(c, where, "MCD_NOMEM", "status %d%s%s", status, *e.text ? ", " : "",
                              e.text);
    if (mcd_maker_was_silent(status, &e))
        return mcd_check_fail(c, where, "host->fail says why", "no text");
    if (mcd_host_live(m->host) != before)
        return mcd_check_fail(c, where, "nothing is left behind",
                              "%llu allocations are not released",
                              (unsigned long long)(mcd_host_live(m->host) - before));
    return 1;
}

/* A plugin whose constructor allocates nothing still has the core's own allocations looked at. */
void mcd_check_starve(struct mcd_checking *c)
{
    struct mcd_maker m;
    uint64_t most = c->quick ? 1000 : 100000;
    if (mcd_maker_open(c, &m) == 0)
        for (uint64_t k = 1; k <= most && starve_at(c, &m, k) > 0; k++)
            ;
    mcd_maker_close(&m);
}

/* ---- leak ------------------------------------------------------------------------------------ */

/* Bytes that malloc has given out, by whoever's account; 0 where malloc does not count. */
static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void live_often(struct mcd_checking *c, const struct mcd_maker *m, int often)
{
    for (int i = 0; i < often && c->verdict == MCD_CHECK_PASSED; i++) {
        struct mcd_error e = {0};
        void *self;
        uint64_t before = mcd_host_live(m->host);
        if (mcd_check_status(c, "create", mcd_maker_create(m, &self, &e), &e) != 0)
            return;
        mcd_maker_destroy(m, self);
        mcd_check_looked(c, 1);
        if (mcd_host_live(m->host) != before)
            mcd_check_fail(c, "destroy", "all of the host's memory is released",
                           "%lld allocations are left",
                           (long long)(mcd_host_live(m->host) - before));
    }
}

/*
 * What is kept once, as a cache is, grows in the first rounds at most; what is lost with every
 * object grows in all of them, by no less than malloc's smallest block.
 */
static void look_at_malloc(struct mcd_checking *c, const struct mcd_maker *m, int often)
{
    enum { ROUNDS = 4, SMALLEST = 24 };
    size_t least = SIZE_MAX;
    live_often(c, m, often);
    for (int i = 0; i < ROUNDS && c->verdict == MCD_CHECK_PASSED; i++) {
        size_t before = in_use();
        live_often(c, m, often);
        size_t after = in_use(), growth = after > before ? after - before : 0;
        least = growth < least ? growth : least;
    }
    if (c->verdict == MCD_CHECK_PASSED && least >= (size_t)often * SMALLEST) {
        mcd_check_fail(c, "destroy", "what malloc gave is freed, too",
                       "%zu bytes more with each object", least / (size_t)often);
        mcd_check_remedy(c, "valgrind --leak-check=full --trace-children=yes mcdrop check ...");
    }
}

void mcd_check_leak(struct mcd_checking *c)
{
    struct mcd_maker m;
    if (mcd_maker_open(c, &m) == 0)
        look_at_malloc(c, &m, c->quick ? 32 : 200);
    mcd_maker_close(&m);
}
