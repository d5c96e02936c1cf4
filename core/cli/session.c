/* Opening what the options name, in the order in which it depends on each other. */
#include "core/cli/session.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/prepare.h"
#include "core/graph/infer.h"
#include "core/io/full_path.h"
#include "core/io/place.h"
#include "core/io/values.h"
#include "core/network/checkpoint.h"
#include "core/plugin/spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- model, backend, sampler ------------------------------------------------------------- */

static int read_weights_file(struct mcd_session *s, const char *path, struct mcd_error *e)
{
    int status = mcd_safetensors_read(path, &s->file, e);
    return status ? status : mcd_checkpoint_meta_read(&s->file, path, &s->saved, e);
}

static int has_setting(const struct mcd_spec *spec, const char *key)
{
    for (uint32_t i = 0; i < spec->count; i++)
        if (strcmp(spec->setting[i].key, key) == 0)
            return 1;
    return 0;
}

/* Appends the settings of `saved` that `given` does not have. `to` has room for all, quoted. */
static void complete(char *to, const struct mcd_spec *given, const struct mcd_spec *saved)
{
    uint32_t count = given->count;
    to += strlen(to);
    for (uint32_t i = 0; i < saved->count; i++) {
        const struct mcd_setting *s = &saved->setting[i];
        if (has_setting(given, s->key))
            continue;
        to += sprintf(to, "%c%s=\"", count++ ? ',' : ':', s->key);
        for (const char *c = s->value; *c; c++) {
            if (*c == '"' || *c == '\\')
                *to++ = '\\';
            *to++ = *c;
        }
        strcpy(to, "\"");
        to++;
    }
}

/* A file of weights may come from anyone: what it names may be looked up, but no path is loaded. */
static int refuse_path(const char *file, const char *option, const char *name, const char *value,
                       struct mcd_error *e)
{
    if (!strchr(value, '/'))
        return MCD_OK;
    return mcd_fail(e, MCD_UNSUPPORTED, mcd_place_file(file).text,
                    "names a plugin by its path, which is loaded only if you name it yourself: "
                    "expected %s to repeat %s%s",
                    option, name, value);
}

/* Those of `saved` that the user did not give himself. */
static int refuse_paths(const char *file, const struct mcd_spec *given,
                        const struct mcd_spec *saved, struct mcd_error *e)
{
    int status = MCD_OK;
    for (uint32_t i = 0; !status && i < saved->count; i++)
        if (!given || !has_setting(given, saved->setting[i].key)) {
            char name[52];
            snprintf(name, sizeof name, "%s=", mcd_show_text(saved->setting[i].key).text);
            status = refuse_path(file, "--model", name, saved->setting[i].value, e);
        }
    return status;
}

/* --model, with what it leaves open as the weights have it if they are of a model of that name. */
static int combine(struct mcd_session *s, const char *file, const char *given, const char *saved,
                   struct mcd_error *e)
{
    struct mcd_spec g = {0}, w = {0};
    int status = mcd_spec_parse(s->host, given, &g, e);
    if (!status && saved)
        status = mcd_spec_parse(s->host, saved, &w, e);
    if (!status && saved && strcmp(g.name, w.name) == 0)
        status = refuse_paths(file, given == saved ? NULL : &g, &w, e);
    if (!status && given == saved && w.path)
        status = refuse_path(file, "--model", "", w.path, e);
    if (!status) {
        s->spec = mcd_host_zalloc(s->host, strlen(given) + (saved ? 3 * strlen(saved) : 0) + 2, e);
        status = s->spec ? MCD_OK : MCD_NOMEM;
    }
    if (!status) {
        strcpy(s->spec, given);
        if (saved && strcmp(g.name, w.name) == 0)
            complete(s->spec, &g, &w);
    }
    mcd_spec_clear(s->host, &g);
    mcd_spec_clear(s->host, &w);
    return status;
}

/* `file` has told what `saved` is. */
static int choose_model(struct mcd_session *s, const char *file, struct mcd_error *e)
{
    const char *given = s->options.model, *saved = s->saved.model;
    if (!given && !saved)
        return mcd_fail(e, MCD_INVALID, "--model",
                        s->options.weights
                            ? "missing, and the weights do not say which model they belong to"
                            : "missing: expected a model, such as lenet or mlp:hidden=400x400");
    return combine(s, file, given ? given : saved, saved, e);
}

static int open_items(struct mcd_session *s)
{
    const char *sampler = s->options.sampler ? s->options.sampler : "bernoulli";
    struct mcd_error e = {0};
    int exit_status = mcd_open_item(s->host, MCD_MODEL, s->spec, &s->model);
    if (!exit_status && mcd_model_recipe(s->model, &s->recipe, &e))
        exit_status = mcd_report(&e);
    if (!exit_status)
        exit_status = mcd_open_item(s->host, MCD_BACKEND, s->options.backend, &s->backend);
    return exit_status ? exit_status : mcd_open_item(s->host, MCD_SAMPLER, sampler, &s->sampler);
}

static double or_saved(double given, double saved)
{
    return isnan(given) ? saved : given;
}

/* Whether the user names the data that the weights were trained on, by whatever path. */
static int is_saved_data(const struct mcd_session *s, const char *data, int *same,
                         struct mcd_error *e)
{
    char *full;
    int status = mcd_dataset_full_name(data, &full, e);
    *same = full && s->saved.data && strcmp(full, s->saved.data) == 0;
    free(full);
    return status;
}

static void adopt_training(struct mcd_training_options *t, const struct mcd_checkpoint_meta *saved)
{
    t->optimiser = t->optimiser ? t->optimiser : saved->update.optimiser;
    t->rate = or_saved(t->rate, saved->update.rate);
    t->momentum = or_saved(t->momentum, saved->update.momentum);
    t->decay = or_saved(t->decay, saved->update.decay);
    t->batch = t->batch >= 0 ? t->batch : saved->batch;
    t->schedule = t->schedule >= 0 ? t->schedule : (int)saved->schedule;
    t->keep_order = t->keep_order || !saved->shuffle;
    if (t->epochs < 0 && saved->wanted > 0)
        t->epochs = (int64_t)saved->wanted;
}

/* What the user left open becomes what an earlier run of the same model had. */
static int adopt(struct mcd_session *s, struct mcd_error *e)
{
    struct mcd_options *o = &s->options;
    const struct mcd_checkpoint_meta *saved = &s->saved;
    int same = 1;
    if (!saved->present)
        return MCD_OK;
    if (!o->has_seed) {
        o->seed = saved->seed;
        o->has_seed = 1;
    }
    o->backend = o->backend ? o->backend : saved->backend;
    o->rows = o->rows ? o->rows : saved->frame.hold_out ? saved->frame.rows : saved->rows;
    if (!saved->sampled)
        adopt_training(&o->training, saved);
    int status = o->data ? is_saved_data(s, o->data, &same, e) : MCD_OK;
    if (status || !same)
        return status;
    o->hold_out = o->hold_out ? o->hold_out : saved->frame.hold_out;
    o->keep_units = o->keep_units || (saved->has_frame && !saved->frame.mean);
    return MCD_OK;
}

/* Whether two specifications have models of the same name, whatever the folder. */
static int is_same_name(const struct mcd_session *s, const char *a, const char *b)
{
    struct mcd_spec x = {0}, y = {0};
    int same = a && b && mcd_spec_parse(s->host, a, &x, NULL) == MCD_OK &&
               mcd_spec_parse(s->host, b, &y, NULL) == MCD_OK && strcmp(x.name, y.name) == 0;
    mcd_spec_clear(s->host, &x);
    mcd_spec_clear(s->host, &y);
    return same;
}

static int read_earlier(struct mcd_session *s, const char *path, struct mcd_error *e)
{
    const char *given = s->options.model;
    int status = read_weights_file(s, path, e);
    mcd_safetensors_clear(&s->file);
    if (status == MCD_INVALID && given) { /* no reason not to train anew; resuming will refuse it */
        mcd_log(MCD_LOG_WARNING, "%s: %s", e->where, e->text);
        *e = (struct mcd_error){0};
        mcd_checkpoint_meta_clear(&s->saved);
        return MCD_OK;
    }
    if (status)
        return status;
    if (!given || is_same_name(s, given, s->saved.model))
        return adopt(s, e);
    mcd_checkpoint_meta_clear(&s->saved);
    return MCD_OK;
}

int mcd_session_open(struct mcd_session *s, const struct mcd_options *options, const char *earlier)
{
    struct mcd_error e = {0};
    int status = MCD_OK;
    s->options = *options;
    s->host = mcd_open_host(options->threads);
    if (!s->host)
        return MCD_EXIT_FAILURE;
    if (options->weights)
        status = read_weights_file(s, options->weights, &e);
    else if (earlier && access(earlier, F_OK) == 0)
        status = read_earlier(s, earlier, &e);
    const char *file = options->weights ? options->weights : earlier;
    if (!status && !options->backend && s->options.backend)
        status = refuse_path(file, "--backend", "", s->options.backend, &e);
    if (!status && choose_model(s, file, &e))
        return mcd_report_option(&e);
    if (s->saved.sampled &&
        !s->options.has_seed) { /* its predictions draw nothing, but for paths */
        s->options.seed = s->saved.seed;
        s->options.has_seed = 1;
    }
    if (!status)
        status = mcd_options_settle(s->host, &s->options, &e);
    return status ? mcd_report(&e) : open_items(s);
}

void mcd_session_close(struct mcd_session *s)
{
    if (!s->host)
        return;
    mcd_network_close(s->network);
    mcd_item_close(s->host, s->sampler);
    mcd_item_close(s->host, s->backend);
    mcd_item_close(s->host, s->model);
    s->host->release(s->host, s->spec);
    s->host->release(s->host, s->data_choice);
    free(s->data_full);
    free(s->labels_full);
    free(s->frame_data);
    mcd_columns_clear(&s->asked);
    mcd_frame_clear(&s->frame);
    mcd_checkpoint_meta_clear(&s->saved);
    mcd_safetensors_clear(&s->file);
    mcd_host_destroy(s->host);
    *s = (struct mcd_session){0};
}

/* ---- data -------------------------------------------------------------------------------- */

/*
 * Answers in a file of their own: given, or those of the training. A folder's test set has its own.
 */
static int choose_labels(struct mcd_session *s, const char *name, enum mcd_split split,
                         struct mcd_error *e)
{
    struct stat about;
    int same = 0, status = MCD_OK;
    int others = s->options.input || s->options.target || !s->saved.labels;
    s->labels = s->options.labels;
    if (!s->labels && !others &&
        (split == MCD_TRAIN || (stat(name, &about) == 0 && S_ISREG(about.st_mode))))
        status = is_saved_data(s, name, &same, e);
    if (same)
        s->labels = mcd_short_path(s->saved.labels);
    free(s->labels_full);
    s->labels_full = NULL;
    return status ? status : mcd_full_path(s->labels, &s->labels_full, e);
}

static int read_one(struct mcd_session *s, const char *name, enum mcd_split split,
                    struct mcd_dataset *d, struct mcd_error *e)
{
    struct mcd_dataset_request request = {.data = name, .split = split};
    free(s->data_full);
    int status = mcd_dataset_full_name(name, &s->data_full, e);
    if (!status)
        status = choose_labels(s, name, split, e);
    request.labels = s->labels;
    if (!status)
        status = mcd_prepare_request(s, split, &request, e);
    return status ? status : mcd_dataset_load(d, &request, e);
}

/* The first of a list that is there. A set that is there but damaged is a failure. */
static int read_first(struct mcd_session *s, const char *list, enum mcd_split split,
                      struct mcd_dataset *d, struct mcd_error *e)
{
    struct mcd_error last = {0};
    s->data_choice = mcd_host_strdup(s->host, list, e);
    if (!s->data_choice)
        return MCD_NOMEM;
    char *rest = s->data_choice;
    for (char *name; (name = strsep(&rest, ","));) {
        last = (struct mcd_error){0};
        int status = read_one(s, name, split, d, &last);
        if (status == MCD_OK)
            s->data_name = name;
        if (status != MCD_IO)
            return status ? mcd_fail(e, status, last.where, "%s", last.text) : MCD_OK;
    }
    return mcd_fail(e, last.code, last.where, "%s", last.text);
}

/* Data of earlier calls comes by the same name. */
static int read_named(struct mcd_session *s, enum mcd_split split, struct mcd_dataset *d,
                      struct mcd_error *e)
{
    const char *const names[] = {s->options.input, s->data_name, s->options.data,
                                 s->saved.data ? mcd_dataset_short_name(s->saved.data) : NULL};
    const char *list = s->recipe.data;
    if (s->options.grid.count) {
        s->data_name = "grid";
        return mcd_prepare_grid(s, d, e);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i]) {
            s->data_name = names[i];
            return read_one(s, names[i], split, d, e);
        }
    if (!list || !*list)
        return mcd_fail(e, MCD_INVALID, "--data", "missing: expected a data set");
    return read_first(s, list, split, d, e);
}

static void cut_rows(const struct mcd_session *s, struct mcd_dataset *d)
{
    int64_t rows = s->options.rows;
    if (rows == 0 || rows >= d->x.dim[0])
        return;
    d->x.dim[0] = rows;
    if (d->y.data)
        d->y.dim[0] = rows;
    if (d->truth.data)
        d->truth.dim[0] = rows;
}

/* "the first 3 of 68 held out of 272": `all` rows, of which `part` are this part. */
static void tell_rows(enum mcd_split split, const struct mcd_dataset *d, int64_t part, int64_t all)
{
    char first[48] = "", of[48] = "";
    if (d->x.dim[0] < part)
        snprintf(first, sizeof first, "the first %" PRId64 " of ", d->x.dim[0]);
    if (part < all)
        snprintf(of, sizeof of, " %s of %" PRId64, d->held_out ? "held out" : "kept", all);
    mcd_log(MCD_LOG_INFO, "%s data: %s%" PRId64 "%s rows of %s",
            split == MCD_TRAIN ? "training" : "test", first, part, of, d->source);
}

int mcd_session_read(struct mcd_session *s, enum mcd_split split, struct mcd_dataset *d)
{
    struct mcd_error e = {0};
    int64_t all = 0, part = 0;
    int status = read_named(s, split, d, &e);
    if (!status) {
        all = d->x.dim[0];
        if (split == MCD_TRAIN) /* before any are set aside */
            cut_rows(s, d);
        part = d->x.dim[0];
        status = mcd_prepare_rows(s, split, d, &e);
    }
    if (status)
        return strncmp(e.where, "--", 2) ? mcd_report(&e) : mcd_report_option(&e);
    if (d->x.dim[0] < part) /* set aside, or not */
        all = part, part = d->x.dim[0];
    else
        part = all;
    if (s->options.rows > d->x.dim[0] && !s->has_frame)
        mcd_log(MCD_LOG_WARNING, "--rows %" PRId64 " is more than there are in %s", s->options.rows,
                d->source);
    cut_rows(s, d);
    tell_rows(split, d, part, all);
    return MCD_EXIT_OK;
}

/* ---- network ----------------------------------------------------------------------------- */

/* One row's shape: the data's own, or the one of the training where it has as many values. */
static struct mcd_shape row_shape(const struct mcd_session *s, const struct mcd_dataset *d)
{
    struct mcd_shape shape = {.rank = d->x.rank - 1};
    memcpy(shape.dim, d->x.dim + 1, shape.rank * sizeof *shape.dim);
    const struct mcd_shape *saved = &s->saved.input;
    return saved->rank && mcd_shape_count(saved) == mcd_shape_count(&shape) ? *saved : shape;
}

/* What a model says of its input as a whole has no place of its own: it is the data's. */
static int fail_build(const struct mcd_session *s, const struct mcd_dataset *d,
                      const struct mcd_shape *shape, const struct mcd_error *e)
{
    char text[MCD_SHAPE_TEXT];
    struct mcd_error own = {0};
    if (e->code == MCD_INVALID && mcd_model_misnames_layer(s->host, s->model, shape))
        return mcd_report_option(e);
    if (*e->where)
        return mcd_report(e);
    mcd_fail(&own, e->code, mcd_place_file(d->source).text, "rows of shape %s do not suit %s: %s",
             mcd_shape_text(shape, text), s->model->plugin->name, e->text);
    return mcd_report(&own);
}

/* What does not suit may be the input, and then the weights are not to blame. */
static int fail_load(const struct mcd_session *s, const struct mcd_dataset *d,
                     const struct mcd_shape *shape, const struct mcd_error *e)
{
    char a[MCD_SHAPE_TEXT], b[MCD_SHAPE_TEXT];
    struct mcd_error own = {0};
    const struct mcd_shape *taken = &s->saved.input;
    if (e->code != MCD_INVALID || !taken->rank || mcd_shape_equal(taken, shape))
        return mcd_report(e);
    mcd_fail(&own, MCD_INVALID, mcd_place_file(d->source).text,
             "rows of shape %s: expected %s, which the weights take", mcd_shape_text(shape, a),
             mcd_shape_text(taken, b));
    return mcd_report(&own);
}

static int has_parameter(const struct mcd_item *model, const char *name)
{
    for (const struct mcd_param *p = model->plugin->params; p->kind; p++)
        if (strcmp(p->name, name) == 0)
            return 1;
    return 0;
}

/* `outputs`, where neither the user nor the weights say it: as mcdrop/model.h has it. */
static int complete_outputs(struct mcd_session *s, const struct mcd_dataset *d, struct mcd_error *e)
{
    struct mcd_spec spec = {0};
    if (s->recipe.task != MCD_REGRESS || !d->y.data || !has_parameter(s->model, "outputs"))
        return MCD_OK;
    int status = mcd_spec_parse(s->host, s->spec, &spec, e);
    if (!status && !has_setting(&spec, "outputs")) {
        size_t room = strlen(s->spec) + 40;
        char *longer = mcd_host_zalloc(s->host, room, e);
        if (longer) {
            snprintf(longer, room, "%s%coutputs=%" PRId64, s->spec, spec.count ? ',' : ':',
                     mcd_array_count(&d->y) / d->y.dim[0]);
            s->host->release(s->host, s->spec);
            s->spec = longer;
        }
        status = longer ? MCD_OK : MCD_NOMEM;
    }
    mcd_spec_clear(s->host, &spec);
    return status;
}

int mcd_session_build(struct mcd_session *s, struct mcd_dataset *d)
{
    struct mcd_error e = {0};
    struct mcd_shape shape = row_shape(s, d);
    int status = complete_outputs(s, d, &e);
    if (status)
        return mcd_report(&e);
    status = mcd_network_open(s->host, s->spec, s->options.backend, &shape, s->options.seed,
                              &s->network, &e);
    if (status)
        return fail_build(s, d, &shape, &e);
    if (!s->options.weights)
        return MCD_EXIT_OK;
    if (s->saved.model && strcmp(s->saved.model, s->network->model->spec) != 0)
        mcd_log(MCD_LOG_WARNING, "%s was trained as %s, used as %s", s->options.weights,
                s->saved.model, s->network->model->spec);
    status = mcd_weights_load(s->network, &s->file, s->options.weights, 0, &e);
    return status ? fail_load(s, d, &shape, &e) : MCD_EXIT_OK;
}

static int check_targets(const struct mcd_session *s, const struct mcd_dataset *d,
                         struct mcd_error *e)
{
    int64_t values = mcd_array_count(&d->y) / d->y.dim[0];
    int64_t outputs = s->network ? s->network->outputs : 1;
    if (values == outputs)
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(d->answers).text,
                    "%" PRId64 " values a row: expected %" PRId64 ", as the model has outputs",
                    values, outputs);
}

int mcd_session_check_answers(const struct mcd_session *s, struct mcd_dataset *d)
{
    struct mcd_error e = {0};
    int status;
    if (!d->y.data)
        status = mcd_fail(&e, MCD_INVALID, mcd_place_file(d->source).text, "no %s",
                          s->recipe.task == MCD_CLASSIFY
                              ? "labels: expected --labels FILE, or a folder that has both"
                              : "answers: expected --target COLUMN for a table, or --labels FILE");
    else if (s->recipe.task == MCD_CLASSIFY)
        status = mcd_values_to_labels(&d->y, s->network->outputs, d->answers, &e);
    else
        status = check_targets(s, d, &e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}
