/*
 * How much of the tutorial is done: the one table of epochs, rows, seeds and passes by scale, and
 * what the user chose.
 */
#ifndef CORE_TUTORIAL_SCALE_H
#define CORE_TUTORIAL_SCALE_H

#include <mcdrop/error.h>

#include <stdint.h>

struct mcd_scale {
    const char *name;
    int64_t image_rows; /* training images, the first so many; 0: all */
    int mlp_seeds, mlp_epochs, lenet_seeds, lenet_epochs;
    int score_rows, score_passes; /* test images that passes are scored on; rows 0: all */
    int rotated_passes;
    int mlp2_epochs, grid_passes;
    int gp_tune, gp_draws;
    int compare_epochs, compare_passes, compare_tune, compare_draws; /* its chains are dense */
};

/* Ends with a name of NULL. */
extern const struct mcd_scale mcd_scales[];

/* NULL where there is none of this name; the error names those that there are. */
const struct mcd_scale *mcd_scale_find(const char *name, struct mcd_error *e);

/* Parts of the tutorial, in the order in which they are done. */
enum mcd_part {
    MCD_PART_MLP,
    MCD_PART_LENET,
    MCD_PART_ROTATED,
    MCD_PART_MLP2,
    MCD_PART_GP,
    MCD_PART_COMPARE,
    MCD_PART_REPORT,
    MCD_PARTS
};

extern const char *const mcd_part_names[MCD_PARTS];

/* "mlp,gp" as a mask of 1 << enum mcd_part; 0 with the error recorded for a part there is not. */
unsigned mcd_parts_parse(const char *list, struct mcd_error *e);

/* What the user asked for, settled. */
struct mcd_tutorial {
    const char *dir;     /* as the user wrote it */
    const char *backend; /* a specification */
    const char *images;  /* mnist or fashion-mnist */
    char images_id[160]; /* what these data are: changes with their bytes */
    char series_id[160]; /* the same of co2 */
    uint64_t seed;       /* of the first run; further ones count on */
    uint32_t threads;    /* 0: one per CPU */
    unsigned parts;      /* mask: what shall be done */
    const struct mcd_scale *scale;
};

#endif
