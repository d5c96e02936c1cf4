/*
 * What every command that computes begins with: a host, and items opened for an option. Failures
 * are printed here; what comes back is an exit status.
 */
#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include "core/cli/exit.h"
#include "core/plugin/loader.h"

/* Prints the error and returns mcd_exit_of its code. */
int mcd_report(const struct mcd_error *);

/* The same where MCD_INVALID means that the user's option is wrong: MCD_EXIT_USAGE. */
int mcd_report_option(const struct mcd_error *);

/* A host whose log goes to stderr. `threads` 0: one per CPU. NULL: the error is printed. */
struct mcd_host *mcd_open_host(uint32_t threads);

/* MCD_EXIT_USAGE for a wrong specification, which is the user's option. */
int mcd_open_item(const struct mcd_host *, uint32_t kind, const char *spec, struct mcd_item **item);

#endif
