/* The list of cases. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>

static struct step_case *grow(struct case_list *l)
{
    static struct step_case nowhere;
    if (l->count == l->room) {
        uint32_t room = 2 * l->room + 256;
        struct step_case *at = realloc(l->at, room * sizeof *at);
        if (!at)
            return &nowhere;
        l->at = at;
        l->room = room;
    }
    return &l->at[l->count++];
}

struct step_case *case_add(struct case_list *l, uint32_t op, uint32_t rows, const char *note)
{
    struct step_case *c = grow(l);
    *c = (struct step_case){.op = op, .in_place = NO_INPUT, .passes = 1, .rows = rows ? rows : 1};
    snprintf(c->name, sizeof c->name, "%s", note);
    return c;
}

void case_input(struct step_case *c, uint32_t rows, struct mcd_shape shape, uint32_t fill)
{
    c->in[c->nin++] = (struct operand){rows, shape, fill, 0, NULL};
}

void case_output(struct step_case *c, uint32_t rows, struct mcd_shape shape)
{
    c->out = (struct operand){rows, shape, FILL_NAN, 0, NULL};
}

void case_in_place(struct case_list *l, int input)
{
    if (!l->count)
        return;
    struct step_case *c = grow(l);
    *c = l->at[l->count - 2];
    c->in_place = input;
}

struct case_list cases_create(void)
{
    struct case_list l = {NULL, 0, 0};
    cases_linear(&l);
    cases_image(&l);
    cases_pointwise(&l);
    cases_broadcast(&l);
    cases_softmax(&l);
    cases_noise(&l);
    cases_training(&l);
    return l;
}

void cases_release(struct case_list *l)
{
    free(l->at);
    *l = (struct case_list){NULL, 0, 0};
}

const char *case_op_name(uint32_t op)
{
#define NAME(op) [MCD_OP_##op] = #op
    static const char *const names[] = {
        NAME(LINEAR),    NAME(CONV2D),     NAME(POOL2D),        NAME(MAP),       NAME(BINARY),
        NAME(AFFINE),    NAME(REDUCE),     NAME(EXPAND),        NAME(SOFTMAX),   NAME(LOGSOFTMAX),
        NAME(RESHAPE),   NAME(DROP),       NAME(NOISE),         NAME(XENT),      NAME(MSE),
        NAME(LINEAR_DX), NAME(LINEAR_DW),  NAME(CONV2D_DX),     NAME(CONV2D_DW), NAME(POOL2D_DX),
        NAME(MAP_DX),    NAME(SOFTMAX_DX), NAME(LOGSOFTMAX_DX), NAME(XENT_DX),   NAME(MSE_DX),
        NAME(SGD),       NAME(ADAM),
    };
#undef NAME
    return op < COUNT(names) && names[op] ? names[op] : "?";
}
