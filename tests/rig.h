/*
 * For tests that compute: a trial (core/check/trial.h) whose failures fail the test.
 *
 *     struct mcd_trial r;
 *     rig_open(&r, "reference:precision=f64", 1, 1);
 *     mcd_val x = rig_input(&r, mcd_shape1(5));
 *     mcd_val y = mcd_layer(r.g, "a", x, "linear:out=3");
 *     rig_plan(&r, &(struct mcd_plan_spec){.rows = 2, .passes = 4, .noutputs = 1, .output = &y});
 *     rig_fill(&r, x, 100);
 *     rig_run(&r);
 *     double *out = rig_read(&r, y);
 *     ...
 *     free(out);
 *     rig_close(&r);
 *
 * rig_close asserts that nothing is left allocated.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "core/check/trial.h"
#include "core/network/network.h"

/* `stochastic` as in struct mcd_graph. */
void rig_open(struct mcd_trial *r, const char *backend, uint32_t threads, int stochastic);

/* The same on another backend than a plugin: an item that outlives the rig, created with `host`. */
void rig_open_item(struct mcd_trial *r, struct mcd_host *host, const struct mcd_item *backend,
                   int stochastic);
void rig_close(struct mcd_trial *r);

/* The data's input, and the labels or target. */
mcd_val rig_input(struct mcd_trial *r, struct mcd_shape shape);
mcd_val rig_target(struct mcd_trial *r, struct mcd_shape shape, int is_label);

/* Records a model plugin. */
mcd_val rig_model(struct mcd_trial *r, const char *spec, mcd_val x);

void rig_plan(struct mcd_trial *r, const struct mcd_plan_spec *spec);

/* Writes an input: from double, or tensor number `tensor` of fixtures/formula.h. */
void rig_write(struct mcd_trial *r, mcd_val v, const double *from);
void rig_fill(struct mcd_trial *r, mcd_val v, uint32_t tensor);

/* Labels: row i has (3 i + 1) mod classes. */
void rig_label(struct mcd_trial *r, mcd_val v, uint32_t classes);

/* Reads an output; the caller frees it. */
double *rig_read(struct mcd_trial *r, mcd_val v);

/* A parameter or the optimiser's state by name. rig_get's result is freed by the caller. */
void rig_set(struct mcd_trial *r, const char *name, const double *from);
double *rig_get(struct mcd_trial *r, const char *name, size_t *count);

/*
 * Sets parameter k to the formula's tensor k over the square root of its fan-in, as the fixtures'
 * networks have it: a bias has its weight's fan-in.
 */
void rig_formula(struct mcd_trial *r);

void rig_run(struct mcd_trial *r);
void rig_run_prefix(struct mcd_trial *r);
void rig_run_body(struct mcd_trial *r);

/*
 * A network whose model is no plugin but a function of the test, on a backend plugin. It is used as
 * one of mcd_network_open and closed by rig_network_close; the item's self is `self`.
 */
struct rig_network {
    struct mcd_network network;
    struct mcd_item model;
    struct mcd_plugin plugin;
    struct mcd_model api;
};
void rig_network_open(struct rig_network *n, struct mcd_host *host, const char *backend,
                      mcd_val (*build)(void *self, struct mcd_graph *g, mcd_val x), void *self,
                      uint32_t task, struct mcd_shape input);
void rig_network_close(struct rig_network *n);

/*
 * mcd_trial_starve for every k, under MCDROP_FAST for every seventh. Returns about how many
 * allocations there are.
 */
unsigned rig_starve(struct mcd_host *host,
                    int (*f)(struct mcd_host *host, void *arg, struct mcd_error *error), void *arg);

#endif
