/* The state of a training run: kept in its checkpoint's metadata, and its history as CSV. */
#include "core/train/train_state.h"

#include "core/base/error.h"
#include "core/base/number.h"
#include "core/io/file.h"
#include "core/network/checkpoint.h"
#include "core/train/checkpoint_meta.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

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

/* What a checkpoint of the run says; everything is borrowed. */
static struct mcd_checkpoint_meta describe(const struct mcd_train *t,
                                           const struct mcd_train_state *s)
{
    const struct mcd_trainer_spec *spec = &t->trainer;
    struct mcd_checkpoint_meta m = {
        .present = 1,
        .model = spec->network->model->spec,
        .data = t->data,
        .labels = t->labels,
        .backend = spec->network->backend->spec,
        .input = spec->network->input,
        .rows = spec->data.rows,
        .data_checksum = t->data_checksum,
        .seed = spec->seed,
        .update = spec->update,
        .batch = spec->batch,
        .shuffle = (int)spec->shuffle,
        .schedule = spec->schedule,
        .has_frame = t->frame && spec->network->recipe.task == MCD_REGRESS,
        .wanted = spec->epochs,
        .state = *s,
    };
    if (t->frame)
        m.frame = *t->frame;
    return m;
}

int mcd_train_state_save(const struct mcd_train *t, const struct mcd_train_state *s,
                         struct mcd_error *error)
{
    struct mcd_checkpoint_meta m = describe(t, s);
    char *text = mcd_checkpoint_meta_text(&m);
    if (!text)
        return mcd_fail(error, MCD_NOMEM, t->checkpoint, "out of memory");
    struct mcd_metadata metadata = {MCD_METADATA_KEY, text};
    int status = mcd_weights_save(t->trainer.network, t->checkpoint, &metadata, 1, error);
    free(text);
    return status;
}

/* ---- resuming ---------------------------------------------------------------------------- */

/* Weights and the optimiser's state; the network stays as it was on failure. */
static int load(const struct mcd_train *t, const struct mcd_safetensors *file,
                struct mcd_error *error)
{
    struct mcd_network *n = t->trainer.network;
    uint32_t before = n->store->count;
    int status = mcd_trainer_add_state(&t->trainer, error);
    if (!status)
        status = mcd_weights_load(n, file, t->checkpoint, 1, error);
    if (status)
        mcd_store_cut(n->store, before);
    return status;
}

static int resume_from(const struct mcd_train *t, const struct mcd_safetensors *file,
                       struct mcd_checkpoint_meta *found, struct mcd_error *error)
{
    struct mcd_train_state none = {0};
    struct mcd_checkpoint_meta wanted = describe(t, &none);
    int status = mcd_checkpoint_meta_read(file, t->checkpoint, found, error);
    if (status)
        return status;
    if (!found->present)
        return mcd_fail(error, MCD_INVALID, t->checkpoint,
                        "is no checkpoint: expected metadata '%s'", MCD_METADATA_KEY);
    status = mcd_checkpoint_meta_same_run(found, &wanted, t->checkpoint, error);
    return status ? status : load(t, file, error);
}

int mcd_train_resume(const struct mcd_train *t, struct mcd_train_state *state,
                     struct mcd_error *error)
{
    struct mcd_safetensors file = {0};
    struct mcd_checkpoint_meta found = {0};
    int status = mcd_safetensors_read(t->checkpoint, &file, error);
    if (status)
        return status;
    status = resume_from(t, &file, &found, error);
    mcd_safetensors_clear(&file);
    if (!status) {
        *state = found.state;
        found.state = (struct mcd_train_state){0};
    }
    mcd_checkpoint_meta_clear(&found);
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
