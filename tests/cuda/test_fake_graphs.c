/* The fake's graphs: what a capture takes up, what it forbids, and what a replay finds. */
#include "fake_case.h"

#include <pthread.h>

/* *y += x */
struct add_args {
    float *y;
    float x;
};

static void add(const void *args, int64_t count, int backwards)
{
    const struct add_args *a = args;
    (void)backwards;
    for (int64_t i = 0; i < count; i++)
        *a->y += a->x;
}

static cudaError_t launch_add(float *y, float x)
{
    struct add_args args = {y, x};
    cudaError_t e = fake_launch("add", stream, 1, add, &args, sizeof args);
    args.x = 1000; /* nobody looks here any more */
    return e;
}

static void begin(void)
{
    assert_fine(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
}

static float value_of(const float *at)
{
    float value;
    read_floats(&value, at, 1);
    return value;
}

static void a_capture_does_nothing_a_replay_everything(void **state)
{
    (void)state;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    const float zero = 0, ten = 10;
    float *y = floats_on_device(&zero, 1);
    const struct fake_counts before = fake_counts();
    begin();
    assert_fine(launch_add(y, 1));
    assert_fine(launch_add(y, 2));
    assert_fine(cudaStreamEndCapture(stream, &graph));
    assert_fine(cudaGraphInstantiate(&exec, graph, 0));
    assert_fine(cudaGraphDestroy(graph));
    assert_true(value_of(y) == 0);
    assert_fine(cudaGraphLaunch(exec, stream));
    assert_fine(cudaGraphLaunch(exec, stream));
    assert_true(value_of(y) == 6);
    assert_fine(cudaMemcpyAsync(y, &ten, 4, cudaMemcpyHostToDevice, stream));
    assert_fine(cudaGraphLaunch(exec, stream));
    assert_true(value_of(y) == 13);
    const struct fake_counts now = fake_counts();
    assert_int_equal(now.captures - before.captures, 1);
    assert_int_equal(now.instantiated - before.instantiated, 1);
    assert_int_equal(now.graph_launches - before.graph_launches, 3);
    assert_int_equal(now.launches - before.launches, 2);
    assert_fine(cudaGraphExecDestroy(exec));
    assert_fine(cudaFree(y));
}

static float *memory; /* for the calls below */

static cudaError_t allocate(void)
{
    void *x = NULL;
    return cudaMalloc(&x, 4);
}

static cudaError_t allocate_pinned(void)
{
    void *x = NULL;
    return cudaMallocHost(&x, 4);
}

static cudaError_t give_back(void)
{
    return cudaFree(memory);
}

static cudaError_t wait_for_it(void)
{
    return cudaStreamSynchronize(stream);
}

static cudaError_t wait_for_the_device(void)
{
    return cudaDeviceSynchronize();
}

static cudaError_t look(void)
{
    return cudaStreamQuery(stream);
}

static cudaError_t copy_synchronously(void)
{
    float x = 1;
    return cudaMemcpy(memory, &x, 4, cudaMemcpyHostToDevice);
}

static cudaError_t use_the_default_stream(void)
{
    return cudaMemsetAsync(memory, 0, 4, NULL);
}

/* The error, and the capture is lost. */
static void assert_ends_capture(cudaError_t (*call)(void), cudaError_t expected)
{
    cudaGraph_t graph = (cudaGraph_t)stream;
    begin();
    assert_fine(launch_add(memory, 1));
    assert_int_equal(call(), expected);
    assert_int_equal(launch_add(memory, 1), cudaErrorStreamCaptureInvalidated);
    assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
    assert_null(graph);
    cudaGetLastError();
}

static void what_waits_or_allocates_ends_a_capture(void **state)
{
    (void)state;
    memory = on_device(4);
    assert_ends_capture(allocate, cudaErrorStreamCaptureUnsupported);
    assert_ends_capture(allocate_pinned, cudaErrorStreamCaptureUnsupported);
    assert_ends_capture(give_back, cudaErrorStreamCaptureUnsupported);
    assert_ends_capture(wait_for_it, cudaErrorStreamCaptureUnsupported);
    assert_ends_capture(wait_for_the_device, cudaErrorStreamCaptureUnsupported);
    assert_ends_capture(look, cudaErrorStreamCaptureUnsupported);
    assert_ends_capture(copy_synchronously, cudaErrorStreamCaptureUnsupported);
    assert_ends_capture(use_the_default_stream, cudaErrorStreamCaptureImplicit);
    assert_fine(cudaFree(memory));
}

static void *allocate_elsewhere(void *result)
{
    void *x = NULL;
    *(cudaError_t *)result = cudaMalloc(&x, 4);
    cudaFree(x);
    return NULL;
}

static cudaError_t in_a_thread(void *(*what)(void *))
{
    pthread_t thread;
    cudaError_t result = cudaErrorUnknown;
    assert_int_equal(pthread_create(&thread, NULL, what, &result), 0);
    pthread_join(thread, NULL);
    return result;
}

static void *end_elsewhere(void *result)
{
    cudaGraph_t graph;
    *(cudaError_t *)result = cudaStreamEndCapture(stream, &graph);
    return NULL;
}

static void threads_are_told_apart(void **state)
{
    (void)state;
    cudaGraph_t graph;
    begin();
    assert_fine(in_a_thread(allocate_elsewhere));
    assert_int_equal(in_a_thread(end_elsewhere), cudaErrorStreamCaptureWrongThread);
    assert_fine(cudaStreamEndCapture(stream, &graph));
    assert_fine(cudaGraphDestroy(graph));
    assert_fine(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    assert_int_equal(in_a_thread(allocate_elsewhere), cudaErrorStreamCaptureUnsupported);
    assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
    assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorIllegalState);
}

static void events_of_a_capture_cannot_be_waited_for(void **state)
{
    (void)state;
    cudaEvent_t event;
    cudaGraph_t graph;
    assert_fine(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    begin();
    assert_fine(cudaEventRecord(event, stream));
    assert_fine(cudaStreamEndCapture(stream, &graph));
    assert_int_equal(cudaEventSynchronize(event), cudaErrorCapturedEvent);
    assert_int_equal(cudaEventQuery(event), cudaErrorCapturedEvent);
    assert_fine(cudaGraphDestroy(graph));
    assert_fine(cudaEventDestroy(event));
}

static void pageable_memory_is_not_captured(void **state)
{
    (void)state;
    cudaGraph_t graph;
    float value = 1, *x = on_device(4);
    begin();
    cudaMemcpyAsync(x, &value, 4, cudaMemcpyHostToDevice, stream);
    assert_wrong("from pageable memory");
    cudaMemcpyAsync(&value, x, 4, cudaMemcpyDeviceToHost, stream);
    assert_wrong("to pageable memory");
    assert_fine(cudaStreamEndCapture(stream, &graph));
    assert_fine(cudaGraphDestroy(graph));
    assert_fine(cudaFree(x));
}

static void graphs_are_used_while_they_live(void **state)
{
    (void)state;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    float *pinned = pinned_floats(1), *x = on_device(4);
    begin();
    assert_fine(cudaMemcpyAsync(x, pinned, 4, cudaMemcpyHostToDevice, stream));
    assert_fine(cudaStreamEndCapture(stream, &graph));
    assert_fine(cudaGraphInstantiate(&exec, graph, 0));
    assert_fine(cudaGraphDestroy(graph));
    assert_fine(cudaFree(x));
    assert_fine(cudaGraphLaunch(exec, stream));
    cudaStreamSynchronize(stream);
    assert_wrong("given back before");
    assert_fine(cudaGraphExecDestroy(exec));
    cudaGraphLaunch(exec, stream);
    assert_wrong("not alive");
    assert_fine(cudaFreeHost(pinned));
}

static void a_graph_that_is_destroyed_still_ends(void **state)
{
    (void)state;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    const float zero = 0;
    float *y = floats_on_device(&zero, 1);
    begin();
    assert_fine(launch_add(y, 1));
    assert_fine(cudaStreamEndCapture(stream, &graph));
    assert_fine(cudaGraphInstantiate(&exec, graph, 0));
    assert_fine(cudaGraphDestroy(graph));
    assert_fine(cudaGraphLaunch(exec, stream));
    assert_fine(cudaGraphLaunch(exec, stream));
    assert_fine(cudaGraphExecDestroy(exec));
    cudaGraphLaunch(exec, stream);
    assert_wrong("has been destroyed");
    assert_true(value_of(y) == 2);
    assert_fine(cudaFree(y));
}

static void a_failing_end_ends_the_capture_all_the_same(void **state)
{
    (void)state;
    cudaGraph_t graph;
    begin();
    fake_fail(FAKE_REFUSED, 1);
    assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorUnknown);
    assert_null(graph);
    assert_string_equal(fake_recover(), "cudaStreamEndCapture");
    assert_fine(cudaStreamSynchronize(stream));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_capture_does_nothing_a_replay_everything),
        CASE(what_waits_or_allocates_ends_a_capture),
        CASE(threads_are_told_apart),
        CASE(events_of_a_capture_cannot_be_waited_for),
        CASE(pageable_memory_is_not_captured),
        CASE(graphs_are_used_while_they_live),
        CASE(a_graph_that_is_destroyed_still_ends),
        CASE(a_failing_end_ends_the_capture_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
