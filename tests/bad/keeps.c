/* Keeps memory when it goes: the host's, or what malloc gave. */
#define BAD_SAMPLER  /* layers are looked at for this by another check, too */
#define BAD_NAME     "keeps"
#define BAD_CREATE   create_and_keep
#define BAD_DESTROY  destroy_the_host_s
#define BAD_TABLE(X) X(ENUM, whose, "host", "host|malloc", "whose memory it keeps")
#include <mcdrop/plugin.h>
#include <stdlib.h>

struct keeper {
    void *from_host, *from_malloc;
};

static int create_and_keep(MCD_CREATE_ARGS BAD_TABLE(MCD_ARG))
{
    struct keeper *k = mcd_self_create(host, sizeof *k, self, error);
    if (!k)
        return MCD_NOMEM;
    if (whose == 1)
        k->from_malloc = malloc(40);
    else
        k->from_host = host->alloc(host, 40);
    if (k->from_malloc || k->from_host)
        return MCD_OK;
    host->release(host, k);
    return host->fail(error, MCD_NOMEM, "memory", "40 bytes are not to be had");
}

static void destroy_the_host_s(const struct mcd_host *host, void *self)
{
    mcd_self_destroy(host, self);
}

#include "working.h"
