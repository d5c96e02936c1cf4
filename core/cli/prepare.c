/* Rows and units of a regression. */
#include "core/cli/prepare.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/log.h"
#include "core/io/full_path.h"
#include "core/io/place.h"
#include "core/io/values.h"
#include "core/train/hold_out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ----------------------------------------------------------------------------- */

static int check_options(const struct mcd_session *s, struct mcd_error *e)
{
    const struct mcd_options *o = &s->options;
    const char *option = o->target       ? "--target"
                         : o->hold_out   ? "--hold-out"
                         : o->grid.count ? "--grid"
                         : o->keep_units ? "--no-standardise"
                                         : NULL;
    if (s->recipe.task == MCD_REGRESS && o->target && o->labels)
        return mcd_fail(e, MCD_INVALID, "--target",
                        "and --labels exclude each other: expected one");
    if (s->recipe.task == MCD_REGRESS || !option)
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, option, "is for regression, but %s is a classifier",
                    s->model->plugin->name);
}

int mcd_prepare_request(struct mcd_session *s, enum mcd_split split,
                        struct mcd_dataset_request *request, struct mcd_error *e)
{
    const struct mcd_columns *saved = &s->saved.frame.columns;
    int status = check_options(s, e);
    if (status || s->recipe.task != MCD_REGRESS)
        return status;
    request->type = MCD_F64;
    request->answer = MCD_TARGETS;
    if (s->labels)
        return MCD_OK;
    if (s->options.target && s->asked.answers == 0)
        status = mcd_columns_parse(&s->asked, s->options.target, e);
    if (s->options.target)
        request->columns = &s->asked;
    else if (saved->inputs > 0)
        request->columns = saved;
    request->answers_optional = split == MCD_TEST && !s->options.target;
    return status;
}

int mcd_prepare_grid(const struct mcd_session *s, struct mcd_dataset *d, struct mcd_error *e)
{
    const struct mcd_range *grid = &s->options.grid;
    int64_t inputs = s->saved.input.rank ? mcd_shape_count(&s->saved.input) : 1;
    int status = check_options(s, e);
    if (status)
        return status;
    if (inputs != 1)
        return mcd_fail(e, MCD_INVALID, "--grid",
                        "the model has %" PRId64 " inputs: expected a model of one", inputs);
    status = mcd_array_create(&d->x, MCD_F64, 2, (int64_t[]){grid->count, 1}, e);
    for (int64_t i = 0; status == MCD_OK && i < grid->count; i++)
        ((double *)d->x.data)[i] = grid->first + (double)i * grid->step;
    if (status == MCD_OK && !(d->source = strdup("the grid")))
        status = mcd_fail(e, MCD_NOMEM, "--grid", "out of memory");
    return status;
}

/* ---- which rows -------------------------------------------------------------------------- */

/* Whether the rows are those of which the frame set some aside. */
static int is_training_data(const struct mcd_session *s)
{
    return !s->options.input && s->options.grid.count == 0 &&
           (!s->frame_data || strcmp(s->frame_data, s->data_full) == 0);
}

static int keep_part(const struct mcd_session *s, const char *hold_out, int mark,
                     struct mcd_dataset *d, struct mcd_error *e)
{
    int64_t rows = d->x.dim[0];
    if (s->has_frame && s->frame.rows < rows) { /* as training saw it */
        rows = d->x.dim[0] = s->frame.rows;
        d->y.dim[0] = d->y.data ? rows : 0;
    }
    unsigned char *aside = mcd_host_zalloc(s->host, (size_t)rows, e);
    int status = aside
                     ? mcd_hold_out_choose(mcd_short_path(hold_out), s->frame_seed, rows, aside, e)
                     : MCD_NOMEM;
    if (status == MCD_OK) {
        mcd_hold_out_take(&d->x, aside, mark);
        mcd_hold_out_take(&d->y, aside, mark);
        d->held_out = mark;
    }
    s->host->release(s->host, aside);
    return status;
}

/* Data that a frame is of, kept while other data is read. */
static int set_frame_data(struct mcd_session *s, const char *data, struct mcd_error *e)
{
    free(s->frame_data);
    s->frame_data = data ? strdup(data) : NULL;
    return s->frame_data || !data ? MCD_OK : mcd_fail(e, MCD_NOMEM, "data", "out of memory");
}

/* ---- which units ------------------------------------------------------------------------- */

/* `rows`: with those that were set aside. */
static int make_frame(struct mcd_session *s, const struct mcd_dataset *d, int64_t rows,
                      struct mcd_error *e)
{
    struct mcd_frame f = {.columns = d->columns, .rows = rows};
    mcd_frame_clear(&s->frame);
    int status = mcd_hold_out_full_name(s->options.hold_out, &f.hold_out, e);
    if (status == MCD_OK)
        status = mcd_frame_copy(&s->frame, &f, e);
    free(f.hold_out);
    if (status == MCD_OK && d->y.data && !d->processed && !s->options.keep_units)
        status = mcd_frame_fit(&s->frame, &d->x, &d->y, d->source, e);
    s->has_frame = status == MCD_OK;
    return status;
}

/* The weights', unless the session has trained itself. */
static int find_frame(struct mcd_session *s, struct mcd_error *e)
{
    if (s->has_frame)
        return MCD_OK;
    int status = mcd_frame_copy(&s->frame, &s->saved.frame, e);
    s->has_frame = status == MCD_OK;
    s->frame_seed = s->saved.seed;
    return status ? status : set_frame_data(s, s->saved.data, e);
}

static int keep_truth(struct mcd_dataset *d, struct mcd_error *e)
{
    if (!d->y.data)
        return MCD_OK;
    int status = mcd_array_create(&d->truth, MCD_F64, d->y.rank, d->y.dim, e);
    if (status == MCD_OK)
        memcpy(d->truth.data, d->y.data, (size_t)mcd_array_count(&d->y) * sizeof(double));
    return status;
}

static int scale(const struct mcd_session *s, struct mcd_dataset *d, struct mcd_error *e)
{
    uint32_t type = mcd_model_has_fit(s->model) ? MCD_F64 : MCD_F32;
    int status = mcd_frame_scale_inputs(&s->frame, &d->x, d->source, e);
    if (status == MCD_OK)
        status = mcd_values_to_real(&d->x, type, d->source, e);
    if (status || !d->y.data)
        return status;
    status = mcd_frame_scale_answers(&s->frame, &d->y, d->answers, e);
    return status ? status : mcd_values_to_real(&d->y, type, d->answers, e);
}

int mcd_prepare_rows(struct mcd_session *s, enum mcd_split split, struct mcd_dataset *d,
                     struct mcd_error *e)
{
    int status = MCD_OK;
    if (s->recipe.task != MCD_REGRESS)
        return MCD_OK;
    if (split == MCD_TEST) {
        status = find_frame(s, e);
    } else {
        s->frame_seed = s->options.seed;
        s->has_frame = 0;
        status = set_frame_data(s, s->data_full, e);
    }
    int64_t all = d->x.dim[0];
    const char *hold_out = split == MCD_TRAIN ? s->options.hold_out : s->frame.hold_out;
    if (status == MCD_OK && hold_out && is_training_data(s))
        status = keep_part(s, hold_out, split == MCD_TEST, d, e);
    if (status == MCD_OK && split == MCD_TRAIN)
        status = make_frame(s, d, all, e);
    if (status == MCD_OK)
        status = keep_truth(d, e);
    return status ? status : scale(s, d, e);
}
