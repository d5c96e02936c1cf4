/*
 * Calls of a model that brings its own posterior (mcdrop/model.h): what it is given, whether its
 * backend can do what it needs, and how it hears of a wish to stop.
 */
#ifndef CORE_FITTING_H
#define CORE_FITTING_H

#include "core/network/network.h"

#include <signal.h>
#include <stdatomic.h>

/* What runs and on what; all borrowed. Rows are in the fit's units. */
struct mcd_fitting {
    const struct mcd_host *host;
    const struct mcd_item *model, *backend;
    int64_t rows, columns;
    const double *x, *y;
    uint64_t seed;
    uint32_t dim; /* of draws to predict from, with their names; 0 for fitting */
    const char *const *names;
    const volatile sig_atomic_t *stop; /* ends it with MCD_STOPPED once it is not 0; may be NULL */
    /* One call at a time, from any thread; may be NULL. */
    void (*progress)(void *arg, uint64_t done, uint64_t of);
    void *progress_arg;
};

/* Of one call: `data` is for the model, and points into this struct. */
struct mcd_fitting_call {
    struct mcd_fit_data data;
    const struct mcd_fitting *fitting;
    atomic_flag telling;
};

void mcd_fitting_begin(struct mcd_fitting_call *, const struct mcd_fitting *);

/*
 * MCD_DEVICE where the backend lacks what the model's recipe says that it needs; the text names the
 * backends in the search path that have it.
 */
int mcd_fitting_check_backend(const struct mcd_host *, const struct mcd_recipe *,
                              const struct mcd_item *model, const struct mcd_item *backend,
                              struct mcd_error *e);

#endif
