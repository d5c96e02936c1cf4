/*
 * Keeping the samples: all passes of a prediction in one NPY file, [passes][rows][outputs], written
 * as they come, so that memory stays flat.
 */
#ifndef CORE_SAMPLE_FILE_H
#define CORE_SAMPLE_FILE_H

#include "core/io/npy.h"
#include "core/predict/block.h"

#include <mcdrop/error.h>

#include <stdint.h>

struct mcd_meaning;

/* Initialise with {0}; after create, call exactly one of finish and abort. */
struct mcd_sample_file {
    struct mcd_npy_writer writer;
    uint64_t first_pass;
    int64_t rows, outputs;
    size_t unit;                       /* bytes of one value */
    const struct mcd_meaning *meaning; /* values are written in its units; NULL: as they are */
};

/* `passes`: at most so many will come. `type`: MCD_F32 or MCD_F64. */
int mcd_sample_file_create(struct mcd_sample_file *f, const char *path, uint32_t type,
                           uint64_t first_pass, uint64_t passes, int64_t rows, int64_t outputs,
                           struct mcd_error *e);

/*
 * Takes blocks in any order, one at a time. As mcd_predict's `samples`, with `file` as its
 * argument.
 */
int mcd_sample_file_put(void *file, const struct mcd_block *block, struct mcd_error *e);

/* `passes` have come: fewer than announced after an early stop. The file appears. */
int mcd_sample_file_finish(struct mcd_sample_file *f, uint64_t passes, struct mcd_error *e);

void mcd_sample_file_abort(struct mcd_sample_file *f); /* harmless where nothing is open */

#endif
