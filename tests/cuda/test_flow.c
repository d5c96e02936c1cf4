/*
 * Elementwise steps of the CUDA backend that go on from each other: one launch gives the bits of
 * one by one, to all of their results, and what one launch could not do stays apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check/trial.h"
#include "tests/cuda/bodies.h"

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct mcd_cuda_offer *const families[] = {mcd_cuda_elementwise, mcd_cuda_noise,
                                                        mcd_cuda_pool2d, NULL};

enum { STEPS = 12, INPUTS = 3, ROWS = 5, PLACE = 8192, PLACES = 16, ROOM = PLACE * PLACES };

/* Steps over values in one buffer, which begin at multiples of PLACE or beside them. */
struct flow {
    struct bodies b;
    struct mcd_buffer *buffer;
    struct mcd_shape shape;
    struct mcd_step step[STEPS];
    struct mcd_tensor in[STEPS][INPUTS];
    uint32_t nsteps;
    char *before, *after; /* ROOM bytes each: made up; after the steps */
};

static struct flow *flow_create(int64_t width)
{
    struct flow *f = calloc(1, sizeof *f);
    assert_non_null(f);
    bodies_open(&f->b, families);
    assert_int_equal(f->b.engine.api->alloc(&f->b, ROOM, &f->buffer, NULL), MCD_OK);
    f->shape = mcd_shape1(width);
    f->before = malloc(ROOM);
    f->after = malloc(ROOM);
    assert_true(f->before && f->after);
    for (size_t i = 0; i < ROOM / sizeof(float); i++)
        ((float *)f->before)[i] = (float)mcd_trial_value(1, i);
    return f;
}

static void flow_destroy(struct flow *f)
{
    f->b.engine.api->release(&f->b, f->buffer);
    bodies_close(&f->b);
    free(f->before);
    free(f->after);
    free(f);
}

static struct mcd_tensor at(struct flow *f, size_t offset)
{
    return (struct mcd_tensor){f->buffer, offset, MCD_F32, ROWS, f->shape};
}

/* A step from place `from` to place `to`. */
static struct mcd_step *append(struct flow *f, uint32_t op, size_t from, size_t to)
{
    uint32_t i = f->nsteps++;
    assert_true(i < STEPS);
    f->step[i] = (struct mcd_step){.size = sizeof *f->step, .op = op, .nin = 1, .in = f->in[i]};
    f->in[i][0] = at(f, from * PLACE);
    f->step[i].out = at(f, to * PLACE);
    return &f->step[i];
}

static void append_map(struct flow *f, int64_t function, size_t from, size_t to)
{
    append(f, MCD_OP_MAP, from, to)->attr.u.map.function = function;
}

static void append_affine(struct flow *f, size_t from, size_t to)
{
    struct mcd_step *s = append(f, MCD_OP_AFFINE, from, to);
    s->attr.u.affine.scale = -1.5;
    s->attr.u.affine.shift = 0.25;
}

static void append_map_dx(struct flow *f, size_t from, size_t x, size_t y, size_t to)
{
    struct mcd_step *s = append(f, MCD_OP_MAP_DX, from, to);
    s->attr.u.map.function = MCD_TANH;
    s->nin = 3;
    f->in[f->nsteps - 1][1] = at(f, x * PLACE);
    f->in[f->nsteps - 1][2] = at(f, y * PLACE);
}

/* With p = 0 or 1, so that no mask has to be drawn. */
static void append_drop(struct flow *f, double p, size_t from, uint32_t rows, size_t to)
{
    struct mcd_step *s = append(f, MCD_OP_DROP, from, to);
    s->attr.u.drop = (struct mcd_attr_drop){MCD_BERNOULLI, 0, mcd_shape_count(&f->shape), 1, p};
    f->in[f->nsteps - 1][0].rows = rows;
}

static void run(struct flow *f, int together)
{
    struct mcd_tensor all = {f->buffer, 0, MCD_U8, 0, mcd_shape1(ROOM)};
    struct mcd_run r = {.size = sizeof r, .passes = 1, .rows = ROWS};
    f->b.engine.api->write(&f->b, &all, f->before, NULL);
    bodies_run_steps(&f->b, f->step, f->nsteps, &r, together);
    f->b.engine.api->read(&f->b, &all, f->after, NULL);
}

/* Both ways give the same memory, in as many launches as expected; the end of `f`. */
static void agree(struct flow *f, uint32_t launches)
{
    char *one_by_one = malloc(ROOM);
    assert_non_null(one_by_one);
    run(f, 0);
    memcpy(one_by_one, f->after, ROOM);
    assert_memory_not_equal(f->before, f->after, ROOM);
    run(f, 1);
    if (f->b.launches != launches)
        fail_msg("%u launches of %u steps, expected %u", f->b.launches, f->nsteps, launches);
    assert_memory_equal(one_by_one, f->after, ROOM);
    free(one_by_one);
    flow_destroy(f);
}

/* Widths of whole accesses and of others. */
static void steps_that_go_on_are_one_launch(void **state)
{
    static const int64_t widths[] = {1, 3, 4, 33, 128, 301};
    (void)state;
    for (size_t i = 0; i < MCD_COUNT(widths); i++) {
        struct flow *f = flow_create(widths[i]);
        append_map(f, MCD_TANH, 0, 1);
        append_affine(f, 1, 2);
        append_map_dx(f, 2, 3, 4, 5);
        append_map(f, MCD_RELU, 5, 6);
        append_drop(f, 1, 6, ROWS, 7);
        agree(f, 1);
    }
}

/* What is overwritten, what is read again where it was written, and memory that is used again. */
static void values_may_lie_in_the_same_place(void **state)
{
    (void)state;
    struct flow *f = flow_create(301);
    append_map(f, MCD_TANH, 0, 0);
    append_affine(f, 0, 0);
    append_map_dx(f, 0, 3, 4, 0);
    agree(f, 1);

    f = flow_create(301);
    append_map(f, MCD_TANH, 0, 1);
    append_affine(f, 1, 2);
    append_map_dx(f, 2, 0, 1, 3);
    append_affine(f, 3, 0);
    append_affine(f, 0, 1);
    agree(f, 1);
}

/* Moves one view of the last step by some lines, over its neighbour: it has to wait. */
static void values_that_overlap_otherwise_stay_apart(void **state)
{
    (void)state;
    for (int view = 0; view < 3; view++)
        for (int lines = 1; lines <= 3; lines += 2) {
            struct flow *f = flow_create(301);
            append_map(f, MCD_TANH, 0, 1);
            append_map_dx(f, 1, view == 1 ? 1 : 3, view == 2 ? 1 : 4, view == 0 ? 0 : 2);
            struct mcd_tensor *moved = view ? &f->in[1][view] : &f->step[1].out;
            moved->offset += 64 * (size_t)lines;
            agree(f, 2);
        }
}

static void what_does_not_go_on_stays_apart(void **state)
{
    (void)state;
    struct flow *f = flow_create(64); /* from elsewhere */
    append_map(f, MCD_TANH, 0, 1);
    append_affine(f, 2, 3);
    agree(f, 2);

    f = flow_create(64); /* from the step before the last one */
    append_map(f, MCD_TANH, 0, 1);
    append_affine(f, 1, 2);
    append_affine(f, 1, 3);
    agree(f, 2);

    f = flow_create(64); /* in rows of another length */
    append_map(f, MCD_TANH, 0, 1);
    append_affine(f, 1, 2);
    f->in[1][0].rows = f->step[1].out.rows = 4;
    f->in[1][0].shape = f->step[1].out.shape = mcd_shape1(80);
    agree(f, 2);

    f = flow_create(64); /* only as MAP_DX's x */
    append_map(f, MCD_TANH, 0, 1);
    append_map_dx(f, 2, 1, 3, 4);
    agree(f, 2);
}

/* Another shape of as many elements is no hindrance. */
static void a_row_may_have_another_shape(void **state)
{
    (void)state;
    struct flow *f = flow_create(64);
    append_map(f, MCD_TANH, 0, 1);
    append_affine(f, 1, 2);
    f->in[1][0].shape = f->step[1].out.shape = mcd_shape3(4, 2, 8);
    agree(f, 1);
}

/* Rows that passes share are read by many threads: nothing may be written there. */
static void shared_rows_are_not_overwritten(void **state)
{
    (void)state;
    for (size_t to = 0; to <= 2; to += 2) {
        struct flow *f = flow_create(33);
        append_drop(f, 0, 0, 1, 1);
        append_map(f, MCD_TANH, 1, to);
        agree(f, to ? 1 : 2);
    }
}

static void pooling_ends_what_is_one_launch(void **state)
{
    (void)state;
    struct flow *f = flow_create(64);
    f->shape = mcd_shape3(1, 8, 8);
    append_map(f, MCD_TANH, 0, 1);
    struct mcd_step *pool = append(f, MCD_OP_POOL2D, 1, 2);
    pool->attr.u.pool = (struct mcd_attr_pool){MCD_POOL_MAX, {3, 3}, {1, 1}, {1, 1}};
    append_affine(f, 2, 3);
    agree(f, 3);
}

static void very_many_steps_are_a_few_launches(void **state)
{
    (void)state;
    struct flow *f = flow_create(33);
    for (size_t i = 0; i < STEPS; i++)
        append_affine(f, i, i + 1);
    agree(f, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_that_go_on_are_one_launch),
        cmocka_unit_test(values_may_lie_in_the_same_place),
        cmocka_unit_test(values_that_overlap_otherwise_stay_apart),
        cmocka_unit_test(what_does_not_go_on_stays_apart),
        cmocka_unit_test(a_row_may_have_another_shape),
        cmocka_unit_test(shared_rows_are_not_overwritten),
        cmocka_unit_test(pooling_ends_what_is_one_launch),
        cmocka_unit_test(very_many_steps_are_a_few_launches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
