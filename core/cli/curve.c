/* Which figure of the history is told, and in which words. */
#include "core/cli/curve.h"

#include "core/cli/log.h"
#include "core/cli/screen.h"
#include "core/cli/spark.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BEFORE_LINE = 9 }; /* "mcdrop: " and one column that stays free */

static size_t least_of(const double *value, size_t count)
{
    size_t least = 0;
    for (size_t i = 1; i < count; i++)
        if (value[i] < value[least] || isnan(value[least]))
            least = i;
    return least;
}

static void tell(const char *what, const double *value, uint64_t epochs)
{
    static const char note[] = " (log scale)";
    char before[64], after[32];
    size_t least = least_of(value, epochs);
    snprintf(before, sizeof before, "%s %.6g", what, value[0]);
    snprintf(after, sizeof after, "%.6g", value[epochs - 1]);
    int used = BEFORE_LINE + (int)(strlen(before) + strlen(after) + sizeof note) + 2;
    struct mcd_spark spark =
        mcd_spark(value, epochs, mcd_screen_columns(STDERR_FILENO) - used, mcd_screen_has_utf8());
    mcd_log(MCD_LOG_INFO, "%s %s %s%s", before, *spark.text ? spark.text : "to", after,
            spark.is_log && *spark.text ? note : "");
    if (least + 1 < epochs)
        mcd_log(MCD_LOG_INFO, "the least: %.6g in epoch %zu", value[least], least + 1);
}

void mcd_curve_tell(const struct mcd_train *t, const struct mcd_train_state *s)
{
    const char *what = t->test.label ? "test errors" : t->test.target ? "test mse" : "loss";
    double *value = s->epochs > 1 ? malloc(s->epochs * sizeof *value) : NULL;
    if (!value) /* one epoch, or no memory for what is only told */
        return;
    for (uint64_t i = 0; i < s->epochs; i++)
        value[i] = t->test.rows ? s->history[i].test : s->history[i].loss;
    tell(what, value, s->epochs);
    free(value);
}
