/* The tutorial's report: report.json and report.html in its folder, a summary on stdout. */
#ifndef CLI_TUTORIAL_REPORT_H
#define CLI_TUTORIAL_REPORT_H

#include "core/cli/table.h"
#include "core/tutorial/step.h"

#include <mcdrop/plugin.h>

/* "gnuplot 5.4 patchlevel 4"; 0 where there is none. */
int mcd_tutorial_gnuplot(char text[80]);

/* Failures are printed; what comes back is an exit status. */
int mcd_tutorial_report(const struct mcd_host *host, const struct mcd_steps *s,
                        const struct mcd_tutorial *t, const char *gnuplot, enum mcd_format format);

#endif
