/* What changes from run to run is part of what was captured, as if it were an attribute. */
#define SECTION_RUN run_with_old_update
#include "sections.h"

static const struct mcd_run *run_with_old_update(const struct whole *w, const struct mcd_run *run)
{
    static struct mcd_run captured;
    captured = *run;
    captured.update = w->runs < 2 ? run->update : 1; /* that of the second run */
    return &captured;
}

BROKEN("frozen", "updates of sections stand still");
