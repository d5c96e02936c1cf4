/*
 * Which card is taken, and what is said where there is none: card.c with a runtime of this file,
 * which answers what each case wants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"

/* Behind the header above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "../../backends/cuda/card.h"

#include <stdio.h>
#include <string.h>

/* ---- the runtime ----------------------------------------------------------------------------- */

static struct {
    cudaError_t counting, looking;
    int cards, driver, major, minor;
} machine;

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = machine.cards;
    return machine.counting;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = machine.driver;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int device)
{
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "%0100d", device);
    p->totalGlobalMem = (size_t)3 << 30;
    p->multiProcessorCount = 132;
    p->major = machine.major;
    p->minor = machine.minor;
    return machine.looking;
}

const char *cudaGetErrorName(cudaError_t error)
{
    return error == cudaErrorUnknown ? "cudaErrorUnknown" : "another";
}

const char *cudaGetErrorString(cudaError_t error)
{
    return error == cudaErrorUnknown ? "unknown error" : "another";
}

/* ---- cases ----------------------------------------------------------------------------------- */

static struct mcd_host *host;

static int setup(void **state)
{
    (void)state;
    host = mcd_host_create(1, NULL, NULL, NULL);
    return host ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    mcd_host_destroy(host);
    return 0;
}

static void assert_refused(int64_t number, const char *where, const char *text)
{
    struct mcd_cuda_card card;
    struct mcd_error e = {0};
    assert_int_equal(mcd_cuda_card_find(host, number, &card, &e), MCD_DEVICE);
    assert_string_equal(e.where, where);
    if (!strstr(e.text, text))
        fail_msg("'%s' is not in: %s", text, e.text);
}

static void says_what_is_missing(void **state)
{
    (void)state;
    machine.counting = cudaErrorInsufficientDriver;
    machine.driver = 0;
    assert_refused(0, "cuda", "there is no NVIDIA driver (libcuda.so.1): expected one for CUDA");
    machine.driver = 11040;
    assert_refused(0, "cuda", "the NVIDIA driver is too old: it is for CUDA 11.4, expected 1");
    machine.counting = cudaErrorNoDevice;
    assert_refused(0, "cuda", "the NVIDIA driver sees no card");
    machine.counting = cudaErrorUnknown;
    assert_refused(0, "cuda", "cards cannot be counted: unknown error (cudaErrorUnknown)");
    machine.counting = cudaSuccess;
    machine.cards = 0;
    assert_refused(0, "cuda", "the NVIDIA driver sees no card");
}

static void counts_cards(void **state)
{
    (void)state;
    machine.counting = cudaSuccess;
    machine.cards = 1;
    assert_refused(1, "device", "1: there is 1, expected 0");
    machine.cards = 2;
    assert_refused(2, "device", "2: there are 2, expected 0 to 1");
    assert_refused(1023, "device", "1023: there are 2, expected 0 to 1");
    machine.looking = cudaErrorUnknown;
    assert_refused(1, "device", "1 cannot be looked at: unknown error");
    machine.looking = cudaSuccess;
}

/* Those that cannot be used are listed, too, and so are those that cannot be looked at. */
static void describes_cards(void **state)
{
    struct mcd_device_info d = {.size = sizeof d};
    (void)state;
    machine.counting = cudaErrorInsufficientDriver;
    assert_int_equal(mcd_cuda_card_describe(host, 0, &d), 0);
    machine.counting = cudaSuccess;
    machine.cards = 2;
    machine.major = 1;
    machine.minor = 3;
    assert_int_equal(mcd_cuda_card_describe(host, 2, &d), 0);
    assert_int_equal(mcd_cuda_card_describe(host, 1, &d), 1);
    assert_int_equal(strlen(d.name), sizeof((struct mcd_cuda_card *)0)->name - 1);
    assert_string_equal(d.architecture, "compute capability 1.3");
    assert_true(d.memory == (size_t)3 << 30);
    assert_non_null(strstr(d.problem, "for which cuda was not built"));
    machine.looking = cudaErrorUnknown;
    d = (struct mcd_device_info){.size = sizeof d};
    assert_int_equal(mcd_cuda_card_describe(host, 1, &d), 1);
    assert_string_equal(d.problem, "1 cannot be looked at: unknown error (cudaErrorUnknown)");
    assert_true(!*d.name && !*d.architecture && !d.memory);
    machine.looking = cudaSuccess;
}

static int takes(int major, int minor)
{
    struct mcd_cuda_card card;
    struct mcd_error e = {0};
    machine.cards = 2;
    machine.major = major;
    machine.minor = minor;
    int status = mcd_cuda_card_find(host, 1, &card, &e);
    if (status) {
        assert_int_equal(status, MCD_DEVICE);
        assert_string_equal(e.where, "device");
        assert_non_null(strstr(e.text, "was not built"));
        return 0;
    }
    assert_int_equal(card.number, 1);
    assert_int_equal(card.count, 2);
    assert_int_equal(card.capability, 10 * major + minor);
    assert_int_equal(card.multiprocessors, 132);
    assert_int_equal(strlen(card.name), sizeof card.name - 1);
    assert_true(card.memory == (size_t)3 << 30);
    return 1;
}

/* Machine code runs on later minor versions alone, the last one's PTX on everything later. */
static void takes_what_it_was_built_for(void **state)
{
    (void)state;
    static const int built_for[] = {MCD_CUDA_ARCH};
    const int count = sizeof built_for / sizeof *built_for, last = built_for[count - 1];
    for (int i = 0; i < count; i++)
        assert_true(takes(built_for[i] / 10, built_for[i] % 10));
    assert_true(takes(built_for[0] / 10, 9));
    assert_true(takes(last / 10 + 7, 0));
    assert_false(takes(built_for[0] / 10, built_for[0] % 10 - 1));
    assert_false(takes(built_for[0] / 10 - 1, 9));
    assert_false(takes(1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(counts_cards),
        cmocka_unit_test(describes_cards),
        cmocka_unit_test(takes_what_it_was_built_for),
    };
    return cmocka_run_group_tests_name("card", tests, setup, teardown);
}
