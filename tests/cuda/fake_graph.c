/* Graphs: what a stream captures instead of taking it up, to be done as a whole, many times. */
#include "fake_inner.h"

struct CUgraphExec_st {
    struct fake_object object;
    struct fake_queue queue;
    int device;
    unsigned long under_way, destroyed; /* launches; the last one frees what was destroyed */
};

/* ---- what a capture forbids ------------------------------------------------------------------ */

static int forbids(const struct CUstream_st *s)
{
    if (!s->capture || s->mode == cudaStreamCaptureModeRelaxed)
        return 0;
    return s->mode == cudaStreamCaptureModeGlobal || s->captor == fake_thread();
}

cudaError_t fake_unsafe(void)
{
    cudaError_t e = cudaSuccess;
    for (struct fake_object *o = fake_first(); o; o = o->next)
        if (o->kind == FAKE_STREAM && forbids((struct CUstream_st *)o)) {
            ((struct CUstream_st *)o)->invalid = 1;
            e = cudaErrorStreamCaptureUnsupported;
        }
    return e;
}

cudaError_t fake_unsafe_on(cudaStream_t stream)
{
    if (!stream || !stream->capture)
        return fake_unsafe();
    stream->invalid = 1;
    return cudaErrorStreamCaptureUnsupported;
}

/* ---- capturing ------------------------------------------------------------------------------- */

static cudaError_t begin(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    if (!stream)
        return cudaErrorStreamCaptureUnsupported;
    if (!fake_is(stream, FAKE_STREAM))
        return cudaErrorInvalidResourceHandle;
    if (stream->capture)
        return cudaErrorIllegalState;
    stream->capture = fake_make(FAKE_GRAPH, sizeof *stream->capture);
    stream->mode = mode;
    stream->captor = fake_thread();
    stream->invalid = 0;
    fake.counts.captures++;
    return cudaSuccess;
}

static void graph_unmake(cudaGraph_t graph)
{
    fake_queue_clear(&graph->queue);
    fake_unmake(graph);
}

/* The capture is over even if the call was to fail. */
static cudaError_t end(cudaStream_t stream, cudaGraph_t *graph, cudaError_t before)
{
    *graph = NULL;
    if (!stream || !fake_is(stream, FAKE_STREAM))
        return cudaErrorInvalidResourceHandle;
    if (!stream->capture)
        return before ? before : cudaErrorIllegalState;
    if (stream->captor != fake_thread() && stream->mode != cudaStreamCaptureModeRelaxed)
        return cudaErrorStreamCaptureWrongThread;
    cudaGraph_t captured = stream->capture;
    cudaError_t e = before ? before : stream->invalid ? cudaErrorStreamCaptureInvalidated : 0;
    stream->capture = NULL;
    if (e)
        graph_unmake(captured);
    else
        *graph = captured;
    return e;
}

static cudaError_t is_capturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    if (!fake_is_stream(stream))
        return cudaErrorInvalidResourceHandle;
    *status = !stream || !stream->capture ? cudaStreamCaptureStatusNone
              : stream->invalid           ? cudaStreamCaptureStatusInvalidated
                                          : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    FAKE_CALL(begin(stream, mode));
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    cudaError_t before = fake_enter(__func__);
    return fake_leave(end(stream, graph, before));
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    FAKE_CALL(is_capturing(stream, status));
}

/* ---- graphs ---------------------------------------------------------------------------------- */

static cudaError_t graph_destroy(cudaGraph_t graph)
{
    if (!fake_is(graph, FAKE_GRAPH))
        return cudaErrorInvalidValue;
    graph_unmake(graph);
    return cudaSuccess;
}

/* It has the items from now on, and the graph, which can be instantiated once here, none. */
static cudaError_t instantiate(cudaGraphExec_t *exec, cudaGraph_t graph)
{
    cudaError_t e = fake_unsafe();
    if (e)
        return e;
    if (!fake_is(graph, FAKE_GRAPH))
        return cudaErrorInvalidValue;
    if (graph->taken)
        return fake_wrong("a graph is instantiated a second time: not known here");
    *exec = fake_make(FAKE_GRAPH_EXEC, sizeof **exec);
    (*exec)->queue = graph->queue;
    (*exec)->device = fake_device();
    graph->queue.first = NULL;
    graph->taken = 1;
    fake.counts.instantiated++;
    return cudaSuccess;
}

/* If nobody needs it any longer. */
static void free_exec(cudaGraphExec_t exec)
{
    if (!exec->destroyed || exec->under_way > 0)
        return;
    fake_queue_clear(&exec->queue);
    fake_unmake(exec);
}

struct launch {
    cudaGraphExec_t exec;
};

static cudaError_t do_graph(void *args)
{
    cudaGraphExec_t exec = ((const struct launch *)args)->exec;
    cudaError_t e = cudaSuccess;
    for (struct fake_item *i = exec->queue.first; i && !e; i = i->next)
        e = fake_do(i);
    return e;
}

static void end_launch(void *args)
{
    cudaGraphExec_t exec = ((const struct launch *)args)->exec;
    exec->under_way--;
    free_exec(exec);
}

static cudaError_t launch(cudaGraphExec_t exec, cudaStream_t stream)
{
    const struct launch l = {exec};
    if (!fake_is(exec, FAKE_GRAPH_EXEC) || !fake_is_stream(stream))
        return cudaErrorInvalidValue;
    if (exec->destroyed)
        return fake_wrong("it has been destroyed");
    if (stream && stream->capture)
        return fake_wrong("a graph in a graph");
    if (fake_stream_device(stream) != exec->device)
        return fake_wrong("a graph of device %d on a stream of another", exec->device);
    exec->under_way++;
    fake.counts.graph_launches++;
    return fake_put(
        stream,
        &(struct fake_piece){
            .name = "graph", .work = do_graph, .end = end_launch, .args = &l, .bytes = sizeof l});
}

static cudaError_t exec_destroy(cudaGraphExec_t exec)
{
    if (!fake_is(exec, FAKE_GRAPH_EXEC))
        return cudaErrorInvalidValue;
    if (exec->destroyed)
        return fake_wrong("it has been destroyed");
    exec->destroyed = 1;
    free_exec(exec);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    FAKE_RELEASE(graph_destroy(graph));
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags)
{
    (void)flags;
    FAKE_CALL(instantiate(exec, graph));
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    FAKE_CALL(launch(exec, stream));
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    FAKE_RELEASE(exec_destroy(exec));
}
