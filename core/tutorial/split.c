/* Two tables of one series. */
#include "core/tutorial/split.h"

#include "core/base/error.h"
#include "core/base/number.h"
#include "core/io/co2.h"
#include "core/io/file.h"
#include "core/train/hold_out.h"

#include <stdio.h>
#include <stdlib.h>

#define TEST_SHARE "0.2"

/* The rows of this mark. */
static int write_table(const char *dir, const char *name, const struct mcd_co2 *c,
                       const unsigned char *aside, int mark, struct mcd_error *e)
{
    char path[4400], line[80];
    struct mcd_output o = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int status = mcd_output_open(&o, path, e);
    if (!status)
        status = mcd_output_write(&o, "x,y\n", 4, e);
    for (int64_t i = 0; !status && i < c->rows; i++) {
        if (aside[i] != mark)
            continue;
        int n = snprintf(line, sizeof line, "%s,%s\n", mcd_number_show(c->x[i]).text,
                         mcd_number_show(c->y[i]).text);
        status = mcd_output_write(&o, line, (size_t)n, e);
    }
    if (!status)
        status = mcd_output_commit(&o, e);
    mcd_output_abort(&o);
    return status;
}

static int split(const char *dir, const struct mcd_co2 *c, uint64_t seed, unsigned char *aside,
                 struct mcd_error *e)
{
    int status = mcd_hold_out_choose(TEST_SHARE, seed, c->rows, aside, e);
    if (!status)
        status = write_table(dir, MCD_SPLIT_FIT, c, aside, 0, e);
    return status ? status : write_table(dir, MCD_SPLIT_TEST, c, aside, 1, e);
}

int mcd_split_write(const char *dir, uint64_t seed, struct mcd_error *e)
{
    struct mcd_co2 c = {0};
    unsigned char *aside = NULL;
    char *path;
    int status = mcd_co2_find(&path, e);
    if (!status && !path)
        status = mcd_fail(e, MCD_IO, "co2.csv", "not found: install mcdrop, which brings it");
    if (!status)
        status = mcd_co2_load(&c, path, e);
    if (!status && !(aside = malloc((size_t)c.rows)))
        status = mcd_fail(e, MCD_NOMEM, "co2.csv", "no memory for its split");
    if (!status)
        status = split(dir, &c, seed, aside, e);
    free(aside);
    free(path);
    mcd_co2_clear(&c);
    return status;
}
