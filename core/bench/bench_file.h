/*
 * A saved benchmark, as mcdrop bench --format json prints it: what of it is needed to compare. It
 * is judged like any foreign file.
 */
#ifndef CORE_BENCH_FILE_H
#define CORE_BENCH_FILE_H

#include <mcdrop/plugin.h>

#include <jansson.h>

#define MCD_BENCH_FORM "mcdrop_bench" /* the key that names the form; its value is 1 */

/* Texts are the JSON's. */
struct mcd_bench_record {
    const char *model, *backend, *job, *op, *shape;
    int64_t rows;
    size_t count;  /* samples: 1 to MCD_TRIMMED_MOST */
    double *value; /* logarithms of seconds beside the yardstick */
};

struct mcd_bench_file {
    const struct mcd_host *host;
    json_t *json;
    const char *clock, *compiler, *machine, *sampler;
    int64_t threads;
    double yardstick; /* seconds, median */
    size_t count;
    struct mcd_bench_record *record;
};

/*
 * Parse: `path` stands in messages. On failure the file is empty; it is to be cleared in any case.
 */
int mcd_bench_file_load(const struct mcd_host *, const char *path, struct mcd_bench_file *,
                        struct mcd_error *e);
int mcd_bench_file_parse(const struct mcd_host *, const char *path, const void *text, size_t size,
                         struct mcd_bench_file *, struct mcd_error *e);
void mcd_bench_file_clear(struct mcd_bench_file *);

/* The record of the same job in another file; NULL: there is none. */
const struct mcd_bench_record *mcd_bench_file_find(const struct mcd_bench_file *,
                                                   const struct mcd_bench_record *);

#endif
