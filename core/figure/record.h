/* Results that mcdrop printed as JSON, read back for figures. */
#ifndef CORE_FIGURE_RECORD_H
#define CORE_FIGURE_RECORD_H

#include <mcdrop/error.h>

#include <jansson.h>
#include <stdint.h>

/* A JSON object from a file; *json is a new reference. */
int mcd_record_read(const char *path, json_t **json, struct mcd_error *e);

/* The same from memory; `path` stands in messages. */
int mcd_record_parse(const void *bytes, size_t size, const char *path, json_t **json,
                     struct mcd_error *e);

/* A number; null, as which NaN and infinity are written, is NaN. */
int mcd_record_real(const json_t *value, const char *path, const char *place, double *x,
                    struct mcd_error *e);

/*
 * Member `key` of n rows with one number each, or a list of one. With `optional` it may be missing:
 * *there says whether it is not.
 */
int mcd_record_column(const json_t *record, const char *path, const char *key, int64_t n,
                      int optional, int *there, double *x, struct mcd_error *e);

#endif
