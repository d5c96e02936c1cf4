/*
 * For tests of the fake itself: device memory with content, what is found there, and wrong uses
 * that must be seen.
 *
 * Includes cmocka.h. Static inline, so that every test program stays one file.
 */
#ifndef TESTS_CUDA_FAKE_CASE_H
#define TESTS_CUDA_FAKE_CASE_H

#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define assert_fine(call) assert_int_equal((int)(call), 0)

/* The call that was made is a wrong use, and this is said of it. */
static inline void assert_wrong(const char *says)
{
    const char *wrong = fake_wrong_use();
    if (!wrong)
        fail_msg("'%s' was not seen", says);
    else if (!strstr(wrong, says))
        fail_msg("expected '%s' in '%s'", says, wrong);
    fake_recover();
}

static inline void assert_none_wrong(void)
{
    const char *wrong = fake_wrong_use();
    if (wrong)
        fail_msg("%s", wrong);
}

/* A stream of the case, which ends with nothing alive. */
static cudaStream_t stream;

static inline int case_setup(void **state)
{
    (void)state;
    fake_tolerate(1);
    fake_set("devices=1 driver=13000 capability=90 memory=1000000 order=lazy");
    return (int)cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
}

static inline int case_teardown(void **state)
{
    (void)state;
    fake_recover();
    int status = (int)cudaStreamDestroy(stream);
    const char *wrong = fake_wrong_use();
    long live = fake_live();
    if (status || wrong || live)
        print_error("status %d, %s, %ld alive\n", status, wrong ? wrong : "nothing wrong", live);
    fake_tolerate(0);
    return status || wrong || live ? -1 : 0;
}

static inline void *on_device(size_t bytes)
{
    void *at = NULL;
    assert_fine(cudaMalloc(&at, bytes));
    return at;
}

static inline float *floats_on_device(const float *value, size_t n)
{
    float *at = on_device(n * sizeof *at);
    assert_fine(cudaMemcpyAsync(at, value, n * sizeof *at, cudaMemcpyHostToDevice, stream));
    return at;
}

static inline float *pinned_floats(size_t n)
{
    void *at = NULL;
    assert_fine(cudaMallocHost(&at, n * sizeof(float)));
    return at;
}

static inline void read_floats(float *to, const float *at, size_t n)
{
    assert_fine(cudaMemcpyAsync(to, at, n * sizeof *at, cudaMemcpyDeviceToHost, stream));
}

#endif
