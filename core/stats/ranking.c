/* Rankings by uncertainty, in one walk over groups of equal uncertainty each. */
#include "core/stats/ranking.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double x = ((const struct mcd_ranked *)a)->uncertainty;
    double y = ((const struct mcd_ranked *)b)->uncertainty;
    return (x > y) - (x < y);
}

void mcd_ranking_sort(struct mcd_ranked *r, size_t n)
{
    qsort(r, n, sizeof *r, compare);
}

/* A group of equal uncertainty from r[begin] on: where it ends and what is in it. */
struct group {
    size_t end;
    double right, wrong;
};

static struct group group_at(const struct mcd_ranked *r, size_t n, size_t begin)
{
    struct group g = {.end = begin};
    for (; g.end < n && r[g.end].uncertainty == r[begin].uncertainty; g.end++)
        r[g.end].correct ? g.right++ : g.wrong++;
    return g;
}

/* Variance of the mean of `count` values with this sum and sum of squares. */
static double variance_of_mean(double sum, double squares, double count)
{
    return (squares - sum * sum / count) / (count - 1.0) / count;
}

double mcd_ranking_auroc(const struct mcd_ranked *r, size_t n, double *se)
{
    struct group all = {0}, below = {0};
    for (size_t i = 0; i < n; i++)
        r[i].correct ? all.right++ : all.wrong++;
    /*
     * Placements: of a wrong one the share of right ones below it, of a right one the share of
     * wrong ones above it. Their means are both the AUROC.
     */
    double wrong = 0.0, wrong2 = 0.0, right = 0.0, right2 = 0.0;
    for (size_t i = 0; i < n;) {
        struct group g = group_at(r, n, i);
        double under = (below.right + g.right / 2.0) / all.right;
        double over = (all.wrong - below.wrong - g.wrong / 2.0) / all.wrong;
        wrong += g.wrong > 0.0 ? g.wrong * under : 0.0;
        wrong2 += g.wrong > 0.0 ? g.wrong * under * under : 0.0;
        right += g.right > 0.0 ? g.right * over : 0.0;
        right2 += g.right > 0.0 ? g.right * over * over : 0.0;
        below.right += g.right;
        below.wrong += g.wrong;
        i = g.end;
    }
    int defined = all.right > 0.0 && all.wrong > 0.0;
    if (se)
        *se = all.right > 1.0 && all.wrong > 1.0
                  ? sqrt(fmax(variance_of_mean(wrong, wrong2, all.wrong) +
                                  variance_of_mean(right, right2, all.right),
                              0.0))
                  : NAN;
    return defined ? wrong / all.wrong : NAN;
}

/* Accuracy of about sqrt n rows around place k. */
static double local_accuracy(const struct mcd_ranked *r, size_t n, size_t k)
{
    size_t reach = (size_t)ceil(sqrt((double)n) / 2.0), right = 0;
    size_t begin = k > reach ? k - reach : 0, end = n - k > reach ? k + reach : n;
    for (size_t i = begin; i < end; i++)
        right += r[i].correct != 0;
    return (double)right / (double)(end - begin);
}

double mcd_ranking_accuracy(const struct mcd_ranked *r, size_t n, size_t aside, double *se)
{
    size_t keep = n - aside;
    double right = 0.0;
    for (size_t i = 0; i < keep;) {
        struct group g = group_at(r, n, i);
        double taken = (double)((g.end < keep ? g.end : keep) - i) / (double)(g.end - i);
        right += taken * g.right;
        i = g.end;
    }
    double accuracy = right / (double)keep, kept = (double)keep / (double)n;
    double apart = accuracy - local_accuracy(r, n, keep);
    if (se)
        *se = keep > 1 ? sqrt(accuracy * (1.0 - accuracy) / (double)(keep - 1) +
                              (1.0 - kept) * apart * apart / (double)keep)
                       : NAN;
    return accuracy;
}
