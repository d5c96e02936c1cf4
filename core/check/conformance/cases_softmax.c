/* SOFTMAX, LOGSOFTMAX and their gradients. */
#include "core/check/conformance/cases.h"

static void softmax(struct mcd_case_list *l, uint32_t rows, struct mcd_shape shape, uint32_t fill)
{
    static const uint32_t ops[] = {MCD_OP_SOFTMAX, MCD_OP_LOGSOFTMAX};
    for (size_t i = 0; i < MCD_COUNT(ops); i++) {
        struct mcd_step_case *c = mcd_case_add(l, ops[i], rows, "");
        mcd_case_input(c, rows, shape, fill);
        mcd_case_output(c, rows, shape);
    }
}

/* y need not be a softmax for a kernel that computes what it is said to. */
static void gradients(struct mcd_case_list *l, uint32_t rows, struct mcd_shape shape)
{
    static const uint32_t ops[] = {MCD_OP_SOFTMAX_DX, MCD_OP_LOGSOFTMAX_DX};
    for (size_t i = 0; i < MCD_COUNT(ops); i++) {
        struct mcd_step_case *c = mcd_case_add(l, ops[i], rows, "");
        mcd_case_input(c, rows, shape, MCD_FILL_MIXED);
        mcd_case_input(c, rows, shape, MCD_FILL_MIXED);
        mcd_case_output(c, rows, shape);
    }
}

void mcd_cases_softmax(struct mcd_case_list *l)
{
    static const uint32_t rows[] = {0, 1, 3, 33};
    struct mcd_shape shapes[] = {mcd_shape1(1), mcd_shape1(7), mcd_shape1(129), mcd_shape2(5, 3)};
    for (size_t r = 0; r < MCD_COUNT(rows); r++)
        for (size_t i = 0; i < MCD_COUNT(shapes); i++) {
            softmax(l, rows[r], shapes[i], MCD_FILL_MIXED);
            softmax(l, rows[r], shapes[i], MCD_FILL_LARGE);
            gradients(l, rows[r], shapes[i]);
        }
    softmax(l, 33, mcd_shape1(7), MCD_FILL_ONE_NAN);
    softmax(l, 33, mcd_shape1(7), MCD_FILL_ONE_INF);
}
