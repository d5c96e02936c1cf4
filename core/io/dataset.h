/*
 * Data sets: inputs and answers from what --data and --labels name.
 *
 * --data is `mnist`, `fashion-mnist` or the name of another folder in one of the places that
 * places.h lists; or a folder; or a file. A folder holds images and labels as MNIST is distributed:
 * {train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte, or with a dot before idx, each
 * plain or .gz. A file is NPY, IDX or CSV, plain or gzip, known by its first bytes. `co2` is the
 * series of io/co2.h, from the file co2.csv in one of those places; it has no parts.
 */
#ifndef CORE_IO_DATASET_H
#define CORE_IO_DATASET_H

#include "core/base/array.h"
#include "core/io/columns.h"

#include <mcdrop/error.h>

#include <stdint.h>

enum mcd_split { MCD_TRAIN = 0, MCD_TEST }; /* which files of a folder */

enum mcd_answer {
    MCD_LABELS = 0, /* y is the number of a class */
    MCD_TARGETS     /* y is what a regression shall meet */
};

/* What is wanted; what is left at 0 takes its default. */
struct mcd_dataset_request {
    const char *data;   /* as --data */
    const char *labels; /* a file of answers, or NULL: a folder's own, none for a file */
    uint32_t split;     /* enum mcd_split */
    uint32_t type;      /* of x and of targets: MCD_F32 (default) or MCD_F64 */
    uint32_t answer;    /* enum mcd_answer */
    int64_t classes;    /* labels must be 0 to classes - 1; 0: any that are not negative */

    /* A CSV file with answers among its columns: which they are; or NULL. See io/columns.h. */
    const struct mcd_columns *columns;
    int answers_optional; /* the file may lack them */
};

/* Initialise with {0}. */
struct mcd_dataset {
    struct mcd_array x; /* [n, ...], n >= 1, finite; bytes become 0 to 1 */
    struct mcd_array y; /* labels: MCD_I32 [n]; targets: [n, ...]; without data: no answers */
    char *source;       /* owned: the file that x came from */
    char *answers;      /* owned: the file that y came from, or NULL */
    struct mcd_columns columns; /* of a table that was read with `columns` */
    int processed;              /* shipped in the units that it is meant to be used in */
    /* Of regressions, once prepared (cli/prepare.h): */
    struct mcd_array truth; /* answers in the user's units, MCD_F64, while y is the network's */
    int held_out;           /* these rows were set aside */
};

/*
 * Reads, converts and checks. A data set that is not found is MCD_IO, and the text says where it
 * was looked for and how to get it. On failure `d` is zeroed.
 */
int mcd_dataset_load(struct mcd_dataset *d, const struct mcd_dataset_request *r,
                     struct mcd_error *e);

/*
 * The files of inputs and answers that would be read; the caller frees both. *y is NULL where there
 * is no file of answers of its own. Fails as loading does.
 */
int mcd_dataset_find(const char *data, uint32_t split, char **x, char **y, struct mcd_error *e);

/* Harmless on zeros. */
void mcd_dataset_clear(struct mcd_dataset *d);

/*
 * How files of weights name a data set: a name stays, a path becomes absolute (io/full_path.h).
 * *full is to be freed; NULL, which is no failure, for a NULL. And the way back: as a user in the
 * working folder would name it.
 */
int mcd_dataset_full_name(const char *data, char **full, struct mcd_error *e);
const char *mcd_dataset_short_name(const char *full);

/* One array from a file of any of the formats. Clear it with mcd_array_clear. */
int mcd_array_read(const char *path, struct mcd_array *out, struct mcd_error *e);

#endif
