/* MAP, MAP_DX and AFFINE. */
#include "core/check/conformance/cases.h"

static const char *const names[] = {"relu", "tanh", "sigmoid",  "exp",
                                    "log",  "sqrt", "softplus", "gelu"};

static void map(struct mcd_case_list *l, int64_t function, uint32_t rows, struct mcd_shape shape,
                uint32_t fill)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_MAP, rows, names[function]);
    c->attr.u.map.function = function;
    mcd_case_input(c, rows, shape, fill);
    mcd_case_output(c, rows, shape);
    mcd_case_in_place(l, 0);
}

/* y need not be map(x) for a kernel that computes what it is said to. */
static void map_dx(struct mcd_case_list *l, int64_t function, uint32_t rows, struct mcd_shape shape,
                   uint32_t fill)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_MAP_DX, rows, names[function]);
    c->attr.u.map.function = function;
    mcd_case_input(c, rows, shape, MCD_FILL_MIXED);
    mcd_case_input(c, rows, shape, fill);
    mcd_case_input(c, rows, shape, MCD_FILL_POSITIVE);
    mcd_case_output(c, rows, shape);
    for (int input = 0; input < 3; input++)
        mcd_case_in_place(l, input);
}

static void functions(struct mcd_case_list *l, uint32_t rows, struct mcd_shape shape)
{
    for (int64_t f = MCD_RELU; f <= MCD_GELU; f++) {
        uint32_t fill = f == MCD_LOG || f == MCD_SQRT ? MCD_FILL_POSITIVE : MCD_FILL_MIXED;
        map(l, f, rows, shape, fill);
        map_dx(l, f, rows, shape, fill);
        if (f != MCD_EXP)
            map(l, f, rows, shape, MCD_FILL_LARGE);
    }
}

/* gelu of an infinity is x Phi(x) = inf 0 to some and its limit to others: left out. */
static void extremes(struct mcd_case_list *l)
{
    for (int64_t f = MCD_RELU; f <= MCD_GELU; f++)
        map(l, f, 3, mcd_shape1(129), f == MCD_GELU ? MCD_FILL_ONE_NAN : MCD_FILL_EXTREME);
    map_dx(l, MCD_RELU, 3, mcd_shape1(129), MCD_FILL_EXTREME);
    map_dx(l, MCD_RELU, 3, mcd_shape1(129), MCD_FILL_TIES);
    map_dx(l, MCD_SOFTPLUS, 3, mcd_shape1(129), MCD_FILL_LARGE);
    map_dx(l, MCD_GELU, 3, mcd_shape1(129), MCD_FILL_LARGE);
}

static void affine(struct mcd_case_list *l, uint32_t rows, struct mcd_shape shape, double scale,
                   double shift, uint32_t fill)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_AFFINE, rows, "");
    c->attr.u.affine.scale = scale;
    c->attr.u.affine.shift = shift;
    mcd_case_input(c, rows, shape, fill);
    mcd_case_output(c, rows, shape);
    mcd_case_in_place(l, 0);
}

void mcd_cases_pointwise(struct mcd_case_list *l)
{
    static const uint32_t rows[] = {0, 1, 3, 33};
    static const int64_t widths[] = {1, 7, 129};
    for (size_t r = 0; r < MCD_COUNT(rows); r++) {
        for (size_t i = 0; i < MCD_COUNT(widths); i++) {
            functions(l, rows[r], mcd_shape1(widths[i]));
            affine(l, rows[r], mcd_shape1(widths[i]), -1.5, 0.25, MCD_FILL_MIXED);
        }
    }
    functions(l, 3, mcd_shape3(3, 9, 7));
    functions(l, 3, mcd_shape0());
    extremes(l);
    affine(l, 3, mcd_shape1(129), 0, 1, MCD_FILL_EXTREME);
    affine(l, 0, mcd_shape0(), 2, 0, MCD_FILL_EXTREME);
}
