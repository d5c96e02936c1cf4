/* mcdrop train: fits a model to a data set. */
#include "core/base/error.h"
#include "core/cli/command.h"
#include "core/cli/fit.h"
#include "core/cli/log.h"
#include "core/cli/network_only.h"
#include "core/cli/open.h"
#include "core/cli/sampling.h"
#include "core/cli/stop.h"
#include "core/io/place.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

struct train {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    int resume;
};

enum { KEY_RESUME = MCD_OPTION_OWN };

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct train *t = state->input;
    if (key != KEY_RESUME)
        return mcd_options_only(key, arg, state);
    t->resume = 1;
    return 0;
}

/* Of a regression: in the network's units, and for one output its root in the user's. */
static void add_test_error(const struct mcd_fit *f, struct mcd_table *t, double mse)
{
    const struct mcd_frame *frame = &f->session->frame;
    if (!f->train.test.target) {
        mcd_table_none(t);
        mcd_table_none(t);
        return;
    }
    mcd_table_real(t, mse);
    if (f->session->network->outputs == 1)
        mcd_table_real(t, sqrt(mse) * (frame->mean ? frame->sd[frame->inputs] : 1));
    else
        mcd_table_none(t);
}

/* Where the weights are and how good: what a script wants to read. */
static int print_result(const struct mcd_fit *f, enum mcd_format format)
{
    static const struct mcd_column columns[] = {
        {"weights", 0},  {"epochs", 0},    {"loss", 5},      {"test_errors", 0},
        {"test_mse", 5}, {"test_rmse", 5}, {"test_rows", 0}, {"seconds", 4}};
    struct mcd_error e = {0};
    const struct mcd_epoch *last = &f->state.history[f->state.epochs - 1];
    struct mcd_table *t =
        mcd_table_create(f->session->host, columns, sizeof columns / sizeof *columns, &e);
    if (!t)
        return mcd_report(&e);
    mcd_table_text(t, f->folder->weights);
    mcd_table_int(t, (int64_t)f->state.epochs);
    mcd_table_real(t, last->loss);
    if (f->train.test.label)
        mcd_table_int(t, (int64_t)last->test);
    else
        mcd_table_none(t);
    add_test_error(f, t, last->test);
    mcd_table_int(t, f->train.test.rows);
    mcd_table_real(t, last->seconds);
    int status = mcd_table_print(t, format, stdout, &e);
    mcd_table_destroy(t);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

static int check_resumable(const struct train *t, const struct mcd_folder *folder)
{
    struct mcd_error e = {0};
    if (!t->resume || access(folder->weights, F_OK) == 0)
        return MCD_EXIT_OK;
    mcd_fail(&e, MCD_IO, mcd_place_file(folder->weights).text,
             "there is no checkpoint to resume from: %s", strerror(errno));
    return mcd_report(&e);
}

/* A model that brings its own posterior is sampled at once, or it is there already. */
static int sample(struct train *t, struct mcd_session *session, struct mcd_folder *folder)
{
    struct mcd_sampling sampling = {0};
    int status = mcd_network_only_refuse(session, &t->options, &(struct mcd_network_only){0});
    if (!status)
        status = mcd_sampling_run(&sampling, session, folder,
                                  t->resume ? MCD_EARLIER_MUST : MCD_EARLIER_NOT);
    if (!status)
        status = mcd_sampling_print(&sampling, t->options.format);
    mcd_sampling_close(&sampling);
    return status;
}

static int train(struct train *t, struct mcd_session *session, struct mcd_fit *fit)
{
    struct mcd_folder folder;
    int status = mcd_folder_name(&folder, &t->options);
    if (!status)
        status = check_resumable(t, &folder);
    if (!status)
        status = mcd_session_open(session, &t->options, t->resume ? folder.weights : NULL);
    if (!status && mcd_model_has_fit(session->model))
        return sample(t, session, &folder);
    if (!status)
        status = mcd_fit_open(fit, session, &folder);
    if (!status)
        status = t->resume ? mcd_fit_resume(fit, 1) : mcd_folder_set_aside(&folder);
    if (!status && fit->state.epochs > fit->train.trainer.epochs)
        mcd_log(MCD_LOG_WARNING,
                "%s has %" PRIu64 " epochs already, more than %" PRIu64 ": nothing is done",
                folder.weights, fit->state.epochs, fit->train.trainer.epochs);
    else if (!status)
        status = mcd_fit_run(fit);
    return status ? status : print_result(fit, t->options.format);
}

int mcd_cmd_train(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_model, 0, NULL, 0},
        {&mcd_options_data, 0, NULL, 0},
        {&mcd_options_table, 0, NULL, 0},
        {&mcd_options_split, 0, NULL, 0},
        {&mcd_options_rows, 0, NULL, 0},
        {&mcd_options_training, 0, "Training, where the model's recipe shall not hold:", 2},
        {&mcd_options_compute, 0, "Computing:", 3},
        {&mcd_options_out, 0, "Output:", 4},
        {&mcd_options_format, 0, NULL, 5},
        {&mcd_options_common, 0, NULL, -1},
        {0},
    };
    static const struct argp_option own[] = {
        {"resume", KEY_RESUME, NULL, 0,
         "Go on from the checkpoint in the output folder; what is not given is as it was", 1},
        {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .doc = "Trains a model with its dropout on.\n\nWrites weights.safetensors, a checkpoint "
               "from which --resume goes on to the same bits, and history.csv into the folder "
               "--out (default: ./mcdrop-MODEL). Ctrl-C finishes the step, saves, and exits with "
               "status 130.\vExample: mcdrop train --model lenet --data fashion-mnist --epochs 10",
        .children = children,
    };
    struct train t = {.options = MCD_OPTIONS};
    struct mcd_session session = {0};
    struct mcd_fit fit = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &t);
    mcd_stop_install();
    int status = train(&t, &session, &fit);
    mcd_fit_close(&fit);
    mcd_session_close(&session);
    return status;
}
