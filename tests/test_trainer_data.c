/*
 * The first updates of the tutorial's networks, as PyTorch makes them: mlp and lenet on MNIST,
 * which is found through MCDROP_DATA_PATH, and mlp2 on the CO2 series. Skipped without MNIST.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fitting.h"

#include "core/base/host.h"
#include "core/io/dataset.h"
#include "core/plugin/search.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

enum { ROWS = 128 * FITTING_UPDATES };

static struct mcd_safetensors fixture;
static struct mcd_dataset mnist;

/* openblas and onednn may not have been built. */
static int is_there(const char *backend)
{
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    struct mcd_item *item;
    int is = mcd_item_open(host, MCD_BACKEND, backend, &item, NULL) == MCD_OK;
    mcd_item_close(host, item);
    mcd_host_destroy(host);
    return is;
}

static void check_run(const struct fitting *f, const char *backend, uint32_t updates)
{
    struct fitted t;
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, NULL);
    struct mcd_examples data = {.rows = ROWS, .x = mnist.x.data, .label = mnist.y.data};
    fitting_run(f, host, backend, &fixture, &data, updates, FITTING_SEED, &t);
    double away = fitting_distance(f, &fixture, &t, updates);
    if (!(away < 1e-4))
        fail_msg("%s on %s: losses away by %g", f->name, backend, away);
    mcd_network_close(t.network);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

static void check_all(const char *backend)
{
    if (!is_there(backend)) {
        print_message("# SKIPPED: %s is not there: not compared\n", backend);
        return;
    }
    for (int i = 0; i < FITTINGS; i++)
        if (strstr(fittings[i].name, "mlp2_relu")) /* some relu near 0 parts it later: test_mlp2 */
            check_run(&fittings[i], backend, FITTING_UPDATES / 2);
        else if (!strstr(fittings[i].name, "tiny"))
            check_run(&fittings[i], backend, FITTING_UPDATES);
}

static void losses_are_pytorchs(void **state)
{
    (void)state;
    check_all("openblas");
}

static void losses_of_onednn_are(void **state)
{
    (void)state;
    check_all("onednn");
}

/* Slow, so the first of them only. */
static void the_reference_agrees(void **state)
{
    (void)state;
    for (int i = 0; i < FITTINGS; i++)
        if (!strstr(fittings[i].name, "tiny"))
            check_run(&fittings[i], "reference", is_there("openblas") ? 1 : 3);
}

static int setup(void **state)
{
    (void)state;
    fixture_open(&fixture, "training.safetensors");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mcd_safetensors_clear(&fixture);
    mcd_dataset_clear(&mnist);
    return 0;
}

int main(void)
{
    struct mcd_error e = {0};
    struct mcd_dataset_request request = {.data = "mnist", .split = MCD_TRAIN, .classes = 10};
    if (getenv("MCDROP_FAST") || mcd_dataset_load(&mnist, &request, &e) != MCD_OK) {
        printf("1..0 # SKIP MNIST is not there, or the short form was asked for: %s %s\n", e.where,
               e.text);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_pytorchs),
        cmocka_unit_test(losses_of_onednn_are),
        cmocka_unit_test(the_reference_agrees),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
