/*
 * Steps of the CUDA backend that one launch does: the same bits as one by one, and what depends on
 * another step is left to a launch of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check/trial.h"
#include "tests/cuda/bodies.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct mcd_cuda_offer *const families[] = {mcd_cuda_elementwise, mcd_cuda_losses,
                                                        NULL};

enum { STEPS = 20, INPUTS = 4, ROOM = 1 << 20 };

/* Steps in one buffer, one after another. */
struct plan {
    struct bodies b;
    struct mcd_buffer *buffer;
    size_t end; /* bytes in use */
    struct mcd_step step[STEPS];
    struct mcd_tensor in[STEPS][INPUTS];
    uint32_t nsteps;
    char *before, *after; /* ROOM bytes each: made up; after the steps */
};

static struct plan *plan_create(void)
{
    struct plan *p = calloc(1, sizeof *p);
    assert_non_null(p);
    bodies_open(&p->b, families);
    assert_int_equal(p->b.engine.api->alloc(&p->b, ROOM, &p->buffer, NULL), MCD_OK);
    p->before = malloc(ROOM);
    p->after = malloc(ROOM);
    assert_true(p->before && p->after);
    for (size_t i = 0; i < ROOM / sizeof(float); i++) /* positive, as v of Adam is */
        ((float *)p->before)[i] = (float)(mcd_trial_value(1, i) + 1.1);
    return p;
}

static void plan_destroy(struct plan *p)
{
    p->b.engine.api->release(&p->b, p->buffer);
    bodies_close(&p->b);
    free(p->before);
    free(p->after);
    free(p);
}

static struct mcd_tensor place(struct plan *p, uint32_t rows, struct mcd_shape shape)
{
    struct mcd_tensor t = {p->buffer, p->end, MCD_F32, rows, shape};
    p->end += ((size_t)mcd_tensor_count(&t) * sizeof(float) + 63) / 64 * 64;
    assert_true(p->end <= ROOM);
    return t;
}

static struct mcd_step *append(struct plan *p, uint32_t op, uint32_t nin)
{
    uint32_t i = p->nsteps++;
    assert_true(i < STEPS);
    p->step[i] = (struct mcd_step){.size = sizeof *p->step, .op = op, .nin = nin, .in = p->in[i]};
    return &p->step[i];
}

/* An update in place of a parameter with n elements. */
static struct mcd_step *append_update(struct plan *p, uint32_t op, int64_t n)
{
    struct mcd_step *s = append(p, op, op == MCD_OP_SGD ? 3 : 4);
    for (uint32_t i = 0; i < s->nin; i++)
        p->in[p->nsteps - 1][i] = place(p, 0, mcd_shape1(n));
    s->out = s->in[0];
    if (op == MCD_OP_SGD)
        s->attr.u.sgd = (struct mcd_attr_sgd){0.1, 0.9, 0.01};
    else
        s->attr.u.adam = (struct mcd_attr_adam){1e-2, 0.9, 0.999, 1e-8, 0.01};
    return s;
}

/* A loss and its gradient, of rows of n. */
static void append_loss(struct plan *p, uint32_t op, uint32_t rows, int64_t n)
{
    struct mcd_tensor x = place(p, rows, mcd_shape1(n)), y = x, dy = place(p, 0, mcd_shape0());
    if (op == MCD_OP_XENT) {
        y = place(p, rows, mcd_shape0());
        y.type = MCD_I32;
        for (uint32_t i = 0; i < rows; i++)
            ((int32_t *)(p->before + y.offset))[i] = (int32_t)(3 * i % n);
    } else {
        y = place(p, rows, mcd_shape1(n));
    }
    struct mcd_step *loss = append(p, op, 2);
    loss->out = place(p, 0, mcd_shape0());
    struct mcd_step *slope = append(p, op == MCD_OP_XENT ? MCD_OP_XENT_DX : MCD_OP_MSE_DX, 3);
    slope->out = place(p, rows, mcd_shape1(n));
    struct mcd_tensor *of_loss = p->in[p->nsteps - 2], *of_slope = p->in[p->nsteps - 1];
    of_loss[0] = of_slope[1] = x;
    of_loss[1] = of_slope[2] = y;
    of_slope[0] = dy;
}

static void run(struct plan *p, int together)
{
    struct mcd_tensor all = {p->buffer, 0, MCD_U8, 0, mcd_shape1(ROOM)};
    struct mcd_run r = {.size = sizeof r, .update = 3, .passes = 1, .rows = 1, .rate_factor = 0.3};
    p->b.engine.api->write(&p->b, &all, p->before, NULL);
    bodies_run_steps(&p->b, p->step, p->nsteps, &r, together);
    p->b.engine.api->read(&p->b, &all, p->after, NULL);
}

/* Both ways give the same memory; the steps change it; and take as many launches as expected. */
static void agree(struct plan *p, uint32_t launches)
{
    char *one_by_one = malloc(ROOM);
    assert_non_null(one_by_one);
    run(p, 0);
    assert_int_equal(p->b.launches, p->nsteps);
    memcpy(one_by_one, p->after, ROOM);
    assert_memory_not_equal(p->before, p->after, ROOM);
    run(p, 1);
    if (p->b.launches != launches)
        fail_msg("%u launches, expected %u", p->b.launches, launches);
    assert_memory_equal(one_by_one, p->after, ROOM);
    free(one_by_one);
}

static void updates_of_all_parameters_are_one_launch(void **state)
{
    static const int64_t n[] = {7840, 800, 6400, 1, 257, 10};
    static const uint32_t ops[] = {MCD_OP_SGD, MCD_OP_ADAM};
    (void)state;
    for (size_t k = 0; k < MCD_COUNT(ops); k++) {
        struct plan *p = plan_create();
        for (size_t i = 0; i < MCD_COUNT(n); i++)
            append_update(p, ops[k], n[i])->scheduled = 1;
        agree(p, 1);
        plan_destroy(p);
    }
}

static void updates_of_very_many_parameters_are_a_few(void **state)
{
    struct plan *p = plan_create();
    (void)state;
    for (int i = 0; i < STEPS; i++)
        append_update(p, MCD_OP_SGD, 3 * i + 1);
    agree(p, 2);
    plan_destroy(p);
}

/* Another rate; another op; one whose rate runs multiply; a step that reads what one before it changes. */
static void updates_that_differ_or_depend_stay_apart(void **state)
{
    struct plan *p = plan_create();
    (void)state;
    append_update(p, MCD_OP_SGD, 100);
    append_update(p, MCD_OP_SGD, 100)->attr.u.sgd.rate = 0.2;
    append_update(p, MCD_OP_ADAM, 100);
    append_update(p, MCD_OP_ADAM, 100)->scheduled = 1;
    agree(p, 4);
    plan_destroy(p);

    for (uint32_t changed = 0; changed <= 2; changed += 2)
        for (uint32_t read = 0; read <= 2; read++) {
            p = plan_create();
            append_update(p, MCD_OP_SGD, 100);
            append_update(p, MCD_OP_SGD, 100);
            p->in[1][read] = p->in[0][changed];
            p->step[1].out = p->in[1][0];
            agree(p, 2);
            plan_destroy(p);
        }
}

static void small_loss_and_its_gradient_are_one_launch(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= 10; n += 9) {
        struct plan *p = plan_create();
        append_loss(p, MCD_OP_XENT, 128, n);
        append_loss(p, MCD_OP_MSE, 272, n);
        agree(p, 2);
        plan_destroy(p);
    }
}

/* Of many rows, of other rows than those of the loss. */
static void loss_and_another_gradient_are_two(void **state)
{
    static const uint32_t ops[] = {MCD_OP_XENT, MCD_OP_MSE};
    (void)state;
    for (size_t k = 0; k < MCD_COUNT(ops); k++) {
        struct plan *p = plan_create();
        append_loss(p, ops[k], 2000, 10);
        agree(p, 2);
        plan_destroy(p);

        for (uint32_t input = 1; input <= 2; input++) {
            p = plan_create();
            append_loss(p, ops[k], 128, 10);
            size_t offset = p->in[1][input].offset;
            p->in[1][input].offset = p->end;
            place(p, 128, mcd_shape1(10));
            memcpy(p->before + p->in[1][input].offset, p->before + offset, 128 * sizeof(float));
            agree(p, 2);
            plan_destroy(p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_of_all_parameters_are_one_launch),
        cmocka_unit_test(updates_of_very_many_parameters_are_a_few),
        cmocka_unit_test(updates_that_differ_or_depend_stay_apart),
        cmocka_unit_test(small_loss_and_its_gradient_are_one_launch),
        cmocka_unit_test(loss_and_another_gradient_are_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
