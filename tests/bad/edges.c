/* Does not live up to its own table, as told. */
#define BAD_NAME   "edges"
#define BAD_CREATE create_inside
#define BAD_TABLE(X)                                                                               \
    X(ENUM, how, "nothing", "nothing|nameless|silent|status|leak|crash", "what happens at an end") \
    X(INT, size, "5", "[0, 10]", "a size")                                                         \
    X(REAL, p, "0.5", "[0, 1)", "a probability")
#include <mcdrop/plugin.h>
#include <signal.h>

enum how { nothing, nameless, silent, odd_status, leak, crash };

static int create_inside(MCD_CREATE_ARGS BAD_TABLE(MCD_ARG))
{
    *self = NULL;
    if (size > 0 && size < 10 && p > 0)
        return MCD_OK;
    switch ((enum how)how) {
    case nothing:
        return MCD_OK;
    case nameless:
        return host->fail(error, MCD_INVALID, BAD_NAME, "no good");
    case silent:
        return MCD_INVALID;
    case odd_status:
        return host->fail(error, MCD_STOPPED, BAD_NAME, "stopped");
    case leak:
        (void)host->alloc(host, 1);
        return host->fail(error, MCD_INVALID, BAD_NAME, "size or p");
    case crash:
        raise(SIGSEGV);
    }
    return MCD_OK;
}

#include "working.h"
