/* The scales, and parts by name. */
#include "core/tutorial/scale.h"

#include "core/base/error.h"

#include <stdio.h>
#include <string.h>

/*
 * The costs stand in plan.c. `full` is the tutorial as it was published; `short` is meant to take
 * forty minutes on two cores, `smoke` less than two minutes on two busy ones.
 */
const struct mcd_scale mcd_scales[] = {
    {
        .name = "smoke",
        .image_rows = 1000,
        .mlp_seeds = 1,
        .mlp_epochs = 4,
        .lenet_seeds = 1,
        .lenet_epochs = 2,
        .score_rows = 500,
        .score_passes = 20,
        .rotated_passes = 100,
        .mlp2_epochs = 40,
        .grid_passes = 20,
        .gp_tune = 500,
        .gp_draws = 1000,
        .compare_epochs = 40,
        .compare_passes = 100,
        .compare_tune = 300,
        .compare_draws = 700,
    },
    {
        .name = "short",
        .image_rows = 0,
        .mlp_seeds = 3,
        .mlp_epochs = 60,
        .lenet_seeds = 3,
        .lenet_epochs = 5,
        .score_rows = 2000,
        .score_passes = 100,
        .rotated_passes = 1000,
        .mlp2_epochs = 3000,
        .grid_passes = 2000,
        .gp_tune = 2000,
        .gp_draws = 5000,
        .compare_epochs = 2000,
        .compare_passes = 1000,
        .compare_tune = 1000,
        .compare_draws = 2000,
    },
    {
        .name = "full",
        .image_rows = 0,
        .mlp_seeds = 1,
        .mlp_epochs = 1500,
        .lenet_seeds = 1,
        .lenet_epochs = 1500,
        .score_rows = 0,
        .score_passes = 100,
        .rotated_passes = 1000,
        .mlp2_epochs = 1000000,
        .grid_passes = 10000,
        .gp_tune = 2000,
        .gp_draws = 5000,
        .compare_epochs = 100000,
        .compare_passes = 10000,
        .compare_tune = 2000,
        .compare_draws = 5000,
    },
    {.name = NULL},
};

const char *const mcd_part_names[MCD_PARTS] = {
    [MCD_PART_MLP] = "mlp",       [MCD_PART_LENET] = "lenet", [MCD_PART_ROTATED] = "rotated",
    [MCD_PART_MLP2] = "mlp2",     [MCD_PART_GP] = "gp",       [MCD_PART_COMPARE] = "compare",
    [MCD_PART_REPORT] = "report",
};

const struct mcd_scale *mcd_scale_find(const char *name, struct mcd_error *e)
{
    char known[80] = "";
    for (const struct mcd_scale *s = mcd_scales; s->name; s++) {
        size_t used = strlen(known);
        if (strcmp(s->name, name) == 0)
            return s;
        snprintf(known + used, sizeof known - used, "%s%s",
                 !used       ? ""
                 : s[1].name ? ", "
                             : " or ",
                 s->name);
    }
    mcd_fail(e, MCD_INVALID, "--scale", "'%.40s': expected %s", name, known);
    return NULL;
}

static int find_part(const char *name, size_t length)
{
    int i = 0;
    while (i < MCD_PARTS &&
           (strlen(mcd_part_names[i]) != length || strncmp(mcd_part_names[i], name, length) != 0))
        i++;
    return i;
}

unsigned mcd_parts_parse(const char *list, struct mcd_error *e)
{
    unsigned mask = 0;
    for (const char *c = list;; c++) {
        size_t length = strcspn(c, ",");
        int part = find_part(c, length);
        if (part == MCD_PARTS) {
            mcd_fail(e, MCD_INVALID, "--only",
                     "'%.*s': expected mlp, lenet, rotated, mlp2, gp, compare or report, "
                     "separated by commas",
                     (int)(length < 40 ? length : 40), c);
            return 0;
        }
        mask |= 1u << part;
        c += length;
        if (!*c)
            return mask;
    }
}
