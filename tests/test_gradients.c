/*
 * The gradient of every op against central differences of the op itself, in f64, on the shapes of
 * `mcdrop check`: values and signs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check/conformance/cases.h" /* before cmocka, whose `fail` is a macro */
#include "tests/op_gradient.h"

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

static const double STEP = 1e-5, TOLERANCE = 1e-6;

enum { MOST = 20000, PROBES = 24, KEY = 4711 };

/* A forward step with its values. */
struct forward {
    const struct mcd_engine *backend;
    struct mcd_step_case of;
    double *in[MCD_MAX_INPUTS], *out, *cotangent;
};

static double *room_for(int64_t count)
{
    double *values = calloc((size_t)count, sizeof *values);
    assert_non_null(values);
    return values;
}

static int64_t count_of(const struct mcd_operand *o)
{
    return mcd_shape_count(&o->shape) * (o->rows ? o->rows : 1);
}

static void evaluate(const struct mcd_engine *b, const struct mcd_step_case *c, double *results)
{
    struct mcd_error e = {0};
    struct mcd_placed_step p;
    if (mcd_step_place(b, c, KEY, &p, &e) || mcd_step_execute(&p, results, &e))
        fail_msg("%s %s: %s", mcd_case_op_name(c->op), c->name, e.text);
    mcd_step_remove(&p);
}

static double loss(struct forward *f)
{
    double sum = 0;
    evaluate(f->backend, &f->of, f->out);
    for (int64_t i = 0; i < count_of(&f->of.out); i++)
        sum += f->out[i] * f->cotangent[i];
    return sum;
}

static double difference(struct forward *f, double *at)
{
    double before = *at;
    *at = before + STEP;
    double above = loss(f);
    *at = before - STEP;
    double below = loss(f);
    *at = before;
    return (above - below) / (2 * STEP);
}

static void fill(struct forward *f)
{
    struct mcd_operand cotangent = f->of.out;
    cotangent.fill = MCD_FILL_MIXED;
    for (uint32_t i = 0; i < f->of.nin; i++) {
        struct mcd_operand *o = &f->of.in[i];
        f->in[i] = room_for(count_of(o));
        mcd_operand_values(o, KEY + i, f->in[i]);
        o->data = f->in[i];
    }
    f->out = room_for(count_of(&f->of.out));
    f->cotangent = room_for(count_of(&cotangent));
    mcd_operand_values(&cotangent, KEY + 9, f->cotangent);
}

static void empty(struct forward *f)
{
    for (uint32_t i = 0; i < f->of.nin; i++)
        free(f->in[i]);
    free(f->out);
    free(f->cotangent);
}

/* Some elements of a gradient, from the first to the last. */
static void probe(struct forward *f, uint32_t input, const double *gradient, double factor)
{
    int64_t count = count_of(&f->of.in[input]), probes = count < PROBES ? count : PROBES;
    double largest = 0, rounding = 1e-10 * (1 + fabs(loss(f)));
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(factor * gradient[i]));
    for (int64_t k = 0; k < probes; k++) {
        int64_t i = probes > 1 ? k * (count - 1) / (probes - 1) : 0;
        double expected = difference(f, &f->in[input][i]), got = factor * gradient[i];
        if (!(fabs(got - expected) <= TOLERANCE * largest + rounding))
            fail_msg("%s %s, input %u, element %d: got %.12g, expected %.12g",
                     mcd_case_op_name(f->of.op), f->of.name, input, (int)i, got, expected);
    }
}

/* Returns how many gradients were looked at. */
static int check(const struct mcd_engine *b, const struct mcd_step_case *c)
{
    struct forward f = {.backend = b, .of = *c};
    int gradients = 0;
    fill(&f);
    loss(&f);
    for (uint32_t input = 0; input < c->nin; input++) {
        struct step_values v = {{f.in[0], f.in[1], f.in[2], f.in[3]}, f.out, f.cotangent};
        struct mcd_step_case g;
        double factor;
        if (!gradient_step(&f.of, input, &v, &g, &factor))
            continue;
        double *gradient = room_for(mcd_step_results(&g));
        evaluate(b, &g, gradient);
        probe(&f, input, gradient, factor);
        free(gradient);
        gradients++;
    }
    empty(&f);
    return gradients;
}

/*
 * Cases with ordinary values; noise, whose cases all have extreme ones, gets ordinary ones. Where
 * passes share rows the gradient is not one step.
 */
static int usable(struct mcd_step_case *c)
{
    if (c->op == MCD_OP_DROP || c->op == MCD_OP_EXPAND || c->op == MCD_OP_NOISE)
        c->in[0].fill = MCD_FILL_MIXED;
    if ((c->op == MCD_OP_DROP || c->op == MCD_OP_NOISE) && c->in[0].rows != c->out.rows)
        return 0;
    for (uint32_t i = 0; i < c->nin; i++)
        if ((c->in[i].fill > MCD_FILL_POSITIVE && c->in[i].fill != MCD_FILL_LABEL) ||
            count_of(&c->in[i]) > MOST)
            return 0;
    return c->in_place == MCD_NO_INPUT && !c->updates && count_of(&c->out) <= MOST;
}

static void gradients_equal_differences(void **state)
{
    struct mcd_engine b;
    struct mcd_error e = {0};
    struct mcd_case_list list = mcd_cases_create();
    int checked[64] = {0};
    (void)state;
    if (mcd_engine_open("reference:precision=f64", 1, &b, &e))
        fail_msg("%s: %s", e.where, e.text);
    uint32_t stride = getenv("MCDROP_FAST") ? 7 : 1; /* fewer cases */
    for (uint32_t i = 0; i < list.count; i += stride)
        if (list.at[i].op < 64 && usable(&list.at[i]))
            checked[list.at[i].op] += check(&b, &list.at[i]);
    for (uint32_t op = MCD_OP_LINEAR; op <= MCD_OP_MSE; op++)
        if (op != MCD_OP_BINARY && op != MCD_OP_RESHAPE && checked[op] < 1) /* RESHAPE: no step */
            fail_msg("%s: only %d gradients were checked", mcd_case_op_name(op), checked[op]);
    assert_int_equal(mcd_engine_close(&b), 0);
    mcd_cases_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gradients_equal_differences)};
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
