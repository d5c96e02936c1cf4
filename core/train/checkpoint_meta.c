/* Metadata of checkpoints to JSON and back. */
#include "core/train/checkpoint_meta.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/number.h"
#include "core/graph/infer.h"
#include "core/io/dataset.h"
#include "core/io/place.h"
#include "core/train/hold_out.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1 };

/* ---- writing ----------------------------------------------------------------------------- */

/* 64-bit numbers do not fit JSON's integers everywhere: they travel as text. */
static json_t *number_text(uint64_t n)
{
    return json_sprintf("%" PRIu64, n);
}

static json_t *shape_json(const struct mcd_shape *s)
{
    json_t *a = json_array();
    int failed = 0;
    for (uint32_t i = 0; i < s->rank; i++)
        failed |= json_array_append_new(a, json_integer(s->dim[i]));
    return mcd_json_complete(a, failed);
}

/* How a network is trained; NULL for lack of memory. */
static json_t *training_json(const struct mcd_checkpoint_meta *m)
{
    const struct mcd_update *u = &m->update;
    return json_pack("{s:s, s:f, s:f, s:f, s:I, s:b, s:s}",                  /**/
                     "optimiser", u->optimiser == MCD_ADAM ? "adam" : "sgd", /**/
                     "rate", u->rate,                                        /**/
                     "momentum", u->momentum,                                /**/
                     "decay", u->decay,                                      /**/
                     "batch", (json_int_t)m->batch,                          /**/
                     "shuffle", m->shuffle,                                  /**/
                     "schedule", mcd_rate_schedules[m->schedule]);
}

static json_t *run_json(const struct mcd_checkpoint_meta *m)
{
    json_t *run = json_pack("{s:s, s:o, s:s, s:s*, s:I, s:I, s:o}",     /**/
                            "model", m->model,                          /**/
                            "input", shape_json(&m->input),             /**/
                            "data", m->data ? m->data : "",             /**/
                            "labels", m->labels,                        /**/
                            "rows", (json_int_t)m->rows,                /**/
                            "data_crc32", (json_int_t)m->data_checksum, /**/
                            "seed", number_text(m->seed));
    json_t *how = m->sampled ? json_pack("{s:b}", "sampled", 1) : training_json(m);
    int failed = json_object_update(run, how);
    json_decref(how);
    if (!failed && m->has_frame)
        failed = json_object_set_new(run, "frame", mcd_frame_json(&m->frame));
    return mcd_json_complete(run, failed);
}

static json_t *history_json(const struct mcd_train_state *s)
{
    json_t *history = json_array();
    int failed = 0;
    for (uint64_t i = 0; i < s->epochs; i++)
        failed |=
            json_array_append_new(history, json_pack("[o, o, o]", mcd_json_real(s->history[i].loss),
                                                     mcd_json_real(s->history[i].test),
                                                     mcd_json_real(s->history[i].seconds)));
    return mcd_json_complete(history, failed);
}

static json_t *state_json(const struct mcd_checkpoint_meta *m)
{
    const struct mcd_train_state *s = &m->state;
    if (m->sampled)
        return json_pack("{s:s, s:f}", "backend", m->backend, "seconds", s->seconds);
    return json_pack("{s:o, s:I, s:s, s:f, s:f, s:o, s:o*}", /**/
                     "update", number_text(s->update),       /**/
                     "epochs", (json_int_t)m->wanted,        /**/
                     "backend", m->backend,                  /**/
                     "loss_sum", s->loss_sum,                /**/
                     "seconds", s->seconds,                  /**/
                     "history", history_json(s),             /**/
                     "tau", m->frame.tau > 0 ? json_real(m->frame.tau) : NULL);
}

char *mcd_checkpoint_meta_text(const struct mcd_checkpoint_meta *m)
{
    json_t *all =
        json_pack("{s:i, s:o, s:o}", "format", FORMAT, "run", run_json(m), "state", state_json(m));
    char *text = mcd_json_text(all, JSON_COMPACT | JSON_REAL_PRECISION(17), NULL);
    json_decref(all);
    return text;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* An object of the metadata. The first failure stays, the rest of the reading goes on. */
struct reader {
    const json_t *object;
    const char *path;
    int status;
    struct mcd_error *error;
};

static void refuse(struct reader *r, const char *key, const char *expected)
{
    if (r->status)
        return;
    const json_t *value = json_object_get(r->object, key);
    char *text = value ? mcd_json_text(value, JSON_ENCODE_ANY | JSON_COMPACT, NULL) : NULL;
    r->status = mcd_fail(r->error, MCD_INVALID, mcd_place_file(r->path).text,
                         "metadata '%s': %s is %s: expected %s", MCD_METADATA_KEY, key,
                         text ? mcd_show_text(text).text : "missing", expected);
    free(text);
}

static void no_memory(struct reader *r)
{
    if (!r->status)
        r->status = mcd_fail(r->error, MCD_NOMEM, mcd_place_file(r->path).text,
                             "no memory for its metadata");
}

static const json_t *read_object(struct reader *r, const char *key)
{
    const json_t *value = json_object_get(r->object, key);
    if (!json_is_object(value))
        refuse(r, key, "an object");
    return value;
}

static void read_text(struct reader *r, const char *key, int may_be_empty, const char **to)
{
    const char *text = json_string_value(json_object_get(r->object, key));
    if (!text || (!*text && !may_be_empty)) {
        refuse(r, key, "a text");
        return;
    }
    *to = *text ? strdup(text) : NULL;
    if (*text && !*to)
        no_memory(r);
}

static int64_t read_integer(struct reader *r, const char *key, int64_t from, int64_t to)
{
    const json_t *value = json_object_get(r->object, key);
    char expected[64];
    if (json_is_integer(value) && json_integer_value(value) >= from &&
        json_integer_value(value) <= to)
        return json_integer_value(value);
    snprintf(expected, sizeof expected, "%" PRId64 " to %" PRId64, from, to);
    refuse(r, key, expected);
    return 0;
}

/* Digits, as many as fit 64 bits. */
static uint64_t read_number_text(struct reader *r, const char *key)
{
    const char *text = json_string_value(json_object_get(r->object, key));
    errno = 0;
    uint64_t n = text ? strtoull(text, NULL, 10) : 0;
    if (!text || !*text || text[strspn(text, "0123456789")] || errno == ERANGE)
        refuse(r, key, "a whole number from 0 to 2^64 - 1 as a text");
    return n;
}

/* jansson knows neither NaN nor infinity. */
static double read_real(struct reader *r, const char *key, double from)
{
    const json_t *value = json_object_get(r->object, key);
    double x = json_number_value(value);
    if (!json_is_number(value) || x < from)
        refuse(r, key, from == 0 ? "a number from 0" : "a number");
    return x;
}

static void read_shape(struct reader *r, const char *key, struct mcd_shape *shape)
{
    const json_t *value = json_object_get(r->object, key);
    struct mcd_shape s = {.rank = (uint32_t)json_array_size(value)};
    int good = json_is_array(value) && json_array_size(value) <= MCD_MAX_RANK;
    for (uint32_t i = 0; good && i < s.rank; i++) {
        good = json_is_integer(json_array_get(value, i));
        s.dim[i] = json_integer_value(json_array_get(value, i));
    }
    if (good && mcd_shape_check(&s, "", NULL) == MCD_OK)
        *shape = s;
    else
        refuse(r, key, "extents from 1, of 2^40 values at most");
}

static uint32_t read_optimiser(struct reader *r, const char *key)
{
    const char *name = json_string_value(json_object_get(r->object, key));
    if (name && strcmp(name, "adam") == 0)
        return MCD_ADAM;
    if (!name || strcmp(name, "sgd") != 0)
        refuse(r, key, "\"sgd\" or \"adam\"");
    return MCD_SGD;
}

static uint32_t read_schedule(struct reader *r, const char *key)
{
    const json_t *value = json_object_get(r->object, key);
    uint32_t schedule = value ? mcd_rate_schedule_of(json_string_value(value)) : MCD_RATE_CONSTANT;
    if (schedule < MCD_RATE_SCHEDULES)
        return schedule;
    refuse(r, key, "\"constant\" or \"cosine\"");
    return MCD_RATE_CONSTANT;
}

static void read_training(struct reader *r, struct mcd_checkpoint_meta *m)
{
    const json_t *shuffle = json_object_get(r->object, "shuffle");
    m->update.optimiser = read_optimiser(r, "optimiser");
    m->update.rate = read_real(r, "rate", 0);
    m->update.momentum = read_real(r, "momentum", 0);
    m->update.decay = read_real(r, "decay", 0);
    m->batch = read_integer(r, "batch", 0, UINT32_MAX);
    m->shuffle = json_is_true(shuffle);
    if (!json_is_boolean(shuffle))
        refuse(r, "shuffle", "true or false");
    m->schedule = read_schedule(r, "schedule");
}

static void read_run(struct reader *r, struct mcd_checkpoint_meta *m)
{
    read_text(r, "model", 0, &m->model);
    read_shape(r, "input", &m->input);
    read_text(r, "data", 1, &m->data);
    if (json_object_get(r->object, "labels"))
        read_text(r, "labels", 0, &m->labels);
    m->rows = read_integer(r, "rows", 1, INT32_MAX);
    m->data_checksum = (uint32_t)read_integer(r, "data_crc32", 0, UINT32_MAX);
    m->seed = read_number_text(r, "seed");
    m->sampled = json_is_true(json_object_get(r->object, "sampled"));
    if (!m->sampled)
        read_training(r, m);
    const json_t *frame = json_object_get(r->object, "frame");
    if (r->status || !frame)
        return;
    m->has_frame = 1;
    r->status = mcd_frame_parse(&m->frame, frame, r->path, r->error);
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

static void read_history(struct reader *r, const char *key, struct mcd_train_state *s)
{
    const json_t *history = json_object_get(r->object, key);
    size_t n = json_array_size(history);
    if (!json_is_array(history))
        refuse(r, key, "one line of each epoch");
    if (r->status || n == 0)
        return;
    s->history = malloc(n * sizeof *s->history);
    if (!s->history) {
        no_memory(r);
        return;
    }
    s->epochs = n;
    for (size_t i = 0; i < n; i++)
        if (!read_epoch(json_array_get(history, i), &s->history[i]))
            refuse(r, key, "three numbers of each epoch");
}

/* The line of an epoch is written a moment after its last update. */
static void check_history(struct reader *r, const struct mcd_checkpoint_meta *m)
{
    const struct mcd_train_state *s = &m->state;
    uint64_t rows = (uint64_t)m->rows;
    uint64_t batch = m->batch && m->batch < m->rows ? (uint64_t)m->batch : rows;
    uint64_t each = batch ? (rows + batch - 1) / batch : 1;
    uint64_t complete_epochs = s->update / each;
    if (s->epochs == complete_epochs ||
        (s->epochs + 1 == complete_epochs && s->update % each == 0) || r->status)
        return;
    r->status = mcd_fail(r->error, MCD_INVALID, mcd_place_file(r->path).text,
                         "metadata '%s': history tells of %" PRIu64 " epochs after %" PRIu64
                         " updates: expected %" PRIu64,
                         MCD_METADATA_KEY, s->epochs, s->update, complete_epochs);
}

static void read_state(struct reader *r, struct mcd_checkpoint_meta *m)
{
    read_text(r, "backend", 0, &m->backend);
    m->state.seconds = read_real(r, "seconds", 0);
    if (m->sampled)
        return;
    m->state.update = read_number_text(r, "update");
    m->wanted = (uint64_t)read_integer(r, "epochs", 0, INT64_MAX);
    m->state.loss_sum = read_real(r, "loss_sum", -HUGE_VAL);
    read_history(r, "history", &m->state);
    if (json_object_get(r->object, "tau"))
        m->frame.tau = read_real(r, "tau", 0);
    check_history(r, m);
}

/* Owned texts, after the reading. */
static void complete_names(struct reader *r, struct mcd_checkpoint_meta *m)
{
    char *data = NULL, *hold_out = NULL;
    if (r->status)
        return;
    r->status = mcd_dataset_full_name(m->data, &data, r->error);
    if (!r->status)
        r->status = mcd_hold_out_full_name(m->frame.hold_out, &hold_out, r->error);
    if (r->status) {
        free(data);
        return;
    }
    free((void *)m->data);
    free(m->frame.hold_out);
    m->data = data;
    m->frame.hold_out = hold_out;
}

static int read_all(const json_t *all, const char *path, struct mcd_checkpoint_meta *m,
                    struct mcd_error *error)
{
    struct reader r = {.object = all, .path = path, .error = error};
    read_integer(&r, "format", FORMAT, FORMAT);
    const json_t *run = read_object(&r, "run"), *state = read_object(&r, "state");
    r.object = run;
    if (!r.status)
        read_run(&r, m);
    r.object = state;
    if (!r.status)
        read_state(&r, m);
    complete_names(&r, m);
    m->present = 1;
    return r.status;
}

int mcd_checkpoint_meta_read(const struct mcd_safetensors *file, const char *path,
                             struct mcd_checkpoint_meta *m, struct mcd_error *error)
{
    const char *text = mcd_safetensors_metadata(file, MCD_METADATA_KEY);
    *m = (struct mcd_checkpoint_meta){0};
    if (!text)
        return MCD_OK;
    json_error_t reason;
    json_t *all;
    int status = mcd_json_parse(text, strlen(text), &all, &reason);
    if (status == MCD_NOMEM)
        return mcd_fail(error, status, mcd_place_file(path).text, "no memory for its metadata");
    if (status)
        return mcd_fail(error, MCD_INVALID, mcd_place_file(path).text,
                        "its metadata '%s' is damaged: expected a JSON object", MCD_METADATA_KEY);
    status = read_all(all, path, m, error);
    json_decref(all);
    if (status)
        mcd_checkpoint_meta_clear(m);
    return status;
}

void mcd_checkpoint_meta_clear(struct mcd_checkpoint_meta *m)
{
    free((void *)m->model);
    free((void *)m->data);
    free((void *)m->labels);
    free((void *)m->backend);
    mcd_frame_clear(&m->frame);
    mcd_train_state_clear(&m->state);
    *m = (struct mcd_checkpoint_meta){0};
}

/* ---- comparing --------------------------------------------------------------------------- */

/* A value as a user writes it; to be freed, NULL: none, or out of memory. */
static char *show(const json_t *value)
{
    if (json_is_string(value))
        return strdup(json_string_value(value));
    if (json_is_real(value))
        return strdup(mcd_number_show(json_real_value(value)).text);
    return mcd_json_text(value, JSON_ENCODE_ANY, NULL);
}

/* MCD_OK, or the first key of `wanted` that `found` has otherwise. */
static int compare(const json_t *found, json_t *wanted, const char *path, struct mcd_error *error)
{
    json_t *value;
    const char *key;
    int status = MCD_OK;
    json_object_foreach(wanted, key, value)
    {
        const json_t *other = json_object_get(found, key);
        if (status || json_equal(value, other))
            continue;
        char *a = show(other);
        char *b = show(value);
        status = mcd_fail(error, MCD_INVALID, path,
                          "was trained with %s %s, this run has %s: expected the same; "
                          "only %s--backend and --threads may change",
                          key, a ? a : "none", b ? b : "another",
                          json_object_get(wanted, "epochs") ? "" : "--epochs, ");
        free(a);
        free(b);
    }
    return status;
}

int mcd_checkpoint_meta_same_run(const struct mcd_checkpoint_meta *found,
                                 const struct mcd_checkpoint_meta *wanted, const char *path,
                                 struct mcd_error *error)
{
    json_t *a = run_json(found), *b = run_json(wanted);
    json_object_del(b, "labels"); /* what they say is in the checksum */
    int failed = !a || !b;
    if (!failed && wanted->schedule != MCD_RATE_CONSTANT)
        failed = json_object_set_new(a, "epochs", json_integer((json_int_t)found->wanted)) ||
                 json_object_set_new(b, "epochs", json_integer((json_int_t)wanted->wanted));
    int status =
        failed ? mcd_fail(error, MCD_NOMEM, path, "out of memory") : compare(a, b, path, error);
    json_decref(a);
    json_decref(b);
    return status;
}
