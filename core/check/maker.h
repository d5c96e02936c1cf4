/* A plugin that was loaded and whose arguments are at hand, to be created as often as is wanted. */
#ifndef CORE_MAKER_H
#define CORE_MAKER_H

#include "core/check/check.h"
#include "core/plugin/module.h"
#include "core/plugin/param.h"

struct mcd_maker {
    struct mcd_host *host; /* of four threads */
    struct mcd_module *module;
    struct mcd_spec spec;
    struct mcd_args args;
};

/* Loads what is checked. Returns -1 with a failure recorded. To be closed in any case. */
int mcd_maker_open(struct mcd_checking *, struct mcd_maker *);
void mcd_maker_close(struct mcd_maker *);

/* As mcd_call_create, from any thread. */
int mcd_maker_create(const struct mcd_maker *, void **self, struct mcd_error *);
void mcd_maker_destroy(const struct mcd_maker *, void *self);

/* Whether the constructor that failed so has not said why. */
int mcd_maker_was_silent(int status, const struct mcd_error *);

#endif
