/* A network fits a few rows: some updates of its own recipe lower the loss on them. */
#include "core/base/host.h"
#include "core/check/input.h"
#include "core/check/lesson.h"
#include "core/check/recorders.h"

/* The mean network's loss before and after; 0: it could be found. */
static int learn(struct mcd_checking *c, const struct mcd_host *host, const struct mcd_input *in,
                 double factor, double loss[2])
{
    struct mcd_lesson l;
    struct mcd_error e = {0};
    int status = mcd_lesson_open(&l, host, c->spec, &in->shape, c->seed, &e);
    if (!status)
        status = mcd_lesson_loss(&l, &loss[0], &e);
    if (!status)
        status = mcd_lesson_train(&l, factor, c->quick ? 10 : 30, &e);
    if (!status)
        status = mcd_lesson_loss(&l, &loss[1], &e);
    mcd_lesson_close(&l);
    mcd_check_looked(c, MCD_LESSON_ROWS);
    return mcd_check_status(c, "training", status, &e);
}

/* The recipe's rate is for data sets; what takes a few updates may need another. */
static void check(struct mcd_checking *c, const struct mcd_host *host, const struct mcd_input *in)
{
    static const double factors[] = {1, 10, 0.1};
    char where[MCD_INPUT_TEXT];
    double loss[2] = {0};
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        if (learn(c, host, in, factors[i], loss) || loss[1] < 0.999 * loss[0])
            return;
    mcd_check_fail(c, mcd_input_text(in, where),
                   "a loss on 16 rows that falls in some updates of the recipe's optimiser, at its "
                   "rate, ten times it or a tenth of it",
                   "%.6g before and %.6g after the last", loss[0], loss[1]);
}

void mcd_check_learns(struct mcd_checking *c)
{
    struct mcd_inputs list;
    struct mcd_error e = {0};
    if (mcd_inputs_find(c, &list))
        return;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    if (host)
        check(c, host, &list.at[0]);
    else
        mcd_check_status(c, "host", MCD_NOMEM, &e);
    mcd_input_remedy(c, &list.at[0]);
    mcd_host_destroy(host);
}
