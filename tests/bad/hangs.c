/* Its constructor never returns, or ends the process, or crashes, as told. */
#define BAD_NAME     "hangs"
#define BAD_CREATE   create_never
#define BAD_TABLE(X) X(ENUM, how, "hang", "hang|exit|crash", "what keeps it from returning")
#include <mcdrop/plugin.h>
#include <stdlib.h>
#include <unistd.h>

static int create_never(MCD_CREATE_ARGS BAD_TABLE(MCD_ARG))
{
    (void)host, (void)self, (void)error;
    if (how == 1)
        exit(0);
    if (how == 2)
        abort();
    for (;;)
        pause();
    return MCD_OK;
}

#include "working.h"
