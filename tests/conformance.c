/* The comparison of a backend with the reference, step by step. */
#include "conformance.h"

#include "core/base/error.h"
#include "core/check/conformance/cases.h"
#include "core/check/conformance/parameters.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>

enum { HOSTS = 3, RIVAL_HOST = 1, REPEATS = 6, TOLD = 10 };

/* Everything at hand while one case is judged. */
struct trial {
    struct conformance *result;
    const struct mcd_subject *backends;     /* of 1, 2, ... HOSTS workers */
    const struct mcd_step_case *of, *rival; /* rival: another plan with the same op */
    uint32_t key;
    double tolerance;
    int failed;
};

static int describe_operand(char *text, size_t size, const struct mcd_operand *o)
{
    int n = snprintf(text, size, " %ux[", o->rows);
    for (uint32_t d = 0; d < o->shape.rank && n < (int)size; d++)
        n += snprintf(text + n, size - (size_t)n, "%s%" PRId64, d ? "," : "", o->shape.dim[d]);
    return n < (int)size ? n + snprintf(text + n, size - (size_t)n, "]") : n;
}

static void describe_case(char *text, size_t size, const struct mcd_step_case *c)
{
    int n = snprintf(text, size, "%s (%s)", mcd_case_op_name(c->op), c->name);
    for (uint32_t i = 0; i < c->nin && n < (int)size; i++)
        n += describe_operand(text + n, size - (size_t)n, &c->in[i]);
    if (n < (int)size)
        n += snprintf(text + n, size - (size_t)n, " ->");
    if (n < (int)size)
        n += describe_operand(text + n, size - (size_t)n, &c->out);
    if (n < (int)size && c->in_place != MCD_NO_INPUT)
        snprintf(text + n, size - (size_t)n, " in place of input %d", c->in_place);
}

/* Counts a case as failed, once, and keeps or tells why. */
__attribute__((format(printf, 2, 3))) static void blame(struct trial *t, const char *format, ...)
{
    char text[512], where[400] = "";
    va_list args;
    if (t->failed++)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (t->of) {
        describe_case(where, sizeof where, t->of);
        t->result->failed_of[t->of->op]++;
    }
    if (!t->result->failed++)
        snprintf(t->result->first, sizeof t->result->first, "%s: %s", where, text);
    if (t->result->out && t->result->failed <= TOLD)
        fprintf(t->result->out, "# %s: %s\n", where, text);
}

/* NaN is like NaN, an infinity like itself, and the rest near enough. */
static int agrees(double got, double expected, double tolerance)
{
    if (isnan(expected) || isnan(got))
        return isnan(expected) && isnan(got);
    return isinf(expected) || isinf(got) ? got == expected : fabs(got - expected) <= tolerance;
}

/* What is dropped is exactly 0, what is kept is not: the masks agree bit by bit. */
static int same_mask(const struct mcd_step_case *c, double got, double expected)
{
    int masked = c->op == MCD_OP_DROP && c->attr.u.drop.law == MCD_BERNOULLI;
    return !masked || (got == 0) == (expected == 0);
}

/* Compares one of a step's results; each has a largest magnitude of its own. */
static void compare_operand(struct trial *t, const struct mcd_operand *o, const char *what,
                            const double *got, const double *expected)
{
    int64_t row = mcd_shape_count(&o->shape), count = row * (o->rows ? o->rows : 1);
    double largest = 0;
    for (int64_t i = 0; i < count; i++)
        if (isfinite(expected[i]))
            largest = fmax(largest, fabs(expected[i]));
    for (int64_t i = 0; i < count && !t->failed; i++)
        if (!agrees(got[i], expected[i], t->tolerance * largest) ||
            !same_mask(t->of, got[i], expected[i]))
            blame(t, "%s, row %" PRId64 ", element %" PRId64 ": got %.9g, expected %.9g +- %.2g",
                  what, i / row, i % row, got[i], expected[i], t->tolerance * largest);
}

static void compare(struct trial *t, const double *got, const double *expected)
{
    static const char *const names[MCD_MAX_INPUTS] = {"input 0", "input 1", "updated input 2",
                                                      "updated input 3"};
    const struct mcd_step_case *c = t->of;
    int64_t at = mcd_shape_count(&c->out.shape) * (c->out.rows ? c->out.rows : 1);
    compare_operand(t, &c->out, "output", got, expected);
    for (uint32_t i = 0; i < c->nin; i++)
        if (c->updates >> i & 1) {
            compare_operand(t, &c->in[i], names[i], got + at, expected + at);
            at += mcd_shape_count(&c->in[i].shape) * (c->in[i].rows ? c->in[i].rows : 1);
        }
}

/* Runs a step, which must go well; `first` of the same step must be reached bit by bit again. */
static void run_once(struct trial *t, struct mcd_placed_step *p, double *results,
                     const double *first, const char *when)
{
    struct mcd_error e = {0};
    if (mcd_step_execute(p, results, &e))
        blame(t, "%s, the run failed: %s", when, e.text);
    else if (first && memcmp(results, first, (size_t)mcd_step_results(p->of) * sizeof *first) != 0)
        blame(t, "%s, the result has other bits", when);
}

struct runner {
    struct mcd_placed_step *step;
    const double *first;
    double *results;
    int broken;
};

static void *run_repeatedly(void *arg)
{
    struct runner *r = arg;
    size_t bytes = (size_t)mcd_step_results(r->step->of) * sizeof *r->first;
    for (int i = 0; i < REPEATS && !r->broken; i++)
        r->broken =
            mcd_step_execute(r->step, r->results, NULL) || memcmp(r->results, r->first, bytes);
    return NULL;
}

/* Two plans of one backend at the same time. */
static void run_together(struct trial *t, struct runner *mine, struct runner *other)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_repeatedly, other))
        return;
    run_repeatedly(mine);
    pthread_join(thread, NULL);
    if (mine->broken || other->broken)
        blame(t, "two plans at the same time disturb each other");
}

/* A rival is planned after the step and runs before it, then beside it. */
static void run_with_rival(struct trial *t, struct mcd_placed_step *mine, double *results,
                           const double *first)
{
    struct mcd_placed_step other;
    struct mcd_error e = {0};
    int status = mcd_step_place(mine->backend, t->rival, t->key + 17, &other, NULL);
    if (status == MCD_UNSUPPORTED) /* the step itself is offered */
        status = mcd_step_place(mine->backend, t->of, t->key + 17, &other, &e);
    if (status) {
        blame(t, "beside a plan, another one cannot be made: %s", e.text);
        return;
    }
    int64_t count = mcd_step_results(other.of);
    double *buffer = malloc(2 * (size_t)count * sizeof *buffer);
    if (!buffer) {
        blame(t, "no memory for a rival");
        mcd_step_remove(&other);
        return;
    }
    run_once(t, &other, buffer, NULL, "as another plan");
    run_once(t, mine, results, first, "after another plan was made and has run");
    if (!t->failed) {
        struct runner a = {mine, first, results, 0}, b = {&other, buffer, buffer + count, 0};
        run_together(t, &a, &b);
    }
    mcd_step_remove(&other);
    free(buffer);
}

/* Returns MCD_UNSUPPORTED if the step is refused. `first` takes the result of the first host. */
static int run_on_host(struct trial *t, int host, double *first, double *results)
{
    static const char *const when[HOSTS] = {"on 1 worker", "on 2 workers", "on 3 workers"};
    struct mcd_error e = {0};
    struct mcd_placed_step p;
    int status = mcd_step_place(&t->backends[host], t->of, t->key, &p, &e);
    if (status == MCD_UNSUPPORTED && (host > 0 || !*e.text))
        blame(t, "%s, refused %s", when[host], host ? "what was offered before" : "without reason");
    else if (status && status != MCD_UNSUPPORTED)
        blame(t, "%s, no kernel but an error: %s", when[host], e.text);
    if (status)
        return status;
    run_once(t, &p, host ? results : first, host ? first : NULL, when[host]);
    if (!t->failed)
        run_once(t, &p, results, first, "when it runs again");
    if (!t->failed && host == RIVAL_HOST)
        run_with_rival(t, &p, results, first);
    mcd_step_remove(&p);
    return MCD_OK;
}

static int expected_results(const struct mcd_subject *oracle, const struct mcd_step_case *c,
                            uint32_t key, uint32_t type, double *results, struct mcd_error *e)
{
    struct mcd_placed_step p;
    int status = mcd_step_place(oracle, c, key, &p, e);
    if (status)
        return status;
    status = mcd_step_execute(&p, results, e);
    mcd_step_remove(&p);
    for (int64_t i = 0; i < mcd_step_results(c) && type == MCD_F32; i++)
        results[i] = (float)results[i]; /* what overflows there is infinite here */
    return status;
}

static int judge(struct trial *t, const struct mcd_subject *oracle, struct mcd_error *e)
{
    size_t count = (size_t)mcd_step_results(t->of);
    double *expected = malloc(3 * count * sizeof *expected);
    if (!expected)
        return mcd_fail(e, MCD_NOMEM, "", "out of memory");
    double *first = expected + count, *results = first + count;
    int status = MCD_OK, refused = run_on_host(t, 0, first, results) == MCD_UNSUPPORTED;
    t->result->steps++;
    if (refused) {
        t->result->refused++;
        t->result->refused_of[t->of->op]++;
    } else {
        status = expected_results(oracle, t->of, t->key, t->backends[0].type, expected, e);
        if (!status && !t->failed)
            compare(t, first, expected);
        for (int host = 1; host < HOSTS && !status && !t->failed; host++)
            run_on_host(t, host, first, results);
    }
    free(expected);
    return status;
}

/* An op that does not exist must be refused, with a reason. */
static void ask_for_nonsense(struct trial *t)
{
    struct mcd_step_case c = {.op = 63, .in_place = MCD_NO_INPUT, .passes = 1, .rows = 1};
    struct mcd_error e = {0};
    struct mcd_placed_step p;
    mcd_case_input(&c, 1, mcd_shape1(1), MCD_FILL_MIXED);
    mcd_case_output(&c, 1, mcd_shape1(1));
    int status = mcd_step_place(&t->backends[0], &c, 0, &p, &e);
    if (status == MCD_OK)
        mcd_step_remove(&p);
    if (status != MCD_UNSUPPORTED || !*e.text)
        blame(t, "op 63, which does not exist, is not refused with MCD_UNSUPPORTED and a reason");
}

/* Of each stage two plans' results, of which the first that is wrong is blamed. */
static void compare_stages(struct trial *t, const double *got, const double *expected)
{
    int64_t count = mcd_step_results(t->of);
    for (int i = 0; i < 2 * MCD_PARAMETER_STAGES && !t->failed; i++) {
        char what[80];
        snprintf(what, sizeof what, "%s%s", mcd_parameter_stages[i / 2],
                 i % 2 ? ", another plan" : "");
        compare_operand(t, &t->of->out, what, got + i * count, expected + i * count);
    }
}

/* Kernels may keep what they make of a parameter, but not longer than it stays as it is. */
static int judge_parameters(struct trial *t, const struct mcd_subject *oracle, struct mcd_error *e)
{
    size_t count = 2 * MCD_PARAMETER_STAGES * (size_t)mcd_step_results(t->of);
    double *expected = malloc(2 * count * sizeof *expected), *got = expected + count;
    if (!expected)
        return mcd_fail(e, MCD_NOMEM, "", "out of memory");
    int status = mcd_parameters_run(oracle, t->of, expected, e);
    struct mcd_error why = {0};
    int mine = status ? status : mcd_parameters_run(&t->backends[0], t->of, got, &why);
    if (!status && !mine)
        compare_stages(t, got, expected);
    else if (!status && mine != MCD_UNSUPPORTED)
        blame(t, "the run failed: %s", why.text);
    free(expected);
    return status;
}

static int is_product(uint32_t op)
{
    return op == MCD_OP_LINEAR || op == MCD_OP_LINEAR_DX || op == MCD_OP_LINEAR_DW ||
           op == MCD_OP_CONV2D || op == MCD_OP_CONV2D_DX || op == MCD_OP_CONV2D_DW;
}

static int judge_all(const struct mcd_case_list *list, const struct mcd_subject *oracle,
                     const struct mcd_subject *backends, struct conformance *result,
                     struct mcd_error *e)
{
    struct trial t = {.result = result, .backends = backends};
    double tolerance = backends[0].type == MCD_F32 ? 1e-5 : 1e-12;
    double products = result->products > 0 ? result->products : tolerance;
    int status = list->count ? MCD_OK : mcd_fail(e, MCD_NOMEM, "", "out of memory");
    ask_for_nonsense(&t);
    uint32_t stride = getenv("MCDROP_FAST") && !result->only ? 7 : 1;
    for (uint32_t i = 0; i < list->count && !status; i += stride) {
        const struct mcd_step_case *c = &list->at[i];
        if (result->only && result->only != c->op)
            continue;
        int last = i + 1 == list->count || list->at[i + 1].op != c->op;
        double most = is_product(c->op) ? products : tolerance;
        t = (struct trial){result, backends, c, last ? c : c + 1, 100 * i, most, 0};
        status = judge(&t, oracle, e);
    }
    for (int i = 0; i < MCD_PARAMETER_CASES && !status; i++) {
        struct mcd_step_case c;
        mcd_parameters_case(i, &c);
        t = (struct trial){.result = result, .backends = backends, .of = &c, .tolerance = products};
        if (!result->only || result->only == c.op)
            status = judge_parameters(&t, oracle, e);
    }
    t = (struct trial){.result = result};
    if (result->refused == result->steps)
        blame(&t, "the backend offers to do nothing");
    return status;
}

static void tell_refused(const struct conformance *r)
{
    for (uint32_t op = 0; op < CONFORMANCE_OPS && r->out; op++)
        if (r->refused_of[op])
            fprintf(r->out, "# refused %s: %u steps\n", mcd_case_op_name(op), r->refused_of[op]);
}

int conformance_check(const char *spec, struct conformance *result, struct mcd_error *e)
{
    struct mcd_subject oracle, backends[HOSTS];
    struct mcd_case_list list = mcd_cases_create();
    struct trial t = {.result = result};
    uint32_t hosts = 0;
    int status = mcd_subject_open("reference:precision=f64", 2, &oracle, e);
    int opened = !status;
    while (!status && hosts < HOSTS)
        if (!(status = mcd_subject_open(spec, hosts + 1, &backends[hosts], e)))
            hosts++;
    if (!status)
        status = judge_all(&list, &oracle, backends, result, e);
    while (hosts-- > 0)
        if (mcd_subject_close(&backends[hosts]))
            blame(&t, "memory was not released");
    if (opened)
        mcd_subject_close(&oracle);
    mcd_cases_release(&list);
    tell_refused(result);
    return status;
}
