/*
 * Events: how far a stream had come when one was recorded. Between streams of which one captures
 * they are not known here: the backend does not use them so.
 */
#include "fake_inner.h"

struct CUevent_st {
    struct fake_object object;
    uint64_t stream, position; /* so much of that stream is waited for; stream 0: of none */
    int captured;
};

struct waiting {
    uint64_t stream, position;
};

static cudaError_t do_waited(void *args)
{
    const struct waiting *w = args;
    struct CUstream_st *s = fake_stream_of(w->stream);
    if (s)
        fake_do_until(s, w->position);
    return fake.sticky;
}

static cudaError_t event_make(cudaEvent_t *event)
{
    *event = fake_make(FAKE_EVENT, sizeof **event);
    return cudaSuccess;
}

static cudaError_t event_destroy(cudaEvent_t event)
{
    if (!fake_is(event, FAKE_EVENT))
        return cudaErrorInvalidResourceHandle;
    fake_unmake(event);
    return cudaSuccess;
}

static cudaError_t event_record(cudaEvent_t event, cudaStream_t stream)
{
    if (!fake_is(event, FAKE_EVENT) || !fake_is_stream(stream))
        return cudaErrorInvalidResourceHandle;
    event->captured = stream && stream->capture;
    event->stream = stream ? stream->id : 0;
    event->position = stream ? stream->put : 0;
    return stream ? cudaSuccess : fake_finish(NULL);
}

static cudaError_t event_wait(cudaEvent_t event)
{
    cudaError_t e = fake_unsafe();
    fake.counts.waits++;
    if (!fake_is(event, FAKE_EVENT))
        return cudaErrorInvalidResourceHandle;
    struct waiting w = {event->stream, event->position};
    return e ? e : event->captured ? cudaErrorCapturedEvent : do_waited(&w);
}

static cudaError_t event_query(cudaEvent_t event)
{
    cudaError_t e = fake_unsafe();
    if (!fake_is(event, FAKE_EVENT))
        return cudaErrorInvalidResourceHandle;
    if (e || event->captured)
        return e ? e : cudaErrorCapturedEvent;
    const struct CUstream_st *s = fake_stream_of(event->stream);
    return s && s->done < event->position ? cudaErrorNotReady : cudaSuccess;
}

static cudaError_t stream_wait(cudaStream_t stream, cudaEvent_t event)
{
    if (!fake_is(event, FAKE_EVENT) || !fake_is_stream(stream))
        return cudaErrorInvalidResourceHandle;
    if (event->captured || (stream && stream->capture))
        return fake_wrong("an event in a capture");
    const struct waiting w = {event->stream, event->position};
    return fake_put(
        stream, &(struct fake_piece){
                    .name = "wait for an event", .work = do_waited, .args = &w, .bytes = sizeof w});
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags)
{
    (void)flags;
    FAKE_CALL(event_make(event));
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    FAKE_CALL(event_make(event));
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    FAKE_RELEASE(event_destroy(event));
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    FAKE_CALL(event_record(event, stream));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    FAKE_CALL(event_wait(event));
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    FAKE_CALL(event_query(event));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags)
{
    (void)flags;
    FAKE_CALL(stream_wait(stream, event));
}
