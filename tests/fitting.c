/* Runs of the trainer on the fixtures' data: see fitting.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fitting.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

const struct fitting fittings[FITTINGS] = {
    {"mlp_tiny_sgd", "mlp_tiny", "mlp_tiny", {MCD_SGD, 0.1, 0, 0}, 16},
    {"mlp_tiny_momentum", "mlp_tiny", "mlp_tiny", {MCD_SGD, 0.1, 0.9, 1e-3}, 16},
    {"mlp_tiny_adam", "mlp_tiny", "mlp_tiny", {MCD_ADAM, 1e-3, 0, 1e-2}, 16},
    {"mlp2_tiny_relu", "mlp2_tiny_relu", "mlp2_tiny", {MCD_ADAM, 1e-2, 0, 1e-3}, 0},
    {"mlp2_tiny_tanh", "mlp2_tiny_tanh", "mlp2_tiny", {MCD_ADAM, 1e-2, 0, 1e-3}, 0},
    {"mlp2_relu", "mlp2_relu", "mlp2", {MCD_ADAM, 1e-4, 0, 1e-6}, 0},
    {"mlp", "mlp", "mnist", {MCD_SGD, 0.1, 0, 0}, 128},
    {"lenet", "lenet", "mnist", {MCD_SGD, 0.01, 0, 0}, 128},
};

/* The data of a run; owned where the epochs' orders are the fixture's. */
struct examples {
    struct mcd_examples data;
    float *x;
    int32_t *label;
    size_t width;
    const struct mcd_array *from_x, *from_label, *order;
};

static void open_examples(struct examples *d, const struct fitting *f,
                          const struct mcd_safetensors *fixture, const struct mcd_examples *mnist)
{
    *d = (struct examples){0};
    if (strcmp(f->data, "mnist") == 0) {
        d->data = *mnist;
        return;
    }
    d->from_x = fixture_find(fixture, f->data, "x");
    d->data = (struct mcd_examples){.rows = d->from_x->dim[0], .x = d->from_x->data};
    if (f->update.optimiser == MCD_ADAM && f->batch == 0) {
        d->data.target = fixture_find(fixture, f->data, "y")->data;
        return;
    }
    d->from_label = fixture_find(fixture, f->data, "label");
    d->order = fixture_find(fixture, f->data, "order");
    size_t rows = (size_t)d->data.rows;
    d->width = (size_t)mcd_array_count(d->from_x) / rows;
    d->data.x = d->x = calloc(rows * d->width, sizeof *d->x);
    d->data.label = d->label = calloc(rows, sizeof *d->label);
    assert_true(d->x && d->label);
}

/* The data's own order becomes that of the fixture's epoch. */
static void reorder(struct examples *d, uint64_t epoch)
{
    for (int64_t i = 0; d->order && i < d->data.rows; i++) {
        int32_t from = ((int32_t *)d->order->data)[epoch * (uint64_t)d->data.rows + (uint64_t)i];
        memcpy(d->x + (size_t)i * d->width, (float *)d->from_x->data + (size_t)from * d->width,
               d->width * sizeof *d->x);
        d->label[i] = ((int32_t *)d->from_label->data)[from];
    }
}

void fitting_run(const struct fitting *f, struct mcd_host *host, const char *backend,
                 const struct mcd_safetensors *fixture, const struct mcd_examples *mnist,
                 uint32_t updates, uint64_t seed, struct fitted *result)
{
    struct mcd_error e = {0};
    struct examples d;
    struct mcd_trainer *trainer;
    *result = (struct fitted){0};
    open_examples(&d, f, fixture, mnist);
    reorder(&d, 0);
    result->network = net_open(net_find(f->net), host, backend);
    struct mcd_trainer_spec spec = {.network = result->network,
                                    .data = d.data,
                                    .update = f->update,
                                    .batch = f->batch,
                                    .seed = seed};
    assert_ok(mcd_trainer_create(&spec, &trainer, &e), e);
    uint64_t each = mcd_trainer_epoch_updates(trainer);
    for (uint64_t u = 0; u < updates; u++) {
        if (u % each == 0)
            reorder(&d, u / each);
        assert_ok(mcd_trainer_step(trainer, u, &result->loss[u], &result->rows[u], &e), e);
    }
    mcd_trainer_destroy(trainer);
    free(d.x);
    free(d.label);
}

double fitting_distance(const struct fitting *f, const struct mcd_safetensors *fixture,
                        const struct fitted *result, uint32_t updates)
{
    const double *expected = fixture_find(fixture, f->name, "loss")->data;
    double most = 0;
    for (uint32_t u = 0; u < updates; u++) {
        double away = fabs(result->loss[u] - expected[u]) / fabs(expected[u]);
        most = isnan(away) ? INFINITY : fmax(most, away);
    }
    return most;
}
