/* LINEAR and its gradients. */
#include "core/check/conformance/cases.h"

static void linear(struct mcd_case_list *l, uint32_t rows, int64_t in, int64_t out, int bias,
                   uint32_t fill)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_LINEAR, rows, bias ? "bias" : "no bias");
    mcd_case_input(c, rows, mcd_shape1(in), fill);
    mcd_case_input(c, 0, mcd_shape2(out, in), MCD_FILL_MIXED);
    if (bias)
        mcd_case_input(c, 0, mcd_shape1(out), MCD_FILL_MIXED);
    mcd_case_output(c, rows, mcd_shape1(out));
}

static void gradients(struct mcd_case_list *l, uint32_t rows, int64_t in, int64_t out)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_LINEAR_DX, rows, "");
    mcd_case_input(c, rows, mcd_shape1(out), MCD_FILL_MIXED);
    mcd_case_input(c, 0, mcd_shape2(out, in), MCD_FILL_MIXED);
    mcd_case_input(c, rows, mcd_shape1(in), MCD_FILL_NAN); /* only its shape counts */
    mcd_case_output(c, rows, mcd_shape1(in));

    c = mcd_case_add(l, MCD_OP_LINEAR_DW, rows, "");
    mcd_case_input(c, rows, mcd_shape1(out), MCD_FILL_MIXED);
    mcd_case_input(c, rows, mcd_shape1(in), MCD_FILL_MIXED);
    mcd_case_output(c, 0, mcd_shape2(out, in));
}

void mcd_cases_linear(struct mcd_case_list *l)
{
    static const uint32_t rows[] = {0, 1, 3, 33};
    static const int64_t widths[] = {1, 7, 129};
    for (size_t r = 0; r < MCD_COUNT(rows); r++)
        for (size_t i = 0; i < MCD_COUNT(widths); i++)
            for (size_t o = 0; o < MCD_COUNT(widths); o++) {
                linear(l, rows[r], widths[i], widths[o], 0, MCD_FILL_MIXED);
                linear(l, rows[r], widths[i], widths[o], 1, MCD_FILL_MIXED);
                gradients(l, rows[r], widths[i], widths[o]);
            }
    linear(l, 33, 129, 7, 1, MCD_FILL_ONE_NAN);
    linear(l, 33, 129, 7, 1, MCD_FILL_ONE_INF);
    linear(l, 300, 784, 65, 1, MCD_FILL_MIXED);
    gradients(l, 300, 784, 65);
}
