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

/*
 * Final test errors of a history.csv: the mean over the last tenth of the epochs, at least one, so
 * that no single epoch's luck decides.
 */
double mcd_reading_final_errors(const char *dir, const char *file);

#endif
