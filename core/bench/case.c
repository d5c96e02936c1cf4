/* Sizes that a model is used with. */
#include "core/bench/case.h"

#include "core/base/error.h"
#include "core/network/network.h"

#include <string.h>

/* Data sets by name: their rows' shape, how many are trained on, and how many a pass predicts. */
struct known {
    const char *name;
    struct mcd_shape input;
    uint32_t all;
    int64_t rows; /* the tutorial's rotated image, its grid over the series */
};

static const struct known known[] = {
    {"mnist", {2, {28, 28, 0, 0, 0, 0}}, 60000, 12},
    {"fashion-mnist", {2, {28, 28, 0, 0, 0, 0}}, 60000, 12},
    {"co2", {1, {1, 0, 0, 0, 0, 0}}, 272, 523},
};

/* The first of a list of names. */
static const struct known *find(const char *data)
{
    size_t length = strcspn(data, ",");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == length && strncmp(known[i].name, data, length) == 0)
            return &known[i];
    return NULL;
}

int mcd_bench_case_settle(const struct mcd_host *host, struct mcd_bench_case *c,
                          struct mcd_error *e)
{
    enum { OTHER_BATCH = 128, OTHER_ROWS = 12 };
    struct mcd_item *model;
    struct mcd_recipe recipe;
    int status = mcd_item_open(host, MCD_MODEL, c->model, &model, e);
    if (status)
        return status;
    status = mcd_model_recipe(model, &recipe, e);
    const struct known *k = status ? NULL : find(recipe.data);
    if (!status && !k && c->input.rank == 0)
        status = mcd_fail(e, MCD_INVALID, c->model,
                          "nobody knows the shape of its data '%s': expected --input with the "
                          "shape of a row, such as 28x28",
                          recipe.data);
    if (!status && c->batch == 0)
        c->batch = recipe.batch ? recipe.batch : k ? k->all : OTHER_BATCH;
    if (!status && c->rows == 0)
        c->rows = k ? k->rows : OTHER_ROWS;
    if (!status && c->input.rank == 0)
        c->input = k->input;
    mcd_item_close(host, model);
    return status;
}
