/* Prints where it should log, as told. */
#define BAD_NAME     "prints"
#define BAD_CREATE   create_and_print
#define BAD_DESTROY  destroy_and_print
#define BAD_TABLE(X) X(ENUM, when, "create", "create|destroy", "when it prints")
#include <mcdrop/plugin.h>
#include <stdio.h>

static int create_and_print(MCD_CREATE_ARGS BAD_TABLE(MCD_ARG))
{
    int *own = mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    *own = when;
    if (when == 0)
        fprintf(stderr, "warning: I was created\n");
    return MCD_OK;
}

static void destroy_and_print(const struct mcd_host *host, void *self)
{
    if (*(int *)self == 1)
        puts(""); /* an empty line is output, too */
    mcd_self_destroy(host, self);
}

#include "working.h"
