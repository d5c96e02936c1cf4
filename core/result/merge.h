/*
 * Joining partial results: shards of one run, in any order, become the run.
 *
 * Where blocks were cut, the samples meet again and become the leaf that the uncut run has; nodes
 * find their siblings; sums add up as integers. So the bits are those of the uncut run.
 */
#ifndef CORE_MERGE_H
#define CORE_MERGE_H

#include "core/result/partial.h"

/*
 * Joins `count` >= 1 partial results of files `names` into p[0], whichever of them comes first; the
 * others are cleared, and on failure all are. Refused: shards of different runs (model, weights,
 * data, seed, sampler, shapes), and ranges of passes that overlap or leave a gap.
 */
int mcd_merge(struct mcd_partial *p, const char *const *names, size_t count, struct mcd_error *e);

#endif
