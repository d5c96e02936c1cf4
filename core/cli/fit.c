/* Training for commands. */
#include "core/cli/fit.h"

#include "core/base/error.h"
#include "core/cli/curve.h"
#include "core/cli/log.h"
#include "core/cli/noise.h"
#include "core/cli/open.h"
#include "core/cli/stop.h"
#include "core/train/train_state.h"

#include <inttypes.h>
#include <sys/stat.h>

/* ---- opening ----------------------------------------------------------------------------- */

/* The rows that were set aside. */
static int read_held_out(struct mcd_fit *f)
{
    if (!f->session->frame.hold_out)
        return MCD_EXIT_OK;
    int status = mcd_session_read(f->session, MCD_TEST, &f->test);
    return status ? status : mcd_session_check_answers(f->session, &f->test);
}

/* A folder without test files is no reason not to train, and a file has none. */
static int read_test(struct mcd_fit *f)
{
    struct mcd_error e = {0};
    struct stat about;
    const char *name = f->session->data_name;
    struct mcd_dataset_request request = {
        .data = name,
        .split = MCD_TEST,
    };
    if (f->session->network->recipe.task == MCD_REGRESS)
        return read_held_out(f);
    if (stat(name, &about) == 0 && !S_ISDIR(about.st_mode))
        return MCD_EXIT_OK;
    int status = mcd_dataset_load(&f->test, &request, &e);
    if (status == MCD_IO || (status == MCD_OK && !f->test.y.data)) {
        mcd_dataset_clear(&f->test);
        return MCD_EXIT_OK;
    }
    return status ? mcd_report(&e) : mcd_session_check_answers(f->session, &f->test);
}

static struct mcd_examples examples(const struct mcd_fit *f, const struct mcd_dataset *d)
{
    struct mcd_examples e = {.x = d->x.data};
    if (!d->x.data)
        return e;
    e.rows = d->x.dim[0];
    if (f->session->network->recipe.task == MCD_CLASSIFY)
        e.label = d->y.data;
    else
        e.target = d->y.data;
    return e;
}

static double or_recipe(double given, double recipe)
{
    return isnan(given) ? recipe : given;
}

static struct mcd_trainer_spec trainer_spec(const struct mcd_fit *f)
{
    const struct mcd_training_options *t = &f->session->options.training;
    const struct mcd_recipe *r = &f->session->network->recipe;
    return (struct mcd_trainer_spec){
        .network = f->session->network,
        .data = examples(f, &f->data),
        .update = {.optimiser = t->optimiser ? t->optimiser : r->optimiser,
                   .rate = or_recipe(t->rate, r->rate),
                   .momentum = or_recipe(t->momentum, r->momentum),
                   .decay = or_recipe(t->decay, r->decay)},
        .batch = t->batch >= 0 ? (uint32_t)t->batch : r->batch,
        .shuffle = !t->keep_order,
        .seed = f->session->options.seed,
        .schedule = t->schedule >= 0 ? (uint32_t)t->schedule : MCD_RATE_CONSTANT,
        .epochs = t->epochs >= 0 ? (uint64_t)t->epochs : r->epochs,
    };
}

static void on_update(void *arg, uint64_t update, uint64_t of)
{
    struct mcd_fit *f = arg;
    (void)of;
    mcd_progress_update(&f->progress, update, *f->note ? f->note : NULL);
}

/*
 * An epoch's result is a line of the log if it is the first or the last, or comes a second after
 * the last such line: small networks make thousands of epochs, and history.csv has all of them.
 */
static int is_worth_a_line(struct mcd_fit *f, uint64_t epoch, double seconds)
{
    int due = f->told == 0 || seconds - f->told >= 1 || epoch == f->train.trainer.epochs;
    if (due)
        f->told = seconds;
    return due;
}

static void on_epoch(void *arg, uint64_t epoch, const struct mcd_epoch *line)
{
    struct mcd_fit *f = arg;
    const struct mcd_examples *test = &f->train.test;
    int n = snprintf(f->note, sizeof f->note, "epoch %" PRIu64 ": loss %.5g", epoch, line->loss);
    if (test->label)
        snprintf(f->note + n, sizeof f->note - (size_t)n, ", %.0f of %" PRId64 " test rows wrong",
                 line->test, test->rows);
    else if (test->target)
        snprintf(f->note + n, sizeof f->note - (size_t)n, ", test mse %.5g", line->test);
    if (is_worth_a_line(f, epoch, line->seconds))
        mcd_log(MCD_LOG_INFO, "%s  (%.1f s)", f->note, line->seconds);
}

static void describe(struct mcd_fit *f)
{
    const struct mcd_training_options *t = &f->session->options.training;
    f->train = (struct mcd_train){
        .trainer = trainer_spec(f),
        .test = examples(f, &f->test),
        .data = f->session->data_full,
        .labels = f->session->labels_full,
        .frame = &f->session->frame,
        .checkpoint = f->folder->weights,
        .history = f->folder->history,
        .interval = t->checkpoint_every,
        .stop = &mcd_stop,
        .on_update = on_update,
        .on_epoch = on_epoch,
        .arg = f,
    };
    const struct mcd_update *was = &f->session->saved.update;
    if (f->train.trainer.update.optimiser == MCD_ADAM && t->momentum > 0 &&
        (!was->optimiser || t->momentum != was->momentum))
        mcd_log(MCD_LOG_WARNING, "--momentum has no effect on adam");
    f->train.data_checksum = mcd_train_data_checksum(&f->train.trainer);
}

int mcd_fit_open(struct mcd_fit *f, struct mcd_session *session, struct mcd_folder *folder)
{
    f->session = session;
    f->folder = folder;
    int status = mcd_folder_make(folder);
    if (!status)
        status = mcd_session_read(session, MCD_TRAIN, &f->data);
    if (!status)
        status = mcd_session_build(session, &f->data);
    if (!status)
        status = mcd_session_check_answers(session, &f->data);
    if (!status)
        status = read_test(f);
    if (!status)
        describe(f);
    else
        mcd_folder_unmake(folder);
    return status;
}

static uint64_t updates_of(const struct mcd_fit *f)
{
    uint64_t rows = (uint64_t)f->train.trainer.data.rows, batch = f->train.trainer.batch;
    return f->train.trainer.epochs * (batch ? (rows + batch - 1) / batch : 1);
}

int mcd_fit_resume(struct mcd_fit *f, int must)
{
    struct mcd_error e = {0};
    int status = mcd_train_resume(&f->train, &f->state, &e);
    if (status == MCD_INVALID && !must) {
        mcd_log(MCD_LOG_WARNING, "training anew because %s %s", e.where, e.text);
        return mcd_folder_set_aside(f->folder);
    }
    if (status)
        return mcd_report(&e);
    mcd_log(MCD_LOG_INFO, "%s: trained for %" PRIu64 " of %" PRIu64 " updates", f->folder->weights,
            f->state.update, updates_of(f));
    return MCD_EXIT_OK;
}

/* ---- running ----------------------------------------------------------------------------- */

int mcd_fit_is_complete(const struct mcd_fit *f)
{
    return f->state.update >= updates_of(f);
}

/* tau from the rows that were set aside, into the file of weights. */
static int find_noise(struct mcd_fit *f)
{
    struct mcd_error e = {0};
    struct mcd_session *s = f->session;
    if (!f->train.test.target)
        return MCD_EXIT_OK;
    s->fitted_rows = f->train.trainer.data.rows;
    s->fitted_decay = f->train.trainer.update.decay;
    int status = mcd_noise_fit(s, &f->test, &s->frame.tau);
    if (!status && mcd_train_state_save(&f->train, &f->state, &e))
        status = mcd_report(&e);
    return status;
}

int mcd_fit_run(struct mcd_fit *f)
{
    struct mcd_error e = {0};
    mcd_stop_begin();
    mcd_log(MCD_LOG_INFO, "training %s for %" PRIu64 " epoch%s", f->session->network->model->spec,
            f->train.trainer.epochs, f->train.trainer.epochs == 1 ? "" : "s");
    mcd_progress_start(&f->progress, "training", "updates", updates_of(f), f->state.update);
    int status = mcd_train_run(&f->train, &f->state, &e);
    mcd_progress_end(&f->progress);
    if (status && status != MCD_STOPPED)
        return mcd_report(&e);
    mcd_curve_tell(&f->train, &f->state);
    mcd_log(MCD_LOG_INFO, "wrote %s and %s", f->folder->weights, f->folder->history);
    return status ? mcd_report(&e) : find_noise(f);
}

void mcd_fit_close(struct mcd_fit *f)
{
    mcd_train_state_clear(&f->state);
    mcd_dataset_clear(&f->data);
    mcd_dataset_clear(&f->test);
    *f = (struct mcd_fit){0};
}
