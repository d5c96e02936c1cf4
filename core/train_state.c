/*
 * The metadata of a checkpoint: one JSON object that says what is trained on what ("run") and how
 * far it is ("state"). A run resumes only from a checkpoint whose "run" equals its own.
 */
#include "train_state.h"
#include "checkpoint.h"
#include "error.h"
#include "io/file.h"
#include "json.h"
#include "number.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* 64-bit numbers do not fit JSON's integers everywhere: they travel as text. */
static json_t *number_text(uint64_t n)
{
    return json_sprintf("%" PRIu64, n);
}

/* A checksum of the data, so that a run is not continued on something else. */
uint32_t mcd_train_data_checksum(const struct mcd_trainer_spec *s)
{
    const struct mcd_examples *d = &s->data;
    size_t rows = (size_t)d->rows, in = (size_t)mcd_shape_count(&s->network->input);
    uLong sum = crc32_z(0, (const Bytef *)d->x, rows * in * sizeof *d->x);
    if (d->label)
        sum = crc32_z(sum, (const Bytef *)d->label, rows * sizeof *d->label);
    if (d->target)
        sum = crc32_z(sum, (const Bytef *)d->target,
                      rows * (size_t)s->network->outputs * sizeof *d->target);
    return (uint32_t)sum;
}

/* Nothing rather than something that has lost a part for lack of memory. */
static json_t *complete(json_t *built, int failed)
{
    if (!failed)
        return built;
    json_decref(built);
    return NULL;
}

static json_t *shape_json(const struct mcd_shape *s)
{
    json_t *a = json_array();
    int failed = 0;
    for (uint32_t i = 0; i < s->rank; i++)
        failed |= json_array_append_new(a, json_integer(s->dim[i]));
    return complete(a, failed);
}

static json_t *run_json(const struct mcd_train *t)
{
    const struct mcd_trainer_spec *s = &t->trainer;
    int adam = s->update.optimiser == MCD_ADAM;
    json_t *run = json_pack("{s:s, s:o, s:s, s:I, s:I, s:o, s:s, s:f, s:f, s:f, s:i, s:b}", /**/
                            "model", s->network->model->spec,                               /**/
                            "input", shape_json(&s->network->input),                        /**/
                            "data", t->data ? t->data : "",                                 /**/
                            "rows", (json_int_t)s->data.rows,                               /**/
                            "data_crc32", (json_int_t)t->data_checksum,                     /**/
                            "seed", number_text(s->seed),                                   /**/
                            "optimiser", adam ? "adam" : "sgd",                             /**/
                            "rate", s->update.rate,                                         /**/
                            "momentum", s->update.momentum,                                 /**/
                            "decay", s->update.decay,                                       /**/
                            "batch", (int)s->batch,                                         /**/
                            "shuffle", s->shuffle);
    if (run && t->frame && s->network->recipe.task == MCD_REGRESS &&
        json_object_set_new(run, "frame", mcd_frame_json(t->frame))) {
        json_decref(run);
        return NULL;
    }
    return run;
}

static json_t *real_or_null(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *history_json(const struct mcd_train_state *s)
{
    json_t *history = json_array();
    int failed = 0;
    for (uint64_t i = 0; i < s->epochs; i++)
        failed |=
            json_array_append_new(history, json_pack("[o, o, o]", real_or_null(s->history[i].loss),
                                                     real_or_null(s->history[i].test),
                                                     real_or_null(s->history[i].seconds)));
    return complete(history, failed);
}

static json_t *state_json(const struct mcd_train *t, const struct mcd_train_state *s)
{
    const struct mcd_network *n = t->trainer.network;
    double tau = t->frame ? t->frame->tau : 0;
    return json_pack("{s:o, s:I, s:I, s:s, s:f, s:f, s:o, s:o*}", /**/
                     "update", number_text(s->update),            /**/
                     "tensors", (json_int_t)n->store->count,      /**/
                     "epochs", (json_int_t)t->epochs,             /**/
                     "backend", n->backend->spec,                 /**/
                     "loss_sum", s->loss_sum,                     /**/
                     "seconds", s->seconds,                       /**/
                     "history", history_json(s),                  /**/
                     "tau", tau > 0 ? json_real(tau) : NULL);
}

int mcd_train_state_save(const struct mcd_train *t, const struct mcd_train_state *s,
                         struct mcd_error *error)
{
    json_t *all =
        json_pack("{s:i, s:o, s:o}", "format", 1, "run", run_json(t), "state", state_json(t, s));
    char *text = mcd_json_text(all, JSON_COMPACT | JSON_REAL_PRECISION(17), NULL);
    json_decref(all);
    if (!text)
        return mcd_fail(error, MCD_NOMEM, t->checkpoint, "out of memory");
    struct mcd_metadata metadata = {MCD_METADATA_KEY, text};
    int status = mcd_weights_save(t->trainer.network, t->checkpoint, &metadata, 1, error);
    free(text);
    return status;
}

/* ---- resuming ---------------------------------------------------------------------------- */

/* A value as a user writes it; to be freed, NULL: none, or out of memory. */
static char *show(const json_t *value)
{
    if (json_is_string(value))
        return strdup(json_string_value(value));
    if (json_is_real(value))
        return strdup(mcd_number_show(json_real_value(value)).text);
    return mcd_json_text(value, JSON_ENCODE_ANY, NULL);
}

static int check_same_run(const struct mcd_train *t, const json_t *found, struct mcd_error *error)
{
    json_t *expected = run_json(t), *value;
    const char *key;
    int status = expected ? MCD_OK : mcd_fail(error, MCD_NOMEM, t->checkpoint, "out of memory");
    json_object_foreach(expected, key, value)
    {
        const json_t *other = json_object_get(found, key);
        if (status || json_equal(value, other))
            continue;
        char *a = show(other);
        char *b = show(value);
        status = mcd_fail(error, MCD_INVALID, t->checkpoint,
                          "was trained with %s %s, this run has %s: expected the same; "
                          "only --epochs, --backend and --threads may change",
                          key, a ? a : "none", b ? b : "another");
        free(a);
        free(b);
    }
    json_decref(expected);
    return status;
}

/* Loss, test score (null without one) and seconds. */
static int read_epoch(const json_t *line, struct mcd_epoch *e)
{
    const json_t *loss = json_array_get(line, 0), *test = json_array_get(line, 1);
    const json_t *seconds = json_array_get(line, 2);
    *e = (struct mcd_epoch){json_number_value(loss), NAN, json_number_value(seconds)};
    if (json_is_number(test))
        e->test = json_number_value(test);
    return json_is_number(loss) && json_is_number(seconds) &&
           (json_is_number(test) || json_is_null(test));
}

static int read_history(const struct mcd_train *t, const json_t *history, struct mcd_train_state *s,
                        struct mcd_error *error)
{
    size_t n = json_array_size(history);
    s->history = n ? malloc(n * sizeof *s->history) : NULL;
    if (n && !s->history)
        return mcd_fail(error, MCD_NOMEM, t->checkpoint, "out of memory");
    s->epochs = n;
    for (size_t i = 0; i < n; i++)
        if (!read_epoch(json_array_get(history, i), &s->history[i]))
            return mcd_fail(error, MCD_INVALID, t->checkpoint,
                            "its state is damaged: expected three numbers of epoch %zu", i + 1);
    return MCD_OK;
}

/* Updates of one epoch, as the trainer counts them. */
static uint64_t epoch_updates(const struct mcd_trainer_spec *s)
{
    uint64_t rows = (uint64_t)s->data.rows, batch = s->batch ? s->batch : rows;
    return batch ? (rows + batch - 1) / batch : 1;
}

static int read_state(const struct mcd_train *t, const json_t *state, struct mcd_train_state *s,
                      struct mcd_error *error)
{
    const char *update = json_string_value(json_object_get(state, "update"));
    int64_t done = -1;
    const json_t *loss = json_object_get(state, "loss_sum");
    const json_t *seconds = json_object_get(state, "seconds");
    const json_t *history = json_object_get(state, "history");
    if (!update || mcd_number_int(update, &done) || done < 0 || !json_is_number(loss) ||
        !json_is_number(seconds) || !json_is_array(history))
        return mcd_fail(error, MCD_INVALID, t->checkpoint,
                        "its state is damaged: expected update, loss_sum, seconds and history");
    s->update = (uint64_t)done;
    s->loss_sum = json_number_value(loss);
    s->seconds = json_number_value(seconds);
    /* A stop after an epoch's last update leaves its line to be written. */
    uint64_t each = epoch_updates(&t->trainer), epochs = s->update / each;
    size_t lines = json_array_size(history);
    if (lines != epochs && !(s->update % each == 0 && lines + 1 == epochs))
        return mcd_fail(error, MCD_INVALID, t->checkpoint,
                        "its state is damaged: it tells of %zu epochs after %s updates: expected "
                        "%" PRIu64,
                        lines, update, epochs);
    return read_history(t, history, s, error);
}

/* A tensor of the optimiser's that got lost would start from zeros again. */
static int check_tensors(const struct mcd_train *t, const struct mcd_safetensors *file,
                         const json_t *state, struct mcd_error *error)
{
    json_int_t tensors = json_integer_value(json_object_get(state, "tensors"));
    if ((json_int_t)file->count == tensors)
        return MCD_OK;
    return mcd_fail(error, MCD_INVALID, t->checkpoint, "has %zu tensors: expected %lld, as it says",
                    file->count, (long long)tensors);
}

static int resume_from(const struct mcd_train *t, const struct mcd_safetensors *file,
                       struct mcd_train_state *s, struct mcd_error *error)
{
    const char *text = mcd_safetensors_metadata(file, MCD_METADATA_KEY);
    json_error_t reason;
    json_t *all = NULL;
    int status = text ? mcd_json_parse(text, strlen(text), &all, &reason) : MCD_INVALID;
    if (status == MCD_NOMEM)
        return mcd_fail(error, status, t->checkpoint, "out of memory");
    if (!all || json_integer_value(json_object_get(all, "format")) != 1) {
        json_decref(all);
        return mcd_fail(error, MCD_INVALID, t->checkpoint,
                        "is no checkpoint: expected metadata '%s' of format 1", MCD_METADATA_KEY);
    }
    status = check_same_run(t, json_object_get(all, "run"), error);
    if (!status)
        status = read_state(t, json_object_get(all, "state"), s, error);
    if (!status)
        status = check_tensors(t, file, json_object_get(all, "state"), error);
    if (!status)
        status = mcd_weights_load(t->trainer.network, file, t->checkpoint, 1, error);
    json_decref(all);
    return status;
}

int mcd_train_resume(const struct mcd_train *t, struct mcd_train_state *state,
                     struct mcd_error *error)
{
    struct mcd_safetensors file = {0};
    struct mcd_train_state s = {0};
    int status = mcd_safetensors_read(t->checkpoint, &file, error);
    if (status)
        return status;
    status = resume_from(t, &file, &s, error);
    mcd_safetensors_clear(&file);
    if (status)
        mcd_train_state_clear(&s);
    else
        *state = s;
    return status;
}

/* ---- history ----------------------------------------------------------------------------- */

int mcd_train_history_save(const struct mcd_train *t, const struct mcd_train_state *s,
                           const char *path, struct mcd_error *error)
{
    struct mcd_output out = {0};
    int status = mcd_output_open(&out, path, error);
    if (status)
        return status;
    int classify = t->trainer.network->recipe.task == MCD_CLASSIFY;
    fprintf(out.stream, "epoch,loss,%s,seconds\n", classify ? "test_errors" : "test_mse");
    for (uint64_t i = 0; i < s->epochs; i++) {
        const struct mcd_epoch *e = &s->history[i];
        fprintf(out.stream, "%" PRIu64 ",%s,%s,%s\n", i + 1, mcd_number_show(e->loss).text,
                isfinite(e->test) ? mcd_number_show(e->test).text : "",
                mcd_number_show(e->seconds).text);
    }
    return mcd_output_commit(&out, error);
}
