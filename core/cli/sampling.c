/* Draws of a posterior into a folder. */
#include "core/cli/sampling.h"

#include "core/base/error.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/progress.h"
#include "core/cli/report_posterior.h"
#include "core/cli/stop.h"
#include "core/io/place.h"
#include "core/train/sample.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

/* ---- the run ----------------------------------------------------------------------------- */

static uint32_t checksum(const struct mcd_dataset *d)
{
    uLong sum = crc32_z(0, d->x.data, (size_t)mcd_array_count(&d->x) * sizeof(double));
    return (uint32_t)crc32_z(sum, d->y.data, (size_t)mcd_array_count(&d->y) * sizeof(double));
}

/* What the file says of itself; everything is borrowed. */
static struct mcd_checkpoint_meta describe(const struct mcd_sampling *p)
{
    const struct mcd_session *s = p->session;
    struct mcd_checkpoint_meta m = {
        .present = 1,
        .model = s->model->spec,
        .data = s->data_full,
        .labels = s->labels_full,
        .backend = s->backend->spec,
        .input = {.rank = p->data.x.rank - 1},
        .rows = p->data.x.dim[0],
        .data_checksum = checksum(&p->data),
        .seed = s->options.seed,
        .sampled = 1,
        .has_frame = 1,
        .frame = s->frame,
        .state = {.seconds = p->seconds},
    };
    memcpy(m.input.dim, p->data.x.dim + 1, m.input.rank * sizeof *m.input.dim);
    return m;
}

/* ---- draws that are there ---------------------------------------------------------------- */

static int take_earlier(struct mcd_sampling *p, const struct mcd_safetensors *file,
                        struct mcd_error *e)
{
    const char *path = p->folder->weights;
    struct mcd_checkpoint_meta found, wanted = describe(p);
    int status = mcd_checkpoint_meta_read(file, path, &found, e);
    if (status)
        return status;
    status = found.present ? mcd_checkpoint_meta_same_run(&found, &wanted, path, e)
                           : mcd_fail(e, MCD_INVALID, path, "does not say what it was made from");
    if (!status)
        status = mcd_draws_parse(p->session->host, file, path, &p->draws, e);
    p->seconds = found.state.seconds;
    mcd_checkpoint_meta_clear(&found);
    return status;
}

/* 1 in *found: the folder's draws are those that are wanted. */
static int look_for_earlier(struct mcd_sampling *p, enum mcd_earlier earlier, int *found)
{
    struct mcd_safetensors file = {0};
    struct mcd_error e = {0};
    const char *path = p->folder->weights;
    *found = 0;
    if (earlier == MCD_EARLIER_NOT || (earlier == MCD_EARLIER_MAY && access(path, F_OK)))
        return mcd_folder_set_aside(p->folder);
    int status = mcd_safetensors_read(path, &file, &e);
    if (!status)
        status = take_earlier(p, &file, &e);
    mcd_safetensors_clear(&file);
    if (status == MCD_INVALID && earlier == MCD_EARLIER_MAY) {
        mcd_log(MCD_LOG_WARNING, "sampling anew because %s %s", e.where, e.text);
        return mcd_folder_set_aside(p->folder);
    }
    if (status)
        return mcd_report(&e);
    *found = 1;
    mcd_log(MCD_LOG_INFO, "%s has all draws of this run: nothing is to be sampled", path);
    return MCD_EXIT_OK;
}

/* ---- sampling ---------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct mcd_fitting fitting(const struct mcd_sampling *p)
{
    const struct mcd_session *s = p->session;
    return (struct mcd_fitting){
        .host = s->host,
        .model = s->model,
        .backend = s->backend,
        .rows = p->data.x.dim[0],
        .columns = mcd_array_count(&p->data.x) / p->data.x.dim[0],
        .x = p->data.x.data,
        .y = p->data.y.data,
        .seed = s->options.seed,
        .stop = &mcd_stop,
    };
}

static int sample(struct mcd_sampling *p, struct mcd_error *e)
{
    const struct mcd_session *s = p->session;
    struct mcd_progress progress;
    struct mcd_fitting f = fitting(p);
    double started = now();
    f.progress = mcd_progress_step;
    f.progress_arg = &progress;
    mcd_log(MCD_LOG_INFO, "sampling %s%s", s->model->spec,
            s->frame.mean ? ", in units of the standardised values" : "");
    mcd_progress_start(&progress, "sampling", "iterations", 0, 0);
    int status = mcd_sample_run(&f, &p->draws, e);
    mcd_progress_end(&progress);
    p->seconds = now() - started;
    return status;
}

static int save(const struct mcd_sampling *p, struct mcd_error *e)
{
    const struct mcd_checkpoint_meta meta = describe(p);
    const char *path = p->folder->weights;
    char *text = mcd_checkpoint_meta_text(&meta);
    if (!text)
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory for its metadata");
    int status = mcd_draws_write(path, &p->draws, text, e);
    free(text);
    return status;
}

/*
 * Draws that took hours are in their file before anything else is asked for, which may be
 * interrupted: what is known without sampling is found then when the draws are found.
 */
static int complete(struct mcd_sampling *p, int found, struct mcd_error *e)
{
    const struct mcd_fitting f = fitting(p);
    int status = found ? MCD_OK : sample(p, e);
    if (!status && !found && !(status = save(p, e)))
        mcd_log(MCD_LOG_INFO, "wrote %s  (%.1f s)", p->folder->weights, p->seconds);
    if (status || p->draws.exacts > 0)
        return status;
    status = mcd_sample_exact(&f, &p->draws, e);
    return status || p->draws.exacts == 0 ? status : save(p, e);
}

static int open_data(struct mcd_sampling *p, struct mcd_folder *folder)
{
    struct mcd_session *s = p->session;
    struct mcd_error e = {0};
    if (mcd_fitting_check_backend(s->host, &s->recipe, s->model, s->backend, &e))
        return mcd_report(&e);
    int status = mcd_folder_make(folder);
    if (!status)
        status = mcd_session_read(s, MCD_TRAIN, &p->data);
    if (!status)
        status = mcd_session_check_answers(s, &p->data);
    if (status)
        mcd_folder_unmake(folder);
    return status;
}

int mcd_sampling_run(struct mcd_sampling *p, struct mcd_session *s, struct mcd_folder *folder,
                     enum mcd_earlier earlier)
{
    struct mcd_error e = {0};
    int found;
    p->session = s;
    p->folder = folder;
    int status = open_data(p, folder);
    if (!status)
        status = look_for_earlier(p, earlier, &found);
    if (status)
        return status;
    mcd_stop_begin();
    if (complete(p, found, &e)) {
        mcd_folder_unmake(folder);
        return mcd_report(&e);
    }
    return mcd_posterior_create(&p->posterior, s->host, &p->draws, &e) ? mcd_report(&e)
                                                                       : MCD_EXIT_OK;
}

int mcd_sampling_print(const struct mcd_sampling *p, enum mcd_format format)
{
    int status = format == MCD_JSON_FORMAT
                     ? mcd_posterior_print_json(&p->posterior, p->folder->weights, p->seconds)
                     : mcd_posterior_print(&p->posterior, format);
    return status || p->posterior.good ? status : MCD_EXIT_FAILURE;
}

void mcd_sampling_close(struct mcd_sampling *p)
{
    mcd_posterior_clear(&p->posterior);
    mcd_draws_clear(&p->draws);
    mcd_dataset_clear(&p->data);
    *p = (struct mcd_sampling){0};
}
