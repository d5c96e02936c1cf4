/*
 * The CO2 series as the tutorial has it (see data/README.md), and a problem on its first rows.
 * Static inline, so that every test program stays one file. Include mcdrop/plugin.h before
 * cmocka.h, whose `fail` is a macro, and this after it.
 */
#ifndef TESTS_CO2_H
#define TESTS_CO2_H

#include "../models/gp/problem.h"

#include "../backends/reference/linalg.h"
#include "core/base/host.h"
#include "core/io/csv.h"
#include "scratch.h"

#include <math.h>

enum { CO2_ROWS = 272, CO2_POINTS = 523 };

static double co2_x[CO2_ROWS], co2_y[CO2_ROWS];

static inline void co2_read(double *ppm)
{
    static const char *const columns[] = {"ppm", NULL};
    char path[PATH_MAX];
    struct mcd_csv csv;
    struct mcd_error e = {0};
    snprintf(path, sizeof path, "%s/../data/co2.csv", getenv("MCDROP_TEST_SRCDIR"));
    assert_ok(mcd_csv_read(path, columns, &csv, &e), e);
    assert_int_equal(csv.values.dim[0], CO2_ROWS);
    memcpy(ppm, csv.values.data, CO2_ROWS * sizeof *ppm);
    mcd_csv_clear(&csv);
}

/* Scaled month numbers; residuals from the least-squares line, scaled. */
static inline void co2_load(void)
{
    double ppm[CO2_ROWS], mean = 0, tt = 0, tp = 0, rr = 0, half = 0.5 * (CO2_ROWS - 1);
    co2_read(ppm);
    for (int i = 0; i < CO2_ROWS; i++) {
        mean += ppm[i] / CO2_ROWS;
        tt += (i - half) * (i - half);
        tp += (i - half) * ppm[i];
    }
    for (int i = 0; i < CO2_ROWS; i++) {
        co2_x[i] = (i - half) / sqrt(tt / CO2_ROWS);
        co2_y[i] = ppm[i] - mean - tp / tt * (i - half);
        rr += co2_y[i] * co2_y[i];
    }
    for (int i = 0; i < CO2_ROWS; i++)
        co2_y[i] /= sqrt(rr / CO2_ROWS);
}

static inline struct mcd_gp_problem co2_problem(const struct mcd_host *host, int64_t rows,
                                                enum mcd_gp_kernel kernel)
{
    struct mcd_gp_problem p = {host,
                               mcd_gp_data(rows, 1, co2_x, co2_y, 1e-6),
                               {&mcd_reference_linalg, NULL},
                               kernel,
                               MCD_GP_PRIOR_DEFAULT,
                               NULL,
                               NULL};
    return p;
}

/* The tutorial's inputs for prediction. */
static inline void co2_points(double x[CO2_POINTS])
{
    for (int i = 0; i < CO2_POINTS; i++)
        x[i] = -1.72 + 0.01 * i;
}

#endif
