/* CHANNELS, MOMENTS and SUMS: tasks, groups, passes joined with those of runs before. */
#include "core/check/conformance/cases.h"

#include <mcdrop/model.h>
#include <mcdrop/moments.h>

#include <stdio.h>

enum { LEVELS = 3 };

static const double offsets[] = {0, 100, -3, 0.5, 7, -1e6, 1e-3};
static const double scales[] = {1, 20, 0.25, -3, 1e3, 1e5, 1e-6};

static void channels(struct mcd_case_list *l, int64_t task, uint32_t rows, int64_t outputs,
                     uint32_t fill)
{
    int classify = task == MCD_CLASSIFY, scaled = !classify && outputs == MCD_COUNT(scales);
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_CHANNELS, rows, classify ? "classes" : "");
    c->attr.u.moments.task = task;
    if (scaled) {
        snprintf(c->name, sizeof c->name, "offset and scale");
        c->attr.u.moments.offset = offsets;
        c->attr.u.moments.scale = scales;
    }
    mcd_case_input(c, rows, mcd_shape1(outputs), fill);
    mcd_case_output(c, rows, mcd_shape1(classify ? 2 * outputs + 1 : outputs));
    c->out.type = MCD_F64;
}

/* A run of passes over rows, the last of joined + 1. */
struct joining {
    uint32_t passes, rows, group, joined;
    uint64_t first_pass;
};

static struct mcd_step_case *joins(struct mcd_case_list *l, uint32_t op, const struct joining *j)
{
    struct mcd_step_case *c = mcd_case_add(l, op, j->rows, "");
    snprintf(c->name, sizeof c->name, "%u passes from %llu in groups of %u, %u runs before",
             j->passes, (unsigned long long)j->first_pass, j->group, j->joined);
    c->attr.u.moments.group = j->group;
    c->passes = j->passes;
    c->first_pass = j->first_pass;
    *(op == MCD_OP_MOMENTS ? &c->joined : &c->summed) = j->joined;
    return c;
}

static void moments(struct mcd_case_list *l, const struct joining *j, int64_t width, uint32_t fill)
{
    struct mcd_step_case *c = joins(l, MCD_OP_MOMENTS, j);
    int64_t halves = j->group > 1 ? 4 : 2;
    mcd_case_input(c, j->passes * j->rows, mcd_shape1(width), fill);
    mcd_case_input(c, j->rows, mcd_shape3(LEVELS, halves, width), MCD_FILL_POSITIVE);
    mcd_case_output(c, j->rows, mcd_shape2(halves, width));
    c->in[0].type = c->in[1].type = c->out.type = MCD_F64;
    c->updates = 1 << 1;
}

static void sums(struct mcd_case_list *l, const struct joining *j, int64_t classes, uint32_t fill)
{
    struct mcd_step_case *c = joins(l, MCD_OP_SUMS, j);
    int64_t width = 2 * classes + 1;
    mcd_case_input(c, j->rows, mcd_shape2(MCD_BATCHES, width), MCD_FILL_TIES);
    mcd_case_input(c, j->passes * j->rows, mcd_shape1(width), fill);
    mcd_case_output(c, j->rows, mcd_shape2(MCD_BATCHES, width));
    c->in[0].type = c->out.type = MCD_I64;
    c->in[1].type = MCD_F64;
    c->in_place = 0;
}

void mcd_cases_moments(struct mcd_case_list *l)
{
    static const int64_t outputs[] = {1, 7, 10, 129};
    static const struct joining joinings[] = {
        {1, 1, 1, 0, 0},    {1, 33, 1, 1, 1},          {5, 3, 1, 2, 10}, {7, 5, 1, 3, 21},
        {33, 2, 1, 7, 231}, {6, 3, 3, 0, 0},           {4, 33, 4, 1, 4}, {12, 5, 2, 5, 60},
        {64, 1, 1, 3, 192}, {128, 3, 64, 7, 1u << 31},
    };
    for (size_t i = 0; i < MCD_COUNT(outputs); i++) {
        channels(l, MCD_CLASSIFY, 33, outputs[i], MCD_FILL_MIXED);
        channels(l, MCD_CLASSIFY, 3, outputs[i], MCD_FILL_LARGE);
        channels(l, MCD_REGRESS, 3, outputs[i], MCD_FILL_MIXED);
    }
    channels(l, MCD_CLASSIFY, 33, 7, MCD_FILL_ONE_NAN);
    channels(l, MCD_CLASSIFY, 33, 7, MCD_FILL_ONE_INF);
    channels(l, MCD_REGRESS, 33, 7, MCD_FILL_INFINITE);
    for (size_t i = 0; i < MCD_COUNT(joinings); i++) {
        moments(l, &joinings[i], 21, MCD_FILL_MIXED);
        moments(l, &joinings[i], 3, MCD_FILL_TIES);
        sums(l, &joinings[i], 10, MCD_FILL_POSITIVE);
        sums(l, &joinings[i], 3, MCD_FILL_TIES);
    }
    moments(l, &joinings[4], 7, MCD_FILL_ONE_NAN);
    sums(l, &joinings[0], 1, MCD_FILL_ONE_NAN);
}
