/* Takes for granted that there is memory, or forgets what it has when there is none, as told. */
#define BAD_SAMPLER /* layers are looked at for this by another check, too */
#define BAD_NAME    "hopeful"
#define BAD_CREATE  create_in_hope
#define BAD_DESTROY destroy_both
#define BAD_TABLE(X)                                                                               \
    X(ENUM, how, "blind", "blind|carefree|forgetful|silent", "what it does without memory")
#include <mcdrop/plugin.h>

enum how { blind, carefree, forgetful, silent };

struct both {
    void *second;
};

static int create_in_hope(MCD_CREATE_ARGS BAD_TABLE(MCD_ARG))
{
    struct both *b = host->alloc(host, sizeof *b);
    if (!b && how == silent)
        return MCD_NOMEM;
    if (!b && how != blind) {
        host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", sizeof *b);
        return MCD_NOMEM;
    }
    ((volatile struct both *)b)->second = host->alloc(host, 100);
    *self = b;
    if (b->second || how == carefree)
        return MCD_OK;
    if (how != forgetful)
        host->release(host, b);
    return host->fail(error, MCD_NOMEM, "memory", "100 bytes are not to be had");
}

static void destroy_both(const struct mcd_host *host, void *self)
{
    struct both *b = self;
    host->release(host, b->second);
    host->release(host, b);
}

#include "working.h"
