/* The call of a constructor whose parameters only its table knows. */
#ifndef CORE_CALL_H
#define CORE_CALL_H

#include "core/plugin/param.h"

/* What is recorded for a constructor that fails without saying why; takes its status. */
#define MCD_CALL_SILENT "could not be created (status %d)"

/*
 * Calls plugin->create with `args`, made from the plugin's own table, and returns what it
 * returns. *self is NULL after a failure.
 */
int mcd_call_create(const struct mcd_host *, const struct mcd_plugin *plugin,
                    const struct mcd_args *args, void **self, struct mcd_error *e);

#endif
