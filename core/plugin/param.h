/*
 * Parameter tables: settings in, typed arguments for a constructor out.
 */
#ifndef CORE_PARAM_H
#define CORE_PARAM_H

#include "core/plugin/spec.h"
#include "core/plugin/value.h"

#include <mcdrop/plugin.h>

/* Rows of a table; 257 if there are more than 256, which is no table. */
#define MCD_MAX_PARAMS 256u
uint32_t mcd_param_count(const struct mcd_param *table);

/*
 * Whether a plugin's table makes sense: names, kinds, help, domains, and defaults that lie in
 * them. What does not is MCD_UNSUPPORTED; `where` is the plugin's file.
 */
int mcd_param_check(const struct mcd_host *, const char *where, const struct mcd_param *table,
                    struct mcd_error *e);

/* One value for each row of the table. */
struct mcd_args {
    const struct mcd_param *table;
    uint32_t count;
    union mcd_value *value;
};

/*
 * Takes the settings of `spec`, and the table's defaults for the rest. Refuses unknown, repeated
 * and missing ones. Texts point into the spec and the table. On failure `args` is empty. The caller
 * clears it.
 */
int mcd_args_create(const struct mcd_host *, const struct mcd_param *table,
                    const struct mcd_spec *spec, struct mcd_args *args, struct mcd_error *e);

/* Harmless on one that is {0}. */
void mcd_args_clear(const struct mcd_host *, struct mcd_args *args);

/*
 * The whole specification with every parameter in table order, as files keep it:
 * "lenet:drop=0.5,classes=10,noise=\"\"". Released by the caller; NULL: out of memory.
 */
char *mcd_args_text(const struct mcd_host *, const char *name, const struct mcd_args *args,
                    struct mcd_error *e);

#endif
