/* A benchmark as a table: a line for each job of each backend. */
#ifndef CLI_BENCH_REPORT_H
#define CLI_BENCH_REPORT_H

#include "core/bench/bench.h"
#include "core/cli/table.h"

#include <argp.h>

/* JSON is the whole document with every sample, the others are the table. */
int mcd_bench_print(const struct mcd_bench *, enum mcd_format, struct mcd_error *e);

/*
 * Logs every model and backend whose results differ from the first backend's by more than rounding
 * explains; returns how many.
 */
uint32_t mcd_bench_complain(const struct mcd_bench *);

/* The argument of --format: text, json, csv or markdown; anything else is refused. */
enum mcd_format mcd_bench_format(struct argp_state *, const char *arg);

#endif
