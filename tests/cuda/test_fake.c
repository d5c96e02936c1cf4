/*
 * The fake CUDA does what it is there for: work waits, memory is poisoned, and every use that CUDA
 * forbids or leaves undefined is seen.
 */
#include "fake_case.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* y[i] += x[i] */
struct add_args {
    float *y;
    const float *x;
};

static void add(const void *args, int64_t count, int backwards)
{
    const struct add_args *a = args;
    for (int64_t n = 0; n < count; n++) {
        int64_t i = backwards ? count - 1 - n : n;
        a->y[i] += a->x[i];
    }
}

static cudaError_t launch_add(float *y, const float *x, int64_t count)
{
    const struct add_args args = {y, x};
    return fake_launch("add", stream, count, add, &args, sizeof args);
}

/* ---- work and memory ------------------------------------------------------------------------- */

static void work_waits_until_it_is_waited_for(void **state)
{
    (void)state;
    float *pinned = pinned_floats(2), *x = floats_on_device((float[]){1, 2}, 2);
    pinned[0] = pinned[1] = 7;
    assert_fine(launch_add(x, x, 2));
    assert_fine(cudaMemcpyAsync(pinned, x, 8, cudaMemcpyDeviceToHost, stream));
    assert_int_equal(cudaStreamQuery(stream), cudaErrorNotReady);
    assert_true(pinned[0] == 7 && pinned[1] == 7);
    assert_fine(cudaStreamSynchronize(stream));
    assert_fine(cudaStreamQuery(stream));
    assert_true(pinned[0] == 2 && pinned[1] == 4);
    assert_fine(cudaFree(x));
    assert_fine(cudaFreeHost(pinned));
}

static void fresh_memory_is_nan(void **state)
{
    (void)state;
    float *x = on_device(8), *pinned = pinned_floats(1), value[2];
    read_floats(value, x, 2);
    assert_true(isnan(value[0]) && isnan(value[1]) && isnan(*pinned));
    assert_fine(cudaFree(x));
    assert_fine(cudaFreeHost(pinned));
}

static void pinned_sources_are_read_late_others_at_once(void **state)
{
    (void)state;
    float *pinned = pinned_floats(1), plain = 1, value, *x = on_device(4), *y = on_device(4);
    *pinned = 1;
    assert_fine(cudaMemcpyAsync(x, pinned, 4, cudaMemcpyHostToDevice, stream));
    assert_fine(cudaMemcpyAsync(y, &plain, 4, cudaMemcpyHostToDevice, stream));
    *pinned = plain = 2;
    read_floats(&value, x, 1);
    assert_true(value == 2);
    read_floats(&value, y, 1);
    assert_true(value == 1);
    assert_fine(cudaFree(x));
    assert_fine(cudaFree(y));
    assert_fine(cudaFreeHost(pinned));
}

/* The signal that ends a process which does this; 0: none does. */
static int signal_of(void (*what)(void *), void *arg)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        fake_tolerate(0);
        fake_adopt();
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        what(arg);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void touch(void *at)
{
    *(volatile char *)at = 1;
}

static void free_and_touch(void *at)
{
    cudaFreeHost(at);
    touch(at);
}

static void copy_too_much(void *at)
{
    char little[4];
    cudaMemcpyAsync(little, at, sizeof little + 1, cudaMemcpyDeviceToHost, stream);
}

static void go_on_in_a_child(void *at)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        cudaFree(at);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    raise(WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL);
}

static void leave_it(void *at)
{
    (void)at;
    exit(0);
}

static void the_host_cannot_touch_device_memory(void **state)
{
    (void)state;
    float *x = on_device(4), *pinned = pinned_floats(1);
    assert_int_equal(signal_of(touch, x), SIGSEGV);
    assert_int_equal(signal_of(touch, pinned), 0);
    assert_int_equal(signal_of(free_and_touch, pinned), SIGSEGV);
    assert_fine(cudaFree(x));
    assert_fine(cudaFreeHost(pinned));
}

static void wrong_uses_and_leaks_end_the_process(void **state)
{
    (void)state;
    void *x = on_device(4);
    assert_int_equal(signal_of(copy_too_much, x), SIGABRT);
    assert_int_equal(signal_of(go_on_in_a_child, NULL), SIGABRT);
    assert_int_equal(signal_of(leave_it, NULL), SIGABRT);
    assert_fine(cudaFree(x));
}

/* ---- wrong uses ------------------------------------------------------------------------------ */

static void copies_stay_within_what_is_allocated(void **state)
{
    (void)state;
    char host[16], *x = on_device(8);
    cudaMemcpyAsync(x, host, 9, cudaMemcpyHostToDevice, stream);
    assert_wrong("more than is allocated");
    cudaMemcpyAsync(x + 8, host, 1, cudaMemcpyHostToDevice, stream);
    assert_wrong("");
    cudaMemcpyAsync(host, x + 4, 5, cudaMemcpyDeviceToHost, stream);
    assert_wrong("more than is allocated");
    cudaMemcpyAsync(x, host, 8, cudaMemcpyDeviceToHost, stream);
    assert_wrong("cudaMemcpyDeviceToHost was said");
    cudaMemcpyAsync(x, host, 8, cudaMemcpyDeviceToDevice, stream);
    assert_wrong("are HostToDevice");
    cudaMemsetAsync(x, 0, 9, stream);
    assert_wrong("what is filled");
    cudaFree(x + 1);
    assert_wrong("was not allocated");
    cudaFreeHost(x);
    assert_wrong("was not allocated");
    assert_fine(cudaFree(x));
    cudaFree(x);
    assert_wrong("was not allocated");
}

static void memory_lives_until_its_work_is_done(void **state)
{
    (void)state;
    float *x = floats_on_device((float[]){1, 2}, 2), *y = on_device(8);
    assert_fine(cudaMemcpyAsync(y, x, 8, cudaMemcpyDeviceToDevice, stream));
    assert_fine(cudaFree(y));
    cudaStreamSynchronize(stream);
    assert_wrong("given back before");
    assert_fine(cudaFree(x));
}

#if !defined(__SANITIZE_ADDRESS__)

static void kernels_are_given_addresses_of_the_device(void **state)
{
    (void)state;
    static float here[2];
    float *x = floats_on_device((float[]){1, 2}, 2), *y = floats_on_device((float[]){1, 2}, 2);
    const struct add_args args = {y, here};
    if (getenv("MCDROP_FAST")) /* valgrind minds what is looked at for it */
        print_message("# not under valgrind: addresses\n");
    else {
        launch_add(x, here, 2);
        assert_wrong("add: the address at byte 8");
        cudaMemcpyAsync(x, &args, 8, cudaMemcpyHostToDevice, stream);
        assert_none_wrong();
        cudaMemcpyAsync(x, (const char *)&args + 8, 8, cudaMemcpyHostToDevice, stream);
        assert_wrong("what is copied: the address at byte 0");
        assert_fine(cudaStreamSynchronize(stream));
        assert_fine(launch_add(x, y, 2));
        assert_fine(cudaFree(y));
        y = NULL;
        cudaStreamSynchronize(stream);
        assert_wrong("add: the address at byte 8");
    }
    assert_fine(cudaStreamSynchronize(stream));
    assert_fine(cudaFree(x));
    assert_fine(cudaFree(y));
}

static void kernels_stay_within_their_memory(void **state)
{
    (void)state;
    float *x = floats_on_device((float[]){1, 2, 3}, 3);
    assert_fine(launch_add(x, x, 4));
    assert_fine(cudaStreamSynchronize(stream));
    cudaFree(x);
    assert_wrong("was written beside the 12 bytes");
}

#endif

static void dead_handles_are_seen(void **state)
{
    (void)state;
    cudaStream_t other;
    cudaEvent_t event;
    assert_fine(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    assert_fine(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    assert_fine(cudaStreamDestroy(other));
    assert_fine(cudaEventDestroy(event));
    cudaStreamSynchronize(other);
    assert_wrong("not alive");
    cudaEventRecord(event, stream);
    assert_wrong("not alive");
    cudaStreamDestroy(other);
    assert_wrong("not alive");
    cudaGraphDestroy((cudaGraph_t)stream);
    assert_wrong("another kind");
}

/* ---- streams --------------------------------------------------------------------------------- */

static void events_order_streams(void **state)
{
    (void)state;
    cudaStream_t other;
    cudaEvent_t event;
    float *pinned = pinned_floats(2), *x = floats_on_device((float[]){5}, 1);
    assert_fine(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    assert_fine(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    assert_fine(cudaMemcpyAsync(&pinned[0], x, 4, cudaMemcpyDeviceToHost, other));
    assert_fine(cudaStreamSynchronize(other));
    assert_true(isnan(pinned[0])); /* nothing said that it has to be after `stream` */
    assert_fine(cudaEventRecord(event, stream));
    assert_int_equal(cudaEventQuery(event), cudaErrorNotReady);
    assert_fine(cudaStreamWaitEvent(other, event, 0));
    assert_fine(cudaMemcpyAsync(&pinned[1], x, 4, cudaMemcpyDeviceToHost, other));
    assert_fine(cudaStreamSynchronize(other));
    assert_true(pinned[1] == 5);
    assert_fine(cudaEventQuery(event));
    assert_fine(cudaEventDestroy(event));
    assert_fine(cudaStreamDestroy(other));
    assert_fine(cudaFree(x));
    assert_fine(cudaFreeHost(pinned));
}

static void synchronous_copies_wait_for_blocking_streams_alone(void **state)
{
    (void)state;
    cudaStream_t other;
    float value, one = 1, *x = on_device(4);
    assert_fine(cudaStreamCreateWithFlags(&other, cudaStreamDefault));
    assert_fine(cudaMemcpyAsync(x, &one, 4, cudaMemcpyHostToDevice, stream));
    assert_fine(cudaMemcpy(&value, x, 4, cudaMemcpyDeviceToHost));
    assert_true(isnan(value));
    assert_fine(cudaMemcpyAsync(x, &one, 4, cudaMemcpyHostToDevice, other));
    assert_fine(cudaMemcpy(&value, x, 4, cudaMemcpyDeviceToHost));
    assert_true(value == 1);
    assert_fine(cudaStreamDestroy(other));
    assert_fine(cudaDeviceSynchronize());
    assert_fine(cudaFree(x));
}

/* How far two streams have come when a third call looks. */
static unsigned progress(const char *order)
{
    cudaStream_t other;
    unsigned seen = 0;
    float *x = on_device(4), one = 1;
    assert_int_equal(fake_set(order), 0);
    assert_fine(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    for (int i = 0; i < 16; i++) {
        assert_fine(cudaMemcpyAsync(x, &one, 4, cudaMemcpyHostToDevice, i % 2 ? stream : other));
        seen = seen * 2 + (cudaStreamQuery(stream) == cudaSuccess);
    }
    assert_fine(cudaStreamDestroy(other));
    assert_fine(cudaDeviceSynchronize());
    assert_fine(cudaFree(x));
    return seen;
}

static void orders_differ(void **state)
{
    (void)state;
    assert_int_equal(progress("order=eager"), 0xFFFF);
    assert_int_equal(progress("order=lazy"), 0x8000);
    unsigned first = progress("order=3"), second = progress("order=4");
    assert_int_equal(first, progress("order=3"));
    assert_int_not_equal(first, second);
    assert_int_equal(fake_set("order="), -1);
    assert_int_equal(fake_set("nonsense=1"), -1);
    assert_int_equal(fake_set("order=lazy"), 0);
}

/* ---- failures and devices -------------------------------------------------------------------- */

static void calls_fail_as_told(void **state)
{
    (void)state;
    void *x = NULL;
    fake_fail(FAKE_MEMORY, 2);
    assert_fine(cudaMalloc(&x, 4));
    assert_int_equal(cudaMemsetAsync(x, 0, 4, stream), cudaErrorMemoryAllocation);
    assert_int_equal(cudaGetLastError(), cudaErrorMemoryAllocation);
    assert_fine(cudaGetLastError());
    assert_fine(cudaMemsetAsync(x, 0, 4, stream));
    assert_string_equal(fake_recover(), "cudaMemsetAsync");
    fake_fail(FAKE_STICKY, 1);
    assert_int_equal(cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
    assert_int_equal(cudaMalloc(&x, 4), cudaErrorLaunchFailure);
    assert_int_equal(cudaGetLastError(), cudaErrorLaunchFailure);
    assert_int_equal(cudaGetLastError(), cudaErrorLaunchFailure);
    fake_recover();
    fake_fail(FAKE_LATE, 1);
    assert_fine(cudaMemsetAsync(x, 0, 4, stream));
    assert_int_equal(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
    assert_int_equal(cudaFree(x), cudaErrorIllegalAddress);
    assert_string_equal(fake_recover(), "fill");
    assert_null(fake_recover());
    assert_string_equal(cudaGetErrorName(cudaErrorIllegalAddress), "cudaErrorIllegalAddress");
}

static void devices_are_as_told(void **state)
{
    (void)state;
    int n = -1;
    size_t left, total;
    void *x;
    fake_set("driver=0");
    assert_int_equal(cudaGetDeviceCount(&n), cudaErrorInsufficientDriver);
    fake_set("driver=12040");
    assert_int_equal(cudaGetDeviceCount(&n), cudaErrorInsufficientDriver);
    fake_set("driver=13010,devices=0");
    assert_int_equal(cudaGetDeviceCount(&n), cudaErrorNoDevice);
    fake_set("devices=2");
    assert_fine(cudaGetDeviceCount(&n));
    assert_int_equal(n, 2);
    assert_int_equal(cudaSetDevice(2), cudaErrorInvalidDevice);
    assert_fine(cudaMalloc(&x, 600000));
    void *more;
    assert_int_equal(cudaMalloc(&more, 600000), cudaErrorMemoryAllocation);
    assert_fine(cudaMemGetInfo(&left, &total));
    assert_int_equal(left, 400000);
    assert_fine(cudaSetDevice(1));
    assert_fine(cudaMalloc(&more, 600000));
    assert_int_equal(launch_add(x, x, 1), cudaErrorInvalidResourceHandle);
    assert_fine(cudaMemcpyPeerAsync(more, 1, x, 0, 8, stream));
    assert_fine(cudaStreamSynchronize(stream));
    assert_fine(cudaFree(more));
    assert_fine(cudaSetDevice(0));
    assert_fine(cudaFree(x));
}

/* Each takes memory of its card, so none is made that is not needed. */
static void choosing_a_device_makes_a_context(void **state)
{
    (void)state;
    int n;
    struct cudaDeviceProp p;
    fake_set("devices=3");
    assert_fine(cudaGetDevice(&n));
    assert_fine(cudaGetDeviceProperties(&p, 1));
    assert_int_equal(fake_counts().contexts, 0);
    assert_fine(cudaSetDevice(2));
    assert_int_equal(fake_counts().contexts, 1 << 2);
    assert_fine(cudaSetDevice(0));
    assert_int_equal(fake_counts().contexts, 1 << 2 | 1 << 0);
    fake_set("");
    assert_fine(cudaStreamSynchronize(stream));
    assert_int_equal(fake_counts().contexts, 1 << 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)
    const struct CMUnitTest tests[] = {
        CASE(work_waits_until_it_is_waited_for),
        CASE(fresh_memory_is_nan),
        CASE(pinned_sources_are_read_late_others_at_once),
        CASE(the_host_cannot_touch_device_memory),
        CASE(wrong_uses_and_leaks_end_the_process),
        CASE(copies_stay_within_what_is_allocated),
        CASE(memory_lives_until_its_work_is_done),
#if !defined(__SANITIZE_ADDRESS__)
        CASE(kernels_are_given_addresses_of_the_device),
        CASE(kernels_stay_within_their_memory),
#endif
        CASE(dead_handles_are_seen),
        CASE(events_order_streams),
        CASE(synchronous_copies_wait_for_blocking_streams_alone),
        CASE(orders_differ),
        CASE(calls_fail_as_told),
        CASE(devices_are_as_told),
        CASE(choosing_a_device_makes_a_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
