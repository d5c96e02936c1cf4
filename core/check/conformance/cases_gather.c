/* Rows of a table in a given order: real numbers and labels, from the start of the order and on. */
#include "core/check/conformance/cases.h"

/* `fill` of the table; of labels, MCD_FILL_LABEL. */
static void gather(struct mcd_case_list *l, uint32_t rows, struct mcd_shape table, uint32_t fill,
                   uint64_t first_place, int64_t places, const char *note)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_GATHER, rows, note);
    struct mcd_shape row = {.rank = table.rank - 1};
    for (uint32_t d = 0; d < row.rank; d++)
        row.dim[d] = table.dim[d + 1];
    mcd_case_input(c, 0, table, fill);
    c->in[0].classes = 1000;
    mcd_case_input(c, 0, mcd_shape1(places), MCD_FILL_LABEL);
    c->in[1].classes = (uint32_t)table.dim[0];
    mcd_case_output(c, rows, row);
    c->out.fill = fill == MCD_FILL_LABEL ? MCD_FILL_LABEL : MCD_FILL_NAN;
    c->first_place = first_place;
}

void mcd_cases_gather(struct mcd_case_list *l)
{
    static const struct {
        uint32_t rows;
        struct mcd_shape table;
    } shapes[] = {
        {1, {2, {1, 1}}},
        {3, {2, {7, 5}}},
        {5, {1, {11}}},
        {7, {4, {13, 1, 3, 5}}},
        {2, {2, {2, 257}}},
        {129, {2, {300, 33}}},
        {33, {6, {9, 1, 2, 3, 1, 2}}},
        {64, {3, {5, 31, 17}}},
    };
    for (size_t i = 0; i < MCD_COUNT(shapes); i++) {
        uint32_t rows = shapes[i].rows;
        struct mcd_shape table = shapes[i].table;
        gather(l, rows, table, MCD_FILL_MIXED, 0, rows, "");
        gather(l, rows, table, MCD_FILL_MIXED, 3, (int64_t)rows + 3, "the end of an order");
        gather(l, rows, table, MCD_FILL_LABEL, 17, (int64_t)rows + 40, "of i32");
        gather(l, rows, table, MCD_FILL_EXTREME, 1, (int64_t)rows + 1, "extreme");
    }
}
