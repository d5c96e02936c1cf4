/* Options that are for networks: refused, by name, where a model brings its own posterior. */
#ifndef CLI_NETWORK_ONLY_H
#define CLI_NETWORK_ONLY_H

#include "core/cli/session.h"

/* What commands have beside the shared options. */
struct mcd_network_only {
    int deterministic, first_pass, save_partial;
};

/* `given`: as the user wrote them, before anything was adopted. An exit status; failures are
 * printed. */
int mcd_network_only_refuse(const struct mcd_session *, const struct mcd_options *given,
                            const struct mcd_network_only *);

#endif
