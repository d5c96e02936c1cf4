/* Data sets by their bytes: a step is done anew where its data are others. */
#include "core/tutorial/data.h"

#include "core/io/dataset.h"
#include "core/tutorial/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* " SUM" of a file behind what is in `id`. */
static int add_sum(const char *path, char *id, size_t size, struct mcd_error *e)
{
    char sum[64];
    size_t used = strlen(id);
    int status = path ? mcd_stamp_of_file(path, sum, e) : MCD_OK;
    if (!status && path)
        snprintf(id + used, size - used, " %s", sum);
    return status;
}

static int identify(const char *data, int splits, char *id, size_t size, struct mcd_error *e)
{
    int status = MCD_OK;
    snprintf(id, size, "%s", data);
    for (int split = 0; !status && split < splits; split++) {
        char *x = NULL, *y = NULL;
        status = mcd_dataset_find(data, split ? MCD_TEST : MCD_TRAIN, &x, &y, e);
        if (!status)
            status = add_sum(x, id, size, e);
        if (!status)
            status = add_sum(y, id, size, e);
        free(x);
        free(y);
    }
    return status;
}

int mcd_tutorial_find_data(struct mcd_tutorial *t, struct mcd_error *e)
{
    static const char *const images[] = {"mnist", "fashion-mnist"};
    int status = MCD_IO;
    for (int i = 0; status == MCD_IO && i < 2; i++) {
        t->images = images[i];
        status = identify(images[i], 2, t->images_id, sizeof t->images_id, NULL);
    }
    if (status == MCD_IO) {
        t->images = images[0];
        *t->images_id = '\0';
    } else if (status) {
        return identify(t->images, 2, t->images_id, sizeof t->images_id, e);
    }
    return identify("co2", 1, t->series_id, sizeof t->series_id, e);
}
