/*
 * The frame of a regression: what its training was told of the data, and what leads from there to
 * predictions in the user's units. It is part of the run's metadata in files of weights.
 *
 * The network sees (value - mean) / sd of every input and answers in the same way; mean and sd
 * (divisor n) are of the rows that were trained on.
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "core/base/array.h"
#include "core/io/columns.h"
#include "core/stats/meaning.h"

#include <mcdrop/error.h>

#include <jansson.h>
#include <stdint.h>

/* Initialise with {0}, which says nothing and changes no value. Owned, from malloc. */
struct mcd_frame {
    struct mcd_columns columns; /* of the table; inputs 0: it was none */
    int64_t inputs, outputs;    /* values of one row */
    double *mean, *sd; /* [inputs + outputs], inputs first; NULL: values stay as they are */
    char *hold_out;    /* as --hold-out; NULL: nothing was set aside */
    int64_t rows;      /* of the data set, those set aside included */
    double tau;        /* precision of the noise, in the network's units; 0: not known */
};

/* A copy; `to` is overwritten. */
int mcd_frame_copy(struct mcd_frame *to, const struct mcd_frame *from, struct mcd_error *e);

void mcd_frame_clear(struct mcd_frame *f);

/*
 * Sets mean and sd from x [n, ...] and y [n, ...], MCD_F64. A column that is constant is refused
 * with its name; `source` is the file, for messages.
 */
int mcd_frame_fit(struct mcd_frame *f, const struct mcd_array *x, const struct mcd_array *y,
                  const char *source, struct mcd_error *e);

/* From the user's units to the network's, MCD_F64. MCD_INVALID if there are other columns. */
int mcd_frame_scale_inputs(const struct mcd_frame *f, struct mcd_array *x, const char *source,
                           struct mcd_error *e);
int mcd_frame_scale_answers(const struct mcd_frame *f, struct mcd_array *y, const char *source,
                            struct mcd_error *e);

/* Offset and scale of the outputs, where the frame has them for that many. */
void mcd_frame_explain(const struct mcd_frame *f, struct mcd_meaning *meaning);

/* Everything but tau. The first is a new reference, NULL for lack of memory. */
json_t *mcd_frame_json(const struct mcd_frame *f);
int mcd_frame_parse(struct mcd_frame *f, const json_t *json, const char *path, struct mcd_error *e);

#endif
