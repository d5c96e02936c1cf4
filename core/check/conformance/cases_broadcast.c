/* BINARY, REDUCE and EXPAND. */
#include "core/check/conformance/cases.h"

#include <stdio.h>

/* Two shapes and what they are together; or for sums, what is kept in `a` of `both`. */
struct pair {
    struct mcd_shape a, b, both;
};

static const struct pair pairs[] = {
    {{0, {0}}, {0, {0}}, {0, {0}}},
    {{1, {7}}, {1, {7}}, {1, {7}}},
    {{1, {129}}, {1, {1}}, {1, {129}}},
    {{0, {0}}, {1, {129}}, {1, {129}}},
    {{2, {5, 3}}, {1, {3}}, {2, {5, 3}}},
    {{2, {5, 1}}, {3, {2, 5, 3}}, {3, {2, 5, 3}}},
    {{3, {3, 1, 1}}, {3, {3, 9, 7}}, {3, {3, 9, 7}}},
    {{3, {4, 1, 3}}, {2, {2, 1}}, {3, {4, 2, 3}}},
    {{6, {2, 1, 3, 1, 2, 2}}, {6, {1, 4, 1, 5, 1, 2}}, {6, {2, 4, 3, 5, 2, 2}}},
    {{5, {3, 1, 1, 2, 1}}, {6, {2, 3, 1, 2, 2, 3}}, {6, {2, 3, 1, 2, 2, 3}}},
};

static void binary(struct mcd_case_list *l, int64_t kind, const struct pair *p, uint32_t rows_a,
                   uint32_t rows_b, uint32_t fill)
{
    static const char *const names[] = {"add", "sub", "mul", "div"};
    uint32_t rows = rows_a > rows_b ? rows_a : rows_b;
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_BINARY, rows, names[kind]);
    c->attr.u.binary.kind = kind;
    mcd_case_input(c, rows_a, p->a, fill);
    mcd_case_input(c, rows_b, p->b, kind == MCD_DIV ? MCD_FILL_POSITIVE : MCD_FILL_MIXED);
    mcd_case_output(c, rows, p->both);
}

static void reduce(struct mcd_case_list *l, const struct pair *p, uint32_t rows, int over_rows)
{
    for (int64_t kind = MCD_SUM; kind <= MCD_MEAN; kind++) {
        struct mcd_step_case *c = mcd_case_add(l, MCD_OP_REDUCE, rows, "");
        snprintf(c->name, sizeof c->name, "%s%s", kind == MCD_SUM ? "sum" : "mean",
                 over_rows ? " over rows" : "");
        c->attr.u.reduce = (struct mcd_attr_reduce){p->a, kind, over_rows};
        mcd_case_input(c, rows, p->both, MCD_FILL_MIXED);
        mcd_case_output(c, over_rows ? 0 : rows, p->a);
    }
}

static void expand(struct mcd_case_list *l, const struct pair *p, uint32_t from, uint32_t rows)
{
    int over_rows = rows > from;
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_EXPAND, rows, over_rows ? "over rows" : "");
    c->attr.u.reduce = (struct mcd_attr_reduce){p->both, MCD_MEAN, over_rows};
    mcd_case_input(c, from, p->a, MCD_FILL_INFINITE);
    mcd_case_output(c, rows, p->both);
}

/* Both ways round, and with and without rows. */
static void combinations(struct mcd_case_list *l, int64_t kind, const struct pair *p)
{
    struct pair turned = {p->b, p->a, p->both};
    binary(l, kind, p, 0, 0, MCD_FILL_MIXED);
    binary(l, kind, p, 3, 3, MCD_FILL_MIXED);
    binary(l, kind, &turned, 3, 3, MCD_FILL_MIXED);
    binary(l, kind, p, 33, 0, MCD_FILL_MIXED);
    binary(l, kind, p, 0, 33, MCD_FILL_MIXED);
    binary(l, kind, p, 1, 0, MCD_FILL_MIXED);
    binary(l, kind, p, 3, 0, MCD_FILL_EXTREME);
}

void mcd_cases_broadcast(struct mcd_case_list *l)
{
    static const uint32_t rows[] = {0, 1, 3, 33};
    for (size_t i = 0; i < MCD_COUNT(pairs); i++) {
        for (int64_t kind = MCD_ADD; kind <= MCD_DIV; kind++)
            combinations(l, kind, &pairs[i]);
        for (size_t r = 0; r < MCD_COUNT(rows); r++) {
            reduce(l, &pairs[i], rows[r], 0);
            reduce(l, &pairs[i], rows[r], 1);
            expand(l, &pairs[i], rows[r], rows[r]);
            if (rows[r])
                expand(l, &pairs[i], 0, rows[r]);
        }
    }
}
