/* How mcdrop check prints what was found, plugin by plugin, in the three formats. */
#ifndef CLI_CHECK_REPORT_H
#define CLI_CHECK_REPORT_H

#include "core/check/run.h"
#include "core/cli/table.h"

/* Of all plugins of one call. Initialise host and format, the rest with 0. */
struct mcd_check_printer {
    const struct mcd_host *host;
    enum mcd_format format;
    struct mcd_table *table; /* CSV: the rows of all plugins */
    json_t *plugins;         /* JSON: an object each */
    uint32_t count;          /* of plugins */
};

/* Prints one plugin as text, or keeps it. `given` is how the user named it. */
int mcd_check_print(struct mcd_check_printer *, const struct mcd_check_order *, const char *given,
                    const struct mcd_check_report *, struct mcd_error *e);

/* Prints what was kept, and forgets it. */
int mcd_check_print_end(struct mcd_check_printer *, struct mcd_error *e);

/* The table of all checks there are: kind, name, demand. */
int mcd_check_print_list(const struct mcd_host *, enum mcd_format format, struct mcd_error *e);

#endif
