/* LINEAR and its gradients. */
#include "cases.h"

static void linear(struct case_list *l, uint32_t rows, int64_t in, int64_t out, int bias,
                   uint32_t fill)
{
    struct step_case *c = case_add(l, MCD_OP_LINEAR, rows, bias ? "bias" : "no bias");
    case_input(c, rows, mcd_shape1(in), fill);
    case_input(c, 0, mcd_shape2(out, in), FILL_MIXED);
    if (bias)
        case_input(c, 0, mcd_shape1(out), FILL_MIXED);
    case_output(c, rows, mcd_shape1(out));
}

static void gradients(struct case_list *l, uint32_t rows, int64_t in, int64_t out)
{
    struct step_case *c = case_add(l, MCD_OP_LINEAR_DX, rows, "");
    case_input(c, rows, mcd_shape1(out), FILL_MIXED);
    case_input(c, 0, mcd_shape2(out, in), FILL_MIXED);
    case_input(c, rows, mcd_shape1(in), FILL_NAN); /* only its shape counts */
    case_output(c, rows, mcd_shape1(in));

    c = case_add(l, MCD_OP_LINEAR_DW, rows, "");
    case_input(c, rows, mcd_shape1(out), FILL_MIXED);
    case_input(c, rows, mcd_shape1(in), FILL_MIXED);
    case_output(c, 0, mcd_shape2(out, in));
}

void cases_linear(struct case_list *l)
{
    static const uint32_t rows[] = {0, 1, 3, 33};
    static const int64_t widths[] = {1, 7, 129};
    for (size_t r = 0; r < COUNT(rows); r++)
        for (size_t i = 0; i < COUNT(widths); i++)
            for (size_t o = 0; o < COUNT(widths); o++) {
                linear(l, rows[r], widths[i], widths[o], 0, FILL_MIXED);
                linear(l, rows[r], widths[i], widths[o], 1, FILL_MIXED);
                gradients(l, rows[r], widths[i], widths[o]);
            }
    linear(l, 33, 129, 7, 1, FILL_ONE_NAN);
    linear(l, 33, 129, 7, 1, FILL_ONE_INF);
    linear(l, 300, 784, 65, 1, FILL_MIXED);
    gradients(l, 300, 784, 65);
}
