/* MAP, MAP_DX and AFFINE. */
#include "cases.h"

static const char *const names[] = {"relu", "tanh", "sigmoid",  "exp",
                                    "log",  "sqrt", "softplus", "gelu"};

static void map(struct case_list *l, int64_t function, uint32_t rows, struct mcd_shape shape,
                uint32_t fill)
{
    struct step_case *c = case_add(l, MCD_OP_MAP, rows, names[function]);
    c->attr.u.map.function = function;
    case_input(c, rows, shape, fill);
    case_output(c, rows, shape);
    case_in_place(l, 0);
}

/* y need not be map(x) for a kernel that computes what it is said to. */
static void map_dx(struct case_list *l, int64_t function, uint32_t rows, struct mcd_shape shape,
                   uint32_t fill)
{
    struct step_case *c = case_add(l, MCD_OP_MAP_DX, rows, names[function]);
    c->attr.u.map.function = function;
    case_input(c, rows, shape, FILL_MIXED);
    case_input(c, rows, shape, fill);
    case_input(c, rows, shape, FILL_POSITIVE);
    case_output(c, rows, shape);
    for (int input = 0; input < 3; input++)
        case_in_place(l, input);
}

static void functions(struct case_list *l, uint32_t rows, struct mcd_shape shape)
{
    for (int64_t f = MCD_RELU; f <= MCD_GELU; f++) {
        uint32_t fill = f == MCD_LOG || f == MCD_SQRT ? FILL_POSITIVE : FILL_MIXED;
        map(l, f, rows, shape, fill);
        map_dx(l, f, rows, shape, fill);
        if (f != MCD_EXP)
            map(l, f, rows, shape, FILL_LARGE);
    }
}

/* gelu of an infinity is x Phi(x) = inf 0 to some and its limit to others: left out. */
static void extremes(struct case_list *l)
{
    for (int64_t f = MCD_RELU; f <= MCD_GELU; f++)
        map(l, f, 3, mcd_shape1(129), f == MCD_GELU ? FILL_ONE_NAN : FILL_EXTREME);
    map_dx(l, MCD_RELU, 3, mcd_shape1(129), FILL_EXTREME);
    map_dx(l, MCD_RELU, 3, mcd_shape1(129), FILL_TIES);
    map_dx(l, MCD_SOFTPLUS, 3, mcd_shape1(129), FILL_LARGE);
    map_dx(l, MCD_GELU, 3, mcd_shape1(129), FILL_LARGE);
}

static void affine(struct case_list *l, uint32_t rows, struct mcd_shape shape, double scale,
                   double shift, uint32_t fill)
{
    struct step_case *c = case_add(l, MCD_OP_AFFINE, rows, "");
    c->attr.u.affine.scale = scale;
    c->attr.u.affine.shift = shift;
    case_input(c, rows, shape, fill);
    case_output(c, rows, shape);
    case_in_place(l, 0);
}

void cases_pointwise(struct case_list *l)
{
    static const uint32_t rows[] = {0, 1, 3, 33};
    static const int64_t widths[] = {1, 7, 129};
    for (size_t r = 0; r < COUNT(rows); r++) {
        for (size_t i = 0; i < COUNT(widths); i++) {
            functions(l, rows[r], mcd_shape1(widths[i]));
            affine(l, rows[r], mcd_shape1(widths[i]), -1.5, 0.25, FILL_MIXED);
        }
    }
    functions(l, 3, mcd_shape3(3, 9, 7));
    functions(l, 3, mcd_shape0());
    extremes(l);
    affine(l, 3, mcd_shape1(129), 0, 1, FILL_EXTREME);
    affine(l, 0, mcd_shape0(), 2, 0, FILL_EXTREME);
}
