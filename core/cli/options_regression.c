/* Options of regressions: where the answers are, which rows are set aside, a grid of inputs. */
#include "core/cli/options.h"

enum {
    KEY_TARGET = MCD_OPTION_FIRST + 0xc0,
    KEY_HOLD_OUT,
    KEY_KEEP_UNITS,
    KEY_GRID,
    KEY_TAU,
    KEY_LENGTH,
    MOST_INPUTS = 10000000
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct mcd_options *o = state->input;
    switch (key) {
    case KEY_TARGET:
        o->target = arg;
        return 0;
    case KEY_HOLD_OUT:
        o->hold_out = arg;
        return 0;
    case KEY_KEEP_UNITS:
        o->keep_units = 1;
        return 0;
    case KEY_GRID:
        o->grid = mcd_option_range(state, "grid", arg, MOST_INPUTS);
        return 0;
    case KEY_TAU:
        o->fit_tau = strcmp(arg, "fit") == 0;
        o->tau = o->fit_tau ? 0 : mcd_option_real(state, "tau", arg, "(0, inf)");
        return 0;
    case KEY_LENGTH:
        o->length_scale = mcd_option_real(state, "length-scale", arg, "(0, inf)");
        return 0;
    case ARGP_KEY_END:
        if (o && o->length_scale > 0 && (o->tau > 0 || o->fit_tau))
            argp_error(state, "--tau and --length-scale exclude each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option table_options[] = {
    {"target", KEY_TARGET, "COLUMNS", 0,
     "Answers in a CSV file: its columns by name or number, as in y or 3,4; the others are inputs",
     0},
    {0}};
const struct argp mcd_options_table = {.options = table_options, .parser = parse};

static const struct argp_option split_options[] = {
    {"hold-out", KEY_HOLD_OUT, "X|FILE", 0,
     "Rows to test on, not to train on: a fraction, drawn by the seed, or a file of row numbers "
     "from 0",
     0},
    {"no-standardise", KEY_KEEP_UNITS, NULL, 0,
     "Take a regression's values as they are; without it, inputs and answers are scaled to mean 0 "
     "and standard deviation 1 over the rows to train on, and results scaled back",
     0},
    {0}};
const struct argp mcd_options_split = {.options = split_options, .parser = parse};

static const struct argp_option noise_options[] = {
    {"tau", KEY_TAU, "X|fit", 0,
     "Precision (1 / variance) of a regression's noise, in the units of the network; fit: the one "
     "that suits the answers at hand best (default: what training found on held-out rows)",
     0},
    {"length-scale", KEY_LENGTH, "X", 0,
     "The precision that follows from a prior of this length scale and the training's weight decay",
     0},
    {0}};
const struct argp mcd_options_noise = {.options = noise_options, .parser = parse};

static const struct argp_option grid_options[] = {
    {"grid", KEY_GRID, "FIRST:LAST:STEP", 0,
     "Inputs in even steps instead of a data set, LAST included if a step meets it", 0},
    {0}};
const struct argp mcd_options_grid = {.options = grid_options, .parser = parse};
