/* The rule by which two runs are told apart. */
#include "core/bench/verdict.h"

#include "core/bench/trimmed.h"
#include "core/stats/special.h"

#include <math.h>

static const double FALSE_ALARMS = 0.05; /* in all jobs of a comparison together */

struct mcd_bench_change mcd_bench_change(const double *before, size_t n, const double *after,
                                         size_t m)
{
    struct mcd_trimmed a = mcd_trimmed(before, n), b = mcd_trimmed(after, m);
    struct mcd_trimmed d = mcd_trimmed_difference(&a, &b);
    double width = mcd_student_quantile(0.05, d.degrees) * d.error;
    double beyond = fabs(d.mean) - MCD_BENCH_MARGIN;
    return (struct mcd_bench_change){
        .ratio = exp(d.mean),
        .low = exp(d.mean - width),
        .high = exp(d.mean + width),
        .chance = beyond > 0 ? mcd_student_two_sided(beyond / d.error, d.degrees) : 1,
    };
}

/* Ascending; comparisons have tens of jobs. */
static void order_by_chance(const struct mcd_bench_change *change, size_t count, size_t *order)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && change[order[at - 1]].chance > change[i].chance; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

void mcd_bench_judge(struct mcd_bench_change *change, size_t count, size_t *order)
{
    order_by_chance(change, count, order);
    int open = 0; /* once one is open, all that are less sure are */
    for (size_t i = 0; i < count; i++) {
        struct mcd_bench_change *c = &change[order[i]];
        open |= !(c->chance <= FALSE_ALARMS / (double)(count - i));
        c->verdict = open ? MCD_BENCH_SAME : c->ratio < 1 ? MCD_BENCH_FASTER : MCD_BENCH_SLOWER;
    }
}

const char *mcd_bench_word(enum mcd_bench_verdict verdict)
{
    static const char *const word[] = {"no difference", "faster", "slower"};
    return word[verdict];
}
