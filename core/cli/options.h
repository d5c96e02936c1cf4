/*
 * The options that commands share, in groups that a command takes as argp children:
 *
 *     static const struct argp_child children[] = {
 *         {&mcd_options_model, 0, NULL, 0}, {&mcd_options_compute, 0, NULL, 0}, {0}};
 *
 * Its own parser answers ARGP_KEY_INIT with mcd_options_share(state, &its_options). A wrong value
 * ends the program with exit status 2 and says what is valid. Options of a command's own have keys
 * from MCD_OPTION_OWN on, or a letter.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "core/cli/table.h"

#include <mcdrop/plugin.h>

#include <argp.h>
#include <math.h>

/* What replaces the recipe of the model. */
struct mcd_training_options {
    int64_t epochs, batch;        /* -1: the recipe's */
    double rate, momentum, decay; /* NaN: the recipe's */
    uint32_t optimiser;           /* enum mcd_optimiser; 0: the recipe's */
    int schedule;                 /* enum mcd_rate_schedule; -1: not given */
    int keep_order;               /* rows in the data's order, not shuffled */
    double checkpoint_every;      /* seconds */
};

/* first, first + step, ... */
struct mcd_range {
    double first, step;
    int64_t count;
};

struct mcd_options {
    const char *model, *backend, *sampler, *data, *weights, *out; /* as given, else NULL */
    const char *labels;                                           /* file of answers */
    const char *input;             /* file of inputs, in the place of a data set */
    struct mcd_range grid;         /* inputs in the place of a data set; count 0: none */
    const char *target, *hold_out; /* of a regression, as given */
    int keep_units;                /* a regression's values are not standardised */
    double tau, length_scale;      /* of its noise; 0: not given */
    int fit_tau;                   /* to the answers at hand */
    int64_t rows;                  /* the first so many; 0: all */
    int64_t passes;                /* 0: the command's default */
    double until_mcse;             /* 0: no matter */
    struct mcd_training_options training;
    uint64_t seed;
    int has_seed;     /* the user chose it */
    uint32_t threads; /* 0: one per CPU */
    enum mcd_format format;
};

#define MCD_OPTIONS                                                                                \
    {                                                                                              \
        .training = {                                                                              \
            .epochs = -1,                                                                          \
            .batch = -1,                                                                           \
            .rate = NAN,                                                                           \
            .momentum = NAN,                                                                       \
            .decay = NAN,                                                                          \
            .schedule = -1,                                                                        \
            .checkpoint_every = 60                                                                 \
        }                                                                                          \
    }

enum { MCD_OPTION_FIRST = 0x100, MCD_OPTION_OWN = 0x200 };

extern const struct argp mcd_options_common;   /* --quiet, --verbose: for every command */
extern const struct argp mcd_options_model;    /* --model SPEC */
extern const struct argp mcd_options_weights;  /* --weights FILE */
extern const struct argp mcd_options_data;     /* --data NAME|DIR|FILE */
extern const struct argp mcd_options_rows;     /* --labels FILE, --rows N */
extern const struct argp mcd_options_compute;  /* --backend SPEC, --threads N, --seed N */
extern const struct argp mcd_options_sampler;  /* --sampler SPEC */
extern const struct argp mcd_options_passes;   /* --passes N, --until-mcse X */
extern const struct argp mcd_options_training; /* --epochs N, --batch N, ...: options_training.c */
extern const struct argp mcd_options_table;    /* --target LIST: options_regression.c */
extern const struct argp mcd_options_split;    /* --hold-out X, --no-standardise */
extern const struct argp mcd_options_noise;    /* --tau X|fit, --length-scale X */
extern const struct argp mcd_options_grid;     /* --grid FIRST:LAST:STEP */
extern const struct argp mcd_options_out;      /* --out PATH */
extern const struct argp mcd_options_format;   /* --format text|json|csv */

/* Gives every child of the command's argp the same options. */
void mcd_options_share(struct argp_state *state, struct mcd_options *options);

/* The backend where the user named none: openblas where it is found, else reference; no other. */
int mcd_options_choose_backend(const struct mcd_host *, struct mcd_options *options,
                               struct mcd_error *e);

/* The backend, and a seed of the system's randomness where none was given. Logs both. */
int mcd_options_settle(const struct mcd_host *, struct mcd_options *options, struct mcd_error *e);

/* Numbers of options: end the program with a message unless `arg` is a whole number in [lo, hi]. */
int64_t mcd_option_int(struct argp_state *, const char *option, const char *arg, int64_t lo,
                       int64_t hi);
/* For parsers of commands that take no arguments: ARGP_KEY_INIT and ARGP_KEY_ARG. */
error_t mcd_options_only(int key, char *arg, struct argp_state *state);

/* FIRST:LAST:STEP, where LAST is included if a step meets it; at most `most` of them. */
struct mcd_range mcd_option_range(struct argp_state *, const char *option, const char *arg,
                                  int64_t most);

/* A number for which domain (see mcdrop/param.h: "[0, 1)") holds. */
double mcd_option_real(struct argp_state *, const char *option, const char *arg,
                       const char *domain);

#endif
