/*
 * refusals: when a kernel is asked for and never later, with a reason, for any number of workers,
 * leaving nothing behind; and contents that are wrong, of which a run must say so.
 */
#include "core/check/backend_checks.h"

#include "core/base/host.h"
#include "core/check/conformance/step_trial.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- steps that a plan may have -------------------------------------------------------------- */

/* Asks, with somebody to tell; counts what a refusal leaves behind. */
static int ask(const struct mcd_step_trial *t, int host)
{
    const struct mcd_engine *s = &t->engine[host];
    struct mcd_error e = {0};
    struct mcd_placed_step p;
    double *results = mcd_step_trial_room(t, 1);
    if (!results)
        return MCD_STEP_FAILED;
    uint64_t before = mcd_host_live(s->host);
    int result = MCD_STEP_REFUSED, status = mcd_step_place(s, t->of, t->key, &p, &e);
    if (status == MCD_OK) {
        status = mcd_step_execute(&p, results, &e);
        result = status == MCD_UNSUPPORTED
                     ? mcd_step_trial_fail(t, "a refusal when the kernel is asked for, or none",
                                           "refused when it runs: %s", e.text)
                     : MCD_STEP_PASSED;
        mcd_step_remove(&p);
    } else if (status != MCD_UNSUPPORTED) {
        result =
            mcd_step_trial_fail(t, "a kernel, or MCD_UNSUPPORTED", "status %d: %s", status, e.text);
    } else if (!*e.text) {
        result = mcd_step_trial_fail(t, "a refusal that says why", "no text");
    } else if (mcd_host_live(s->host) != before) {
        result = mcd_step_trial_fail(t, "a refusal that leaves nothing behind", "%d allocations",
                                     (int)(mcd_host_live(s->host) - before));
    }
    free(results);
    return result;
}

static int judge(const struct mcd_step_trial *t)
{
    int result = ask(t, 0);
    for (int host = 1; host < MCD_STEP_HOSTS && result != MCD_STEP_FAILED; host++) {
        int again = ask(t, host);
        if (again != MCD_STEP_FAILED && again != result)
            again = mcd_step_trial_fail(
                t, "the same answer for any number of workers", "with 1 worker %s, with %d %s",
                result ? "refused" : "offered", host + 1, again ? "refused" : "offered");
        result = again == MCD_STEP_FAILED ? again : result;
    }
    return result;
}

/* Every op and attribute once is enough: a few of the many shapes. */
static int some(const struct mcd_step_case *c)
{
    return c->in_place == MCD_NO_INPUT && c->out.rows <= 3;
}

/* ---- steps that there are not ---------------------------------------------------------------- */

static int ask_for_nonsense(struct mcd_checking *c, const struct mcd_engine *s, uint32_t op)
{
    struct mcd_step_case nonsense = {.op = op, .in_place = MCD_NO_INPUT, .passes = 1, .rows = 1};
    struct mcd_error e = {0};
    struct mcd_placed_step p;
    char where[60];
    mcd_case_input(&nonsense, 1, mcd_shape1(1), MCD_FILL_MIXED);
    mcd_case_output(&nonsense, 1, mcd_shape1(1));
    int status = mcd_step_place(s, &nonsense, 0, &p, &e);
    if (status == MCD_OK)
        mcd_step_remove(&p);
    snprintf(where, sizeof where, "op %u, which does not exist", op);
    mcd_check_looked(c, 1);
    if (status != MCD_UNSUPPORTED || !*e.text)
        return mcd_check_fail(c, where, "MCD_UNSUPPORTED with a reason", "status %d, '%s'", status,
                              e.text);
    status = mcd_step_place(s, &nonsense, 0, &p, NULL);
    if (status != MCD_UNSUPPORTED)
        return mcd_check_fail(c, where, "MCD_UNSUPPORTED, too, where nobody wants the reason",
                              "status %d", status);
    return 0;
}

/* ---- labels out of range --------------------------------------------------------------------- */

enum { ROWS = 3, CLASSES = 7 };

static struct mcd_step_case labelled(uint32_t op, const double *labels)
{
    struct mcd_step_case c = {.name = "a label out of range",
                              .op = op,
                              .in_place = MCD_NO_INPUT,
                              .passes = 1,
                              .rows = ROWS};
    if (op == MCD_OP_XENT_DX)
        mcd_case_input(&c, 0, mcd_shape0(), MCD_FILL_POSITIVE);
    mcd_case_input(&c, ROWS, mcd_shape1(CLASSES), MCD_FILL_MIXED);
    mcd_case_input(&c, ROWS, mcd_shape0(), MCD_FILL_LABEL);
    c.in[c.nin - 1].data = labels;
    if (op == MCD_OP_XENT_DX)
        mcd_case_output(&c, ROWS, mcd_shape1(CLASSES));
    else
        mcd_case_output(&c, 0, mcd_shape0());
    return c;
}

/* MCD_INVALID with a reason, or NaN where the label counts: in the loss, in the row's gradient. */
static int judge_label(struct mcd_checking *c, const struct mcd_engine *s, uint32_t op,
                       double label)
{
    double labels[ROWS] = {1, label, 2}, results[ROWS * CLASSES];
    struct mcd_step_case of = labelled(op, labels);
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    if (mcd_step_place(s, &of, 1, &p, NULL))
        return 0;
    int status = mcd_step_execute(&p, results, &e);
    mcd_step_remove(&p);
    mcd_check_looked(c, 1);
    if (status == MCD_INVALID ? *e.text != 0
                              : !status && isnan(results[op == MCD_OP_XENT_DX ? CLASSES : 0]))
        return 0;
    char where[100];
    snprintf(where, sizeof where, "%s, label %.0f of %d classes", mcd_case_op_name(op), label,
             CLASSES);
    return mcd_check_fail(c, where, "MCD_INVALID with a reason, or NaN", "status %d '%s', %g",
                          status, e.text, status ? (double)NAN : results[0]);
}

static int judge_labels(struct mcd_checking *c, const struct mcd_engine *s)
{
    static const double labels[] = {-1, CLASSES, INT32_MAX, INT32_MIN};
    int failed = 0;
    for (size_t i = 0; i < MCD_COUNT(labels) && !failed; i++)
        failed = judge_label(c, s, MCD_OP_XENT, labels[i]) ||
                 judge_label(c, s, MCD_OP_XENT_DX, labels[i]);
    return failed;
}

/* ---- places and rows that a table and its order do not have ---------------------------------- */

/*
 * MCD_INVALID with a reason, or NaN - of a table of labels -1 - in the row that is not there. The
 * order has places for ROWS rows from first_place 0 on, and its second names a row.
 */
static int judge_place(struct mcd_checking *c, const struct mcd_engine *s, uint32_t fill,
                       double named, uint64_t first_place)
{
    double order[ROWS] = {1, named, 2}, results[ROWS * CLASSES];
    struct mcd_step_case of = {.op = MCD_OP_GATHER,
                               .in_place = MCD_NO_INPUT,
                               .passes = 1,
                               .rows = ROWS,
                               .first_place = first_place};
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    mcd_case_input(&of, 0, mcd_shape2(ROWS, CLASSES), fill);
    of.in[0].classes = CLASSES;
    mcd_case_input(&of, 0, mcd_shape1(ROWS), MCD_FILL_LABEL);
    of.in[1].data = order;
    mcd_case_output(&of, ROWS, mcd_shape1(CLASSES));
    of.out.fill = fill;
    if (mcd_step_place(s, &of, 1, &p, NULL))
        return 0;
    int status = mcd_step_execute(&p, results, &e), missing = 1;
    mcd_step_remove(&p);
    mcd_check_looked(c, 1);
    double *row = results + (first_place ? ROWS - 1 : 1) * CLASSES;
    for (int i = 0; i < CLASSES && !status; i++)
        missing = missing && (fill == MCD_FILL_LABEL ? row[i] == -1 : isnan(row[i]));
    if (status == MCD_INVALID ? *e.text != 0 : !status && missing)
        return 0;
    char where[100];
    snprintf(where, sizeof where, "GATHER of a table of %d rows, row %.0f from place %" PRIu64,
             ROWS, named, first_place);
    return mcd_check_fail(c, where, "MCD_INVALID with a reason, or a row of NaN (labels: -1)",
                          "status %d '%s', %g", status, e.text, status ? (double)NAN : row[0]);
}

static int judge_places(struct mcd_checking *c, const struct mcd_engine *s)
{
    static const double rows[] = {-1, ROWS, INT32_MAX, INT32_MIN};
    static const uint64_t places[] = {1, ROWS, (uint64_t)1 << 32, (uint64_t)1 << 63};
    static const uint32_t fills[] = {MCD_FILL_MIXED, MCD_FILL_LABEL};
    int failed = 0;
    for (size_t f = 0; f < MCD_COUNT(fills); f++) {
        for (size_t i = 0; i < MCD_COUNT(rows) && !failed; i++)
            failed = judge_place(c, s, fills[f], rows[i], 0);
        for (size_t i = 0; i < MCD_COUNT(places) && !failed; i++)
            failed = judge_place(c, s, fills[f], 0, places[i]);
    }
    return failed;
}

void mcd_backend_check_refusals(struct mcd_checking *c)
{
    static const uint32_t nonsense[] = {0, 63, 1000, UINT32_MAX};
    struct mcd_error e = {0};
    struct mcd_engine s;
    int failed = mcd_check_status(c, "creation", mcd_engine_open(c->spec, 1, &s, &e), &e);
    if (failed)
        return;
    for (size_t i = 0; i < MCD_COUNT(nonsense) && !failed; i++)
        failed = ask_for_nonsense(c, &s, nonsense[i]);
    failed = failed || judge_labels(c, &s) || judge_places(c, &s);
    mcd_engine_close(&s);
    if (!failed)
        mcd_step_trial_run(c, some, judge);
}
