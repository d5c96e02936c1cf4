/* The list of cases. */
#include "core/check/conformance/cases.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct mcd_step_case *grow(struct mcd_case_list *l)
{
    static struct mcd_step_case nowhere;
    if (l->count == l->room) {
        uint32_t room = 2 * l->room + 256;
        struct mcd_step_case *at = realloc(l->at, room * sizeof *at);
        if (!at)
            return &nowhere;
        l->at = at;
        l->room = room;
    }
    return &l->at[l->count++];
}

struct mcd_step_case *mcd_case_add(struct mcd_case_list *l, uint32_t op, uint32_t rows,
                                   const char *note)
{
    struct mcd_step_case *c = grow(l);
    *c = (struct mcd_step_case){
        .op = op, .in_place = MCD_NO_INPUT, .passes = 1, .rows = rows ? rows : 1};
    snprintf(c->name, sizeof c->name, "%s", note);
    return c;
}

void mcd_case_input(struct mcd_step_case *c, uint32_t rows, struct mcd_shape shape, uint32_t fill)
{
    c->in[c->nin++] = (struct mcd_operand){.rows = rows, .shape = shape, .fill = fill};
}

void mcd_case_output(struct mcd_step_case *c, uint32_t rows, struct mcd_shape shape)
{
    c->out = (struct mcd_operand){.rows = rows, .shape = shape, .fill = MCD_FILL_NAN};
}

void mcd_case_in_place(struct mcd_case_list *l, int input)
{
    if (!l->count)
        return;
    struct mcd_step_case *c = grow(l);
    *c = l->at[l->count - 2];
    c->in_place = input;
}

struct mcd_case_list mcd_cases_create(void)
{
    struct mcd_case_list l = {NULL, 0, 0};
    mcd_cases_linear(&l);
    mcd_cases_image(&l);
    mcd_cases_pointwise(&l);
    mcd_cases_broadcast(&l);
    mcd_cases_softmax(&l);
    mcd_cases_noise(&l);
    mcd_cases_training(&l);
    mcd_cases_gather(&l);
    mcd_cases_moments(&l);
    return l;
}

void mcd_cases_release(struct mcd_case_list *l)
{
    free(l->at);
    *l = (struct mcd_case_list){NULL, 0, 0};
}

const char *mcd_case_op_name(uint32_t op)
{
#define NAME(op) [MCD_OP_##op] = #op
    static const char *const names[] = {
        NAME(LINEAR),    NAME(CONV2D),     NAME(POOL2D),        NAME(MAP),       NAME(BINARY),
        NAME(AFFINE),    NAME(REDUCE),     NAME(EXPAND),        NAME(SOFTMAX),   NAME(LOGSOFTMAX),
        NAME(RESHAPE),   NAME(DROP),       NAME(NOISE),         NAME(XENT),      NAME(MSE),
        NAME(LINEAR_DX), NAME(LINEAR_DW),  NAME(CONV2D_DX),     NAME(CONV2D_DW), NAME(POOL2D_DX),
        NAME(MAP_DX),    NAME(SOFTMAX_DX), NAME(LOGSOFTMAX_DX), NAME(XENT_DX),   NAME(MSE_DX),
        NAME(SGD),       NAME(ADAM),       NAME(GATHER),        NAME(CHANNELS),  NAME(MOMENTS),
        NAME(SUMS),
    };
#undef NAME
    return op < MCD_COUNT(names) && names[op] ? names[op] : "?";
}

static int describe_operand(char *text, size_t size, const struct mcd_operand *o)
{
    int n = snprintf(text, size, " %ux[", o->rows);
    for (uint32_t d = 0; d < o->shape.rank && n < (int)size; d++)
        n += snprintf(text + n, size - (size_t)n, "%s%" PRId64, d ? "," : "", o->shape.dim[d]);
    return n < (int)size ? n + snprintf(text + n, size - (size_t)n, "]") : n;
}

void mcd_case_describe(const struct mcd_step_case *c, char *text, size_t size)
{
    int n = snprintf(text, size, "%s%s%s%s", mcd_case_op_name(c->op), *c->name ? " (" : "", c->name,
                     *c->name ? ")" : "");
    for (uint32_t i = 0; i < c->nin && n < (int)size; i++)
        n += describe_operand(text + n, size - (size_t)n, &c->in[i]);
    if (n < (int)size)
        n += snprintf(text + n, size - (size_t)n, " ->");
    if (n < (int)size)
        n += describe_operand(text + n, size - (size_t)n, &c->out);
    if (n < (int)size && c->in_place != MCD_NO_INPUT)
        snprintf(text + n, size - (size_t)n, " in place of input %d", c->in_place);
}
