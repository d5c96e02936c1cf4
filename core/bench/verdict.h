/*
 * Whether timings of two runs differ: faster, slower, or no difference, and the last unless chance
 * is ruled out.
 *
 * A value is the logarithm of a time beside the yardstick's next to it, so that a machine that is
 * slower altogether is no difference. What remains between two runs of the same build - caches and
 * neighbours that meet a job otherwise than the yardstick - is a per cent or so whatever the number
 * of rounds: a difference that is not surely larger than MCD_BENCH_MARGIN is none. Over all jobs
 * together the chance of any false alarm is kept below 5 % by Holm's procedure (Scandinavian
 * Journal of Statistics 6, 1979), which holds however jobs depend on each other.
 */
#ifndef CORE_BENCH_VERDICT_H
#define CORE_BENCH_VERDICT_H

#include <stddef.h>

#define MCD_BENCH_MARGIN 0.015

enum mcd_bench_verdict { MCD_BENCH_SAME = 0, MCD_BENCH_FASTER, MCD_BENCH_SLOWER };

struct mcd_bench_change {
    double ratio, low, high; /* new time by old; an interval that holds it 95 times in 100 */
    double chance;           /* of seeing as much where the change is within the margin */
    enum mcd_bench_verdict verdict;
};

/* One job: values in the order in which they were seen. The verdict is left open. */
struct mcd_bench_change mcd_bench_change(const double *before, size_t n, const double *after,
                                         size_t m);

/* The verdicts of all jobs of one comparison. `order` is scratch for `count` numbers. */
void mcd_bench_judge(struct mcd_bench_change *change, size_t count, size_t *order);

/* "no difference", "faster", "slower" */
const char *mcd_bench_word(enum mcd_bench_verdict verdict);

#endif
