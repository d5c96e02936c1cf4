/*
 * core/network/checkpoint.c: weights out and in again, PyTorch's files as they are, and what is
 * refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/nets.h"

#include "core/base/host.h"
#include "core/network/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

static const char mlp[] = "mlp:hidden=9x7,classes=4", f32[] = "reference",
                  f64[] = "reference:precision=f64";
static const char slot[] = "optimiser.first.model.hidden1.bias";

struct opened {
    struct mcd_host *host;
    struct mcd_network *network;
};

static void open_mlp(struct opened *o, const char *backend)
{
    struct mcd_error e = {0};
    struct mcd_shape in = mcd_shape2(6, 5);
    o->host = mcd_host_create(1, NULL, NULL, &e);
    assert_ok(mcd_network_open(o->host, mlp, backend, &in, 1, &o->network, &e), e);
}

static void close_mlp(struct opened *o)
{
    mcd_network_close(o->network);
    assert_int_equal(mcd_host_live(o->host), 0);
    mcd_host_destroy(o->host);
}

static double *values_of(struct mcd_network *n, const char *name, size_t *count)
{
    struct mcd_trial r = {.host = NULL, .store = n->store};
    return rig_get(&r, name, count);
}

/* ---- what is written is read ---------------------------------------------------------------- */

static void check_same_store(struct mcd_network *a, struct mcd_network *b)
{
    assert_int_equal(a->store->count, b->store->count);
    for (uint32_t i = 0; i < a->store->count; i++) {
        size_t n, m;
        double *x = values_of(a, a->store->entry[i].name, &n);
        double *y = values_of(b, a->store->entry[i].name, &m);
        assert_int_equal(n, m);
        assert_memory_equal(x, y, n * sizeof *x);
        free(x);
        free(y);
    }
}

static void add_zero_state(struct mcd_network *n)
{
    struct mcd_error e = {0};
    struct mcd_shape shape = mcd_shape1(7);
    assert_ok(mcd_store_add(n->store, slot, &shape, NULL, &e), e);
}

static void add_state(struct mcd_network *n)
{
    struct mcd_error e = {0};
    struct mcd_entry *entry;
    struct mcd_shape shape = mcd_shape1(7);
    double values[7] = {1, -2, 3, 0.1, 0.2, 1e-30, -1e30};
    assert_ok(mcd_store_add(n->store, slot, &shape, &entry, &e), e);
    assert_ok(mcd_store_write(n->store, entry, values, &e), e);
}

static void round_trip(const char *backend)
{
    struct mcd_error e = {0};
    struct opened a, b;
    struct mcd_safetensors file;
    struct mcd_metadata metadata = {"mcdrop", "{\"anything\":1}"};
    const char *path = scratch_path("w.safetensors");
    open_mlp(&a, backend);
    open_mlp(&b, backend);
    struct mcd_trial r = {.store = a.network->store};
    double seven[7] = {1, 2, 3, 4, 5, 6, 0.1};
    rig_set(&r, "model.hidden1.bias", seven);
    add_state(a.network);
    assert_ok(mcd_weights_save(a.network, path, &metadata, 1, &e), e);
    assert_int_equal(scratch_count(), 1);
    assert_ok(mcd_safetensors_read(path, &file, &e), e);
    assert_int_equal(file.count, 7);
    assert_string_equal(file.tensor[0].name, "model.input.weight");
    assert_string_equal(file.tensor[6].name, slot);
    assert_int_equal(file.tensor[0].value.type, a.network->store->type);
    assert_string_equal(mcd_safetensors_metadata(&file, "mcdrop"), "{\"anything\":1}");
    add_zero_state(b.network);
    assert_ok(mcd_weights_load(b.network, &file, path, 1, &e), e);
    check_same_store(a.network, b.network);
    mcd_safetensors_clear(&file);
    close_mlp(&a);
    close_mlp(&b);
}

static void weights_come_back(void **state)
{
    (void)state;
    round_trip(f32);
    round_trip(f64);
}

/* Without the optimiser its state is passed over. */
static void the_optimiser_is_a_choice(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct opened a, b;
    struct mcd_safetensors file;
    const char *path = scratch_path("w.safetensors");
    open_mlp(&a, f32);
    open_mlp(&b, f32);
    add_state(a.network);
    assert_ok(mcd_weights_save(a.network, path, NULL, 0, &e), e);
    assert_ok(mcd_safetensors_read(path, &file, &e), e);
    assert_ok(mcd_weights_load(b.network, &file, path, 0, &e), e);
    assert_int_equal(b.network->store->count, 6);
    mcd_safetensors_clear(&file);
    close_mlp(&a);
    close_mlp(&b);
}

/* A user's file of F32, in either precision; F64 in f32 is rounded. */
static void pytorchs_files_load(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        struct mcd_error e = {0};
        struct opened o;
        struct mcd_safetensors file;
        open_mlp(&o, wide ? f64 : f32);
        fixture_open(&file, "mlp_tiny.safetensors");
        assert_ok(mcd_weights_load(o.network, &file, "mlp_tiny", 0, &e), e);
        uint32_t k = 0;
        static const uint32_t fan_in[] = {30, 30, 9, 9, 7, 7};
        for (; k < o.network->store->count; k++) {
            size_t n;
            double *x = values_of(o.network, o.network->store->entry[k].name, &n);
            for (size_t i = 0; i < n; i++)
                assert_true(x[i] == fixture_parameter(k, (uint32_t)i, fan_in[k]));
            free(x);
        }
        mcd_safetensors_clear(&file);
        close_mlp(&o);
    }
}

/* ---- what is refused ------------------------------------------------------------------------ */

/* The fixture's weights, to be damaged. */
struct damaged {
    struct mcd_safetensors file, owned;
    struct mcd_safetensor tensor[10];
};

static void damaged_open(struct damaged *d)
{
    fixture_open(&d->owned, "mlp_tiny.safetensors");
    memcpy(d->tensor, d->owned.tensor, d->owned.count * sizeof *d->tensor);
    d->file = (struct mcd_safetensors){.count = d->owned.count, .tensor = d->tensor};
}

static struct mcd_safetensor *tensor(struct damaged *d, const char *name)
{
    for (size_t i = 0; i < d->file.count; i++)
        if (strcmp(d->tensor[i].name, name) == 0)
            return &d->tensor[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

/* One more, with the values of another one. */
static struct mcd_safetensor *add_tensor(struct damaged *d, const char *name, const char *like)
{
    d->tensor[d->file.count] = *tensor(d, like);
    d->tensor[d->file.count].name = name;
    return &d->tensor[d->file.count++];
}

static void expect_refusal(const struct damaged *d, int with_optimiser, const char *text)
{
    struct mcd_error e = {0};
    struct opened o, fresh;
    open_mlp(&o, f32);
    open_mlp(&fresh, f32);
    if (with_optimiser) {
        add_zero_state(o.network);
        add_zero_state(fresh.network);
    }
    assert_int_equal(mcd_weights_load(o.network, &d->file, "FILE", with_optimiser, &e),
                     MCD_INVALID);
    assert_error(e, MCD_INVALID, "FILE", text);
    check_same_store(o.network, fresh.network);
    close_mlp(&o);
    close_mlp(&fresh);
}

static void missing_and_surplus_tensors(void **state)
{
    (void)state;
    struct damaged d;
    damaged_open(&d);
    tensor(&d, "model.hidden1.bias")->name = "model.hidden1.bia";
    expect_refusal(&d, 0, "has no tensor model.hidden1.bias: mlp needs it");
    tensor(&d, "model.hidden1.bia")->name = "model.hidden1.bias";
    add_tensor(&d, "model.hidden2.bias", "model.hidden1.bias");
    expect_refusal(&d, 0, "has a tensor model.hidden2.bias that mlp does not have: expected its");
    d.file.count--;
    d.file.count--; /* model.final.bias is the last one */
    expect_refusal(&d, 0, "has no tensor model.final.bias: mlp needs it");
    mcd_safetensors_clear(&d.owned);
}

static void misshapen_tensors(void **state)
{
    (void)state;
    struct damaged d;
    damaged_open(&d);
    struct mcd_array *a = &tensor(&d, "model.input.weight")->value;
    a->dim[0] = 30;
    a->dim[1] = 9;
    expect_refusal(&d, 0, "tensor model.input.weight has shape [30, 9]: expected [9, 30]");
    a->rank = 1;
    a->dim[0] = 270;
    expect_refusal(&d, 0, "tensor model.input.weight has shape [270]: expected [9, 30]");
    mcd_safetensors_clear(&d.owned);
}

static void numbers_that_are_none(void **state)
{
    (void)state;
    struct damaged d;
    damaged_open(&d);
    struct mcd_array *a = &tensor(&d, "model.hidden1.weight")->value;
    float *x = a->data, kept = x[62];
    x[62] = NAN;
    expect_refusal(&d, 0,
                   "tensor model.hidden1.weight, element 62 is NaN: expected a finite number");
    x[62] = -INFINITY;
    expect_refusal(&d, 0, "tensor model.hidden1.weight, element 62 is infinite: expected a finite");
    x[62] = kept;
    a->type = MCD_I32;
    expect_refusal(&d, 0, "tensor model.hidden1.weight holds integers: expected F32 or F64");
    mcd_safetensors_clear(&d.owned);
}

/* State for no parameter, of another shape, or not finite would go on wrongly. */
static void states_of_the_optimiser(void **state)
{
    (void)state;
    struct damaged d;
    struct mcd_error e = {0};
    damaged_open(&d);
    expect_refusal(&d, 1, "has no tensor optimiser.first.model.hidden1.bias: mlp needs it");
    struct mcd_safetensor *mine = add_tensor(&d, slot, "model.hidden1.bias");
    add_tensor(&d, "optimiser.first.model.nothing", "model.final.bias");
    expect_refusal(&d, 1, "has a tensor optimiser.first.model.nothing that mlp does not have");
    d.file.count--;
    add_tensor(&d, "optimiser.third.model.final.bias", "model.final.bias");
    expect_refusal(&d, 1, "has a tensor optimiser.third.model.final.bias that mlp does not");
    d.file.count--;
    add_tensor(&d, "optimiser.second.model.hidden1.bias", "model.hidden1.bias");
    expect_refusal(&d, 1, "has a tensor optimiser.second.model.hidden1.bias that mlp does not");
    d.file.count--;
    struct mcd_array kept = mine->value;
    mine->value = tensor(&d, "model.final.bias")->value;
    expect_refusal(&d, 1, "has shape [4]: expected [7]");
    mine->value = kept;
    mine->value.type = MCD_I32;
    expect_refusal(&d, 1, "holds integers: expected F32 or F64");
    unsigned char bytes[7] = {0};
    mine->value.type = MCD_U8; /* a quarter of the floats' bytes */
    mine->value.data = bytes;
    expect_refusal(&d, 1, "holds integers: expected F32 or F64");
    float bad[7] = {0, 0, 0, 0, 0, 0, NAN};
    mine->value.type = MCD_F32;
    mine->value.data = bad;
    expect_refusal(&d, 1, "element 6 is NaN");
    double large[7] = {0, 0, 1e39, 0, 0, 0, 0};
    mine->value.type = MCD_F64;
    mine->value.data = large;
    expect_refusal(&d, 1, "element 2 is 1e+39: expected at most 3.40282e+38 in F32");
    struct opened o;
    open_mlp(&o, f32);
    assert_ok(mcd_weights_load(o.network, &d.file, "FILE", 0, &e), e); /* not looked at */
    close_mlp(&o);
    mcd_safetensors_clear(&d.owned);
}

/* A scalar parameter may come as [] or [1]. */
static mcd_val build_scaled(void *self, struct mcd_graph *g, mcd_val x)
{
    (void)self;
    return mcd_mul(g, x, mcd_param(g, "scale", mcd_shape0(), 1, 0));
}

static void scalars_have_two_shapes(void **state)
{
    (void)state;
    for (uint32_t rank = 0; rank < 3; rank++) {
        struct mcd_error e = {0};
        struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
        struct rig_network made;
        float three = 3, four = 4;
        struct mcd_safetensor t[2] = {{"scale", {MCD_F32, rank, {1, 1}, &three}},
                                      {"optimiser.first.scale", {MCD_F32, rank, {1, 1}, &four}}};
        struct mcd_safetensors file = {.count = 2, .tensor = t};
        rig_network_open(&made, host, f32, build_scaled, NULL, 2, mcd_shape1(3));
        struct mcd_shape scalar = mcd_shape0();
        assert_ok(mcd_store_add(made.network.store, "optimiser.first.scale", &scalar, NULL, &e), e);
        int status = mcd_weights_load(&made.network, &file, "FILE", 1, &e);
        if (rank == 2) {
            assert_error(e, MCD_INVALID, "FILE", "has shape [1, 1]: expected []");
        } else {
            assert_ok(status, e);
            assert_int_equal(made.network.store->entry[1].tensor.shape.rank, 0);
            double *x = values_of(&made.network, "optimiser.first.scale", NULL);
            assert_true(*x == 4);
            free(x);
        }
        rig_network_close(&made);
        assert_int_equal(mcd_host_live(host), 0);
        mcd_host_destroy(host);
    }
}

static void unwritable_places(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct opened o;
    open_mlp(&o, f32);
    const char *path = scratch_path("none/w.safetensors");
    assert_int_equal(mcd_weights_save(o.network, path, NULL, 0, &e), MCD_IO);
    assert_error(e, MCD_IO, "none/w.safetensors", "");
    close_mlp(&o);
}

/* ---- memory --------------------------------------------------------------------------------- */

static int save_and_load(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    struct mcd_network *n;
    struct mcd_safetensors file = {0};
    struct mcd_shape in = mcd_shape2(6, 5);
    const char *path = scratch_path("w.safetensors");
    (void)arg;
    int status = mcd_network_open(host, mlp, f32, &in, 1, &n, e);
    if (status)
        return status;
    status = mcd_weights_save(n, path, NULL, 0, e);
    if (!status)
        status = mcd_safetensors_read(path, &file, e);
    if (!status)
        status = mcd_weights_load(n, &file, path, 1, e);
    mcd_safetensors_clear(&file);
    mcd_network_close(n);
    return status;
}

static void no_allocation_is_trusted(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    assert_true(rig_starve(host, save_and_load, NULL) > 50);
    mcd_host_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(weights_come_back, scratch_empty),
        cmocka_unit_test_teardown(the_optimiser_is_a_choice, scratch_empty),
        cmocka_unit_test(pytorchs_files_load),
        cmocka_unit_test(missing_and_surplus_tensors),
        cmocka_unit_test(misshapen_tensors),
        cmocka_unit_test(numbers_that_are_none),
        cmocka_unit_test(states_of_the_optimiser),
        cmocka_unit_test(scalars_have_two_shapes),
        cmocka_unit_test(unwritable_places),
        cmocka_unit_test_teardown(no_allocation_is_trusted, scratch_empty),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
