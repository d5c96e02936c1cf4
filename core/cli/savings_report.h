/* What samplers save, printed. Failures are printed, too; what comes back is an exit status. */
#ifndef CLI_SAVINGS_REPORT_H
#define CLI_SAVINGS_REPORT_H

#include "core/bench/savings.h"
#include "core/cli/session.h"

struct mcd_savings_report {
    const struct mcd_session *session;
    int64_t rows, passes;
    uint32_t replications, samplers;
    const char *const *name;               /* [samplers]: as the user knows them */
    const struct mcd_item *const *sampler; /* [samplers], the yardstick first */
    const struct mcd_sampler_savings *savings;
};

/* A line for each sampler and estimate; text and JSON also say what it means. */
int mcd_savings_print(const struct mcd_savings_report *, enum mcd_format format);

#endif
