/* Reads the part of a checkpoint's metadata that others than its own run need. */
#include "saved.h"
#include "error.h"
#include "host.h"
#include "io/place.h"
#include "json.h"
#include "number.h"
#include "train_state.h"

#include <jansson.h>
#include <string.h>

static int read_text(const struct mcd_host *host, const json_t *text, char **to,
                     struct mcd_error *error)
{
    const char *value = json_string_value(text);
    if (!value || !*value)
        return MCD_OK;
    *to = mcd_host_strdup(host, value, error);
    return *to ? MCD_OK : MCD_NOMEM;
}

static void read_shape(const json_t *input, struct mcd_shape *shape)
{
    size_t rank = json_array_size(input);
    if (rank > MCD_MAX_RANK)
        return;
    for (size_t i = 0; i < rank; i++) {
        shape->dim[i] = (int64_t)json_integer_value(json_array_get(input, i));
        if (shape->dim[i] < 1)
            return;
    }
    shape->rank = (uint32_t)rank;
}

static void read_training(const json_t *run, struct mcd_saved *s)
{
    const char *optimiser = json_string_value(json_object_get(run, "optimiser"));
    if (!optimiser)
        return;
    s->update.optimiser = strcmp(optimiser, "adam") ? MCD_SGD : MCD_ADAM;
    s->update.rate = json_number_value(json_object_get(run, "rate"));
    s->update.momentum = json_number_value(json_object_get(run, "momentum"));
    s->update.decay = json_number_value(json_object_get(run, "decay"));
    s->rows = (int64_t)json_integer_value(json_object_get(run, "rows"));
    s->batch = (int64_t)json_integer_value(json_object_get(run, "batch"));
    s->shuffle = json_is_true(json_object_get(run, "shuffle"));
}

/* Of a regression; nothing for others. */
static int read_frame(const json_t *all, const char *path, struct mcd_saved *s,
                      struct mcd_error *error)
{
    const json_t *frame = json_object_get(json_object_get(all, "run"), "frame");
    const json_t *tau = json_object_get(json_object_get(all, "state"), "tau");
    s->has_frame = frame != NULL;
    int status = frame ? mcd_frame_parse(&s->frame, frame, path, error) : MCD_OK;
    if (status == MCD_OK && json_is_number(tau) && json_number_value(tau) > 0)
        s->frame.tau = json_number_value(tau);
    return status;
}

static int read_run(const struct mcd_host *host, const json_t *all, struct mcd_saved *s,
                    struct mcd_error *error)
{
    const json_t *run = json_object_get(all, "run");
    const char *seed = json_string_value(json_object_get(run, "seed"));
    int64_t number = 0;
    s->has_seed = seed && mcd_number_int(seed, &number) == MCD_NUMBER_OK && number >= 0;
    s->seed = (uint64_t)number;
    const json_t *state = json_object_get(all, "state");
    s->epochs = json_array_size(json_object_get(state, "history"));
    s->wanted = (uint64_t)json_integer_value(json_object_get(state, "epochs"));
    read_training(run, s);
    read_shape(json_object_get(run, "input"), &s->input);
    int status = read_text(host, json_object_get(run, "model"), &s->model, error);
    if (!status)
        status = read_text(host, json_object_get(run, "data"), &s->data, error);
    return status ? status : read_text(host, json_object_get(state, "backend"), &s->backend, error);
}

int mcd_saved_read(const struct mcd_host *host, const struct mcd_safetensors *file,
                   const char *path, struct mcd_saved *saved, struct mcd_error *error)
{
    const char *text = mcd_safetensors_metadata(file, MCD_METADATA_KEY);
    *saved = (struct mcd_saved){0};
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
    status = read_run(host, all, saved, error);
    if (!status)
        status = read_frame(all, path, saved, error);
    json_decref(all);
    if (status)
        mcd_saved_clear(host, saved);
    return status;
}

void mcd_saved_clear(const struct mcd_host *host, struct mcd_saved *s)
{
    host->release(host, s->model);
    host->release(host, s->data);
    host->release(host, s->backend);
    mcd_frame_clear(&s->frame);
    *s = (struct mcd_saved){0};
}
