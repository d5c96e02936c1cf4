/* Words about a result. */
#include "core/cli/heading.h"

#include "core/io/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Parts of a result may come from anybody: what they say is shown as names of files are. */
static struct mcd_place shown(const char *text, const char *otherwise)
{
    return mcd_place_file(text && *text ? text : otherwise);
}

void mcd_heading_print(const struct mcd_report *r, const char *data)
{
    const struct mcd_origin *o = r->result.origin;
    char name[80] = ""; /* without its parameters */
    if (o->model)
        snprintf(name, sizeof name, "%.*s", (int)strcspn(o->model, ":"), o->model);
    const struct mcd_place model = shown(name, "a model");
    char passes[80] = "weight averaging alone";
    if (r->result.posterior) {
        const struct mcd_draws_file *d = r->result.posterior->draws;
        snprintf(passes, sizeof passes, "%" PRIu64 " of %" PRIu64 " draws, seed %" PRIu64,
                 r->summary.spec.passes, (uint64_t)d->chains * d->draws, o->seed);
    } else if (r->result.summary)
        snprintf(passes, sizeof passes, "%" PRIu64 " pass%s, seed %" PRIu64, r->summary.spec.passes,
                 r->summary.spec.passes == 1 ? "" : "es", o->seed);
    printf("%s: %" PRId64 " row%s%s%s, %s, %s\n\n", model.text, r->result.rows,
           r->result.rows == 1 ? "" : "s", data ? " of " : "", data ? shown(data, "").text : "",
           passes, shown(o->backend, "a backend").text);
}
