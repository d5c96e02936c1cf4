/* Numbers out of the files that steps leave. What is not there, or is null, is NaN. */
#ifndef CORE_TUTORIAL_READING_H
#define CORE_TUTORIAL_READING_H

#include "core/base/json.h"

/* A file of the folder, to be released with json_decref; NULL where it cannot be read. */
json_t *mcd_reading_json(const char *dir, const char *file);

/* The value at a path of members and numbers of array places: "scores.monte_carlo.0.rmse". */
const json_t *mcd_reading_value(const json_t *json, const char *path);

/* The number there. */
double mcd_reading_at(const json_t *json, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Test errors of a history.csv, so that no single epoch's luck decides. */
struct mcd_reading_errors {
    double final; /* mean over the last tenth of the epochs, at least one */
    double fall;  /* by how much the mean over the last quarter is below that over the third */
};

/* Of its first so many epochs, or of all if it has fewer; `epochs` 0: of all. */
struct mcd_reading_errors mcd_reading_errors(const char *dir, const char *file, int64_t epochs);

#endif
