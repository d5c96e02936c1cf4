/*
 * Any bytes as a partial result: refused, or good for a summary, for scores and for joining with
 * itself.
 */
#include "core/base/host.h"
#include "core/result/merge.h"
#include "core/stats/summary.h"
#include "core/stats/value_score.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Scratch memory goes with outputs times block passes, whatever the file's size. */
static int is_small(const struct mcd_moments_spec *s)
{
    return s->outputs * s->block_passes < 1 << 16;
}

static void judge(const struct mcd_partial *p)
{
    struct mcd_value_scores *s;
    if (!p->meaning || !p->meaning->target || p->meaning->outputs > 1000)
        return;
    s = malloc((size_t)p->meaning->outputs * sizeof *s);
    if (s && mcd_value_scores_monte_carlo(p->moments, s, NULL) == 0)
        mcd_value_scores_deterministic(p->meaning, p->deterministic, s);
    free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mcd_host *host;
    static const char *const names[] = {"fuzz", "again"};
    struct mcd_partial p[2];
    struct mcd_summary s;
    if (!host && !(host = mcd_host_create(1, NULL, NULL, NULL)))
        return 0;
    uint64_t before = mcd_host_live(host);
    if (mcd_partial_parse(host, data, size, "fuzz", &p[0], NULL) != 0)
        return 0;
    if (is_small(&p[0].moments->spec) && mcd_summary_create(&s, p[0].moments, NULL) == 0)
        mcd_summary_clear(&s);
    if (is_small(&p[0].moments->spec))
        judge(&p[0]);
    if (mcd_partial_parse(host, data, size, "again", &p[1], NULL) != 0)
        abort();
    if (mcd_merge(p, names, 2, NULL) == 0) /* their passes overlap */
        abort();
    if (mcd_host_live(host) != before)
        abort();
    return 0;
}
