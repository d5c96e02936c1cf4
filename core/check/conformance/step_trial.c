/* Running cases and comparing what they give. */
#include "core/check/conformance/step_trial.h"

#include "core/check/isolate.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reports -------------------------------------------------------------------------------- */

int mcd_step_trial_fail(const struct mcd_step_trial *t, const char *expected, const char *format,
                        ...)
{
    char where[sizeof t->check->where], seen[sizeof t->check->seen];
    va_list args;
    va_start(args, format);
    vsnprintf(seen, sizeof seen, format, args);
    va_end(args);
    mcd_case_describe(t->of, where, sizeof where);
    mcd_check_fail(t->check, where, expected, "%s", seen);
    return MCD_STEP_FAILED;
}

double *mcd_step_trial_room(const struct mcd_step_trial *t, size_t sets)
{
    double *room = calloc(sets * (size_t)mcd_step_results(t->of), sizeof *room);
    if (!room)
        mcd_step_trial_fail(t, "memory for the results", "none");
    return room;
}

/* ---- tolerances ----------------------------------------------------------------------------- */

static int is_product(uint32_t op)
{
    return op == MCD_OP_LINEAR || op == MCD_OP_LINEAR_DX || op == MCD_OP_LINEAR_DW ||
           op == MCD_OP_CONV2D || op == MCD_OP_CONV2D_DX || op == MCD_OP_CONV2D_DW;
}

/*
 * Factors in bf16 have 8 bits, in tf32 11, and the largest sum of a case is not much less than the
 * sum of the magnitudes. The user asked for it by the parameter's name.
 */
double mcd_step_trial_tolerance(const struct mcd_checking *c, uint32_t type, uint32_t op)
{
    if (is_product(op) && strstr(c->params, "precision=bf16"))
        return 2e-2;
    if (is_product(op) && strstr(c->params, "precision=tf32"))
        return 2e-2 / 8;
    return type == MCD_F32 ? 1e-5 : 1e-12;
}

/* ---- comparing ------------------------------------------------------------------------------ */

/* What is f64 or i64 with every backend is so with this one; whole numbers are as they are. */
static double tolerance_of(const struct mcd_step_trial *t, const struct mcd_operand *o)
{
    return o->type == MCD_I64 ? 0 : o->type == MCD_F64 ? 1e-12 : t->tolerance;
}

static int agrees(double got, double expected, double tolerance)
{
    if (isnan(expected) || isnan(got))
        return isnan(expected) && isnan(got);
    return isinf(expected) || isinf(got) ? got == expected : fabs(got - expected) <= tolerance;
}

int mcd_step_trial_compare_operand(const struct mcd_step_trial *t, const struct mcd_operand *o,
                                   const char *what, const char *demand, int masked,
                                   const double *got, const double *expected)
{
    int64_t row = mcd_shape_count(&o->shape), count = row * (o->rows ? o->rows : 1);
    double largest = 0, tolerance = tolerance_of(t, o);
    for (int64_t i = 0; i < count; i++)
        if (isfinite(expected[i]))
            largest = fmax(largest, fabs(expected[i]));
    for (int64_t i = 0; i < count; i++) {
        if (masked && (got[i] == 0 || expected[i] == 0))
            continue;
        if (!agrees(got[i], expected[i], tolerance * largest))
            return mcd_step_trial_fail(
                t, demand,
                "%s, row %" PRId64 ", element %" PRId64 ": got %.9g, expected %.9g +- %.2g", what,
                i / row, i % row, got[i], expected[i], tolerance * largest);
    }
    return MCD_STEP_PASSED;
}

int mcd_step_trial_compare(const struct mcd_step_trial *t, const char *demand, int masked,
                           const double *got, const double *expected)
{
    static const char *const names[MCD_MAX_INPUTS] = {"input 0", "updated input 1",
                                                      "updated input 2", "updated input 3"};
    const struct mcd_step_case *c = t->of;
    int64_t at = mcd_shape_count(&c->out.shape) * (c->out.rows ? c->out.rows : 1);
    int result =
        mcd_step_trial_compare_operand(t, &c->out, "output", demand, masked, got, expected);
    for (uint32_t i = 0; i < c->nin && result == MCD_STEP_PASSED; i++)
        if (c->updates >> i & 1) {
            result = mcd_step_trial_compare_operand(t, &c->in[i], names[i], demand, masked,
                                                    got + at, expected + at);
            at += mcd_shape_count(&c->in[i].shape) * (c->in[i].rows ? c->in[i].rows : 1);
        }
    return result;
}

/* ---- running -------------------------------------------------------------------------------- */

int mcd_step_trial_results(const struct mcd_step_trial *t, const struct mcd_engine *engine,
                           const struct mcd_step_memory *memory, double *results)
{
    struct mcd_error e = {0};
    struct mcd_placed_step p;
    int status = mcd_step_place_in(engine, t->of, t->key, memory, &p, &e);
    if (status == MCD_OK) {
        status = mcd_step_execute(&p, results, &e);
        mcd_step_remove(&p);
    }
    if (status == MCD_UNSUPPORTED)
        return MCD_STEP_REFUSED;
    if (status)
        return mcd_step_trial_fail(t, "a kernel that runs, or a refusal", "status %d: %s", status,
                                   e.text);
    return MCD_STEP_PASSED;
}

int mcd_step_trial_expected(const struct mcd_step_trial *t, double *results)
{
    int result = mcd_step_trial_results(t, t->oracle, &mcd_step_clean, results);
    int narrow = t->engine->type == MCD_F32 && !t->of->out.type;
    for (int64_t i = 0; i < mcd_step_results(t->of) && narrow; i++)
        results[i] = (double)(float)results[i]; /* what overflows there is infinite here */
    return result;
}

/* ---- all cases ------------------------------------------------------------------------------ */

struct backends {
    struct mcd_engine oracle, engine[MCD_STEP_HOSTS];
    uint32_t engines;
    int has_oracle;
};

static int backends_open(struct mcd_checking *c, struct backends *b)
{
    struct mcd_error e = {0};
    *b = (struct backends){.has_oracle = 0};
    int status = mcd_engine_open("reference:precision=f64", 2, &b->oracle, &e);
    if (mcd_check_status(c, "the reference backend", status, &e))
        return -1;
    b->has_oracle = 1;
    for (uint32_t i = 0; i < MCD_STEP_HOSTS; i++, b->engines++) {
        status = mcd_engine_open(c->spec, i + 1, &b->engine[i], &e);
        if (mcd_check_status(c, "creation", status, &e))
            return -1;
    }
    return 0;
}

static void backends_close(struct backends *b)
{
    while (b->engines > 0)
        mcd_engine_close(&b->engine[--b->engines]);
    if (b->has_oracle)
        mcd_engine_close(&b->oracle);
}

/* The next case, unless it has another op. */
static const struct mcd_step_case *rival_of(const struct mcd_case_list *l, uint32_t i)
{
    int last = i + 1 == l->count || l->at[i + 1].op != l->at[i].op;
    return &l->at[last ? i : i + 1];
}

static struct mcd_step_trial trial_of(struct mcd_checking *c, const struct backends *b,
                                      const struct mcd_case_list *l, uint32_t i)
{
    return (struct mcd_step_trial){.check = c,
                                   .oracle = &b->oracle,
                                   .engine = b->engine,
                                   .of = &l->at[i],
                                   .rival = rival_of(l, i),
                                   .key = 100 * i,
                                   .tolerance =
                                       mcd_step_trial_tolerance(c, b->engine[0].type, l->at[i].op)};
}

/* A kernel that never returns is known by its step. */
static void say(const struct mcd_step_trial *t)
{
    char what[MCD_DOING];
    mcd_case_describe(t->of, what, sizeof what);
    mcd_isolate_doing(what);
}

static void judge_all(struct mcd_checking *c, const struct backends *b,
                      const struct mcd_case_list *list, int (*wanted)(const struct mcd_step_case *),
                      int (*judge)(const struct mcd_step_trial *))
{
    uint64_t number = 0, offered = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (wanted && (!wanted(&list->at[i]) || (number++ % 7 != 0 && c->quick)))
            continue;
        struct mcd_step_trial t = trial_of(c, b, list, i);
        say(&t);
        int result = judge(&t);
        if (result == MCD_STEP_FAILED)
            return;
        offered += result == MCD_STEP_PASSED;
    }
    mcd_check_looked(c, offered);
    if (!offered)
        mcd_check_skip(c, "the backend refuses every step that this is about");
}

static void open_and_judge(struct mcd_checking *c, const struct mcd_case_list *list,
                           int (*wanted)(const struct mcd_step_case *),
                           int (*judge)(const struct mcd_step_trial *))
{
    struct backends b;
    if (!list->at)
        mcd_check_fail(c, "memory", "room for the cases", "none");
    else if (!backends_open(c, &b))
        judge_all(c, &b, list, wanted, judge);
    if (list->at)
        backends_close(&b);
}

void mcd_step_trial_run_list(struct mcd_checking *c, const struct mcd_case_list *list,
                             int (*judge)(const struct mcd_step_trial *))
{
    open_and_judge(c, list, NULL, judge);
}

void mcd_step_trial_run(struct mcd_checking *c, int (*wanted)(const struct mcd_step_case *),
                        int (*judge)(const struct mcd_step_trial *))
{
    struct mcd_case_list list = mcd_cases_create();
    open_and_judge(c, &list, wanted, judge);
    mcd_cases_release(&list);
}
