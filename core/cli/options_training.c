/* Options of training: what replaces the recipe of the model. */
#include "core/cli/options.h"

#include "core/train/rate.h"

#include <mcdrop/model.h>

enum {
    KEY_EPOCHS = MCD_OPTION_FIRST + 0x80,
    KEY_BATCH,
    KEY_RATE,
    KEY_MOMENTUM,
    KEY_DECAY,
    KEY_OPTIMISER,
    KEY_SCHEDULE,
    KEY_NO_SHUFFLE,
    KEY_CHECKPOINT
};

static uint32_t parse_optimiser(struct argp_state *state, const char *arg)
{
    if (strcmp(arg, "sgd") == 0)
        return MCD_SGD;
    if (strcmp(arg, "adam") != 0)
        argp_error(state, "--optimiser: '%s': expected sgd or adam", arg);
    return MCD_ADAM;
}

static int parse_schedule(struct argp_state *state, const char *arg)
{
    uint32_t schedule = mcd_rate_schedule_of(arg);
    if (schedule == MCD_RATE_SCHEDULES)
        argp_error(state, "--schedule: '%s': expected constant or cosine", arg);
    return (int)schedule;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct mcd_options *o = state->input;
    struct mcd_training_options *t = o ? &o->training : NULL;
    switch (key) {
    case KEY_EPOCHS:
        t->epochs = mcd_option_int(state, "epochs", arg, 1, 1000000000);
        return 0;
    case KEY_BATCH:
        t->batch = mcd_option_int(state, "batch", arg, 0, INT32_MAX);
        return 0;
    case KEY_RATE:
        t->rate = mcd_option_real(state, "rate", arg, "[0, inf)");
        return 0;
    case KEY_MOMENTUM:
        t->momentum = mcd_option_real(state, "momentum", arg, "[0, 1)");
        return 0;
    case KEY_DECAY:
        t->decay = mcd_option_real(state, "decay", arg, "[0, inf)");
        return 0;
    case KEY_OPTIMISER:
        t->optimiser = parse_optimiser(state, arg);
        return 0;
    case KEY_SCHEDULE:
        t->schedule = parse_schedule(state, arg);
        return 0;
    case KEY_NO_SHUFFLE:
        t->keep_order = 1;
        return 0;
    case KEY_CHECKPOINT:
        t->checkpoint_every = mcd_option_real(state, "checkpoint-every", arg, "[0, inf)");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"epochs", KEY_EPOCHS, "N", 0, "Passes over the training data", 0},
    {"batch", KEY_BATCH, "N", 0, "Rows of one update; 0: all of them", 0},
    {"rate", KEY_RATE, "X", 0, "Learning rate", 0},
    {"momentum", KEY_MOMENTUM, "X", 0, "Momentum of sgd", 0},
    {"decay", KEY_DECAY, "X", 0, "Weight decay: this multiple of a weight joins its gradient", 0},
    {"optimiser", KEY_OPTIMISER, "sgd|adam", 0, "How weights follow their gradient", 0},
    {"schedule", KEY_SCHEDULE, "constant|cosine", 0,
     "How the rate changes: not at all (default), or from its value to 0 over all epochs", 0},
    {"no-shuffle", KEY_NO_SHUFFLE, NULL, 0, "Take the rows in the data's order", 0},
    {"checkpoint-every", KEY_CHECKPOINT, "SECONDS", 0,
     "Save the state this often (default: 60), and at the end", 0},
    {0},
};
const struct argp mcd_options_training = {.options = options, .parser = parse};
