/* Streams: queues of work, which is done when something waits for it, or as the order says. */
#include "fake_inner.h"

enum { MOST_ARGUMENTS = 4096 /* bytes that a kernel may be given, before CUDA 12.1 */ };

static uint64_t streams; /* made so far */

uint64_t fake_thread(void)
{
    static _Thread_local char mine;
    return (uint64_t)(uintptr_t)&mine;
}

/* ---- queues ---------------------------------------------------------------------------------- */

static void append(struct fake_queue *q, struct fake_item *item)
{
    if (!q->first)
        q->end = &q->first;
    *q->end = item;
    q->end = &item->next;
}

static struct fake_item *item_make(const struct fake_piece *piece)
{
    struct fake_item *item = calloc(1, sizeof *item + piece->bytes + piece->more_bytes);
    if (!item)
        abort();
    item->name = piece->name;
    item->work = piece->work;
    item->end = piece->end;
    memcpy(item->args, piece->args, piece->bytes);
    if (piece->more_bytes > 0)
        memcpy(item->args + piece->bytes, piece->more, piece->more_bytes);
    return item;
}

static void item_unmake(struct fake_item *item)
{
    if (item->end)
        item->end(item->args);
    free(item);
}

void fake_queue_clear(struct fake_queue *q)
{
    while (q->first) {
        struct fake_item *item = q->first;
        q->first = item->next;
        item_unmake(item);
    }
}

/* ---- doing ----------------------------------------------------------------------------------- */

cudaError_t fake_do(struct fake_item *item)
{
    if (fake.sticky)
        return fake.sticky;
    fake.counts.done++;
    fake_memory_open();
    cudaError_t e = fake_fails_late(item->name) ? cudaErrorIllegalAddress : item->work(item->args);
    fake_memory_close();
    if (e)
        fake.sticky = e;
    return e;
}

void fake_do_until(struct CUstream_st *s, uint64_t until)
{
    if (s->done >= until)
        return;
    fake_memory_open(); /* once for all of them */
    while (s->done < until) {
        struct fake_item *item = s->queue.first;
        s->queue.first = item->next;
        s->done++;
        fake_do(item);
        item_unmake(item);
    }
    fake_memory_close();
}

static struct CUstream_st *next_stream(struct fake_object *o)
{
    while (o && o->kind != FAKE_STREAM)
        o = o->next;
    return (struct CUstream_st *)o;
}

#define EACH_STREAM(s)                                                                             \
    struct CUstream_st *s = next_stream(fake_first());                                             \
    s;                                                                                             \
    s = next_stream(s->object.next)

struct CUstream_st *fake_stream_of(uint64_t id)
{
    for (EACH_STREAM(s))
        if (s->id == id)
            return s;
    return NULL;
}

void fake_forget_all(void)
{
    for (EACH_STREAM(s)) {
        fake_queue_clear(&s->queue);
        s->done = s->put;
    }
}

cudaError_t fake_finish(cudaStream_t stream)
{
    if (stream)
        fake_do_until(stream, stream->put);
    for (EACH_STREAM(s))
        if (!stream && s->blocking)
            fake_do_until(s, s->put);
    return fake.sticky;
}

void fake_stir(void)
{
    for (EACH_STREAM(s))
        for (uint64_t n = fake_random() % 4; n > 0 && s->done < s->put; n--)
            fake_do_until(s, s->done + 1);
}

/* ---- putting --------------------------------------------------------------------------------- */

int fake_is_stream(cudaStream_t stream)
{
    return !stream || fake_is(stream, FAKE_STREAM);
}

int fake_stream_device(cudaStream_t stream)
{
    return stream ? stream->device : fake_device();
}

static cudaError_t put_captured(cudaStream_t stream, const struct fake_piece *piece)
{
    if (stream->invalid)
        return cudaErrorStreamCaptureInvalidated;
    append(&stream->capture->queue, item_make(piece));
    return cudaSuccess;
}

/* What a capturing thread puts there can be meant for what it captures alone. */
static cudaError_t put_default(const struct fake_piece *piece)
{
    cudaError_t e = fake_unsafe();
    if (e)
        return cudaErrorStreamCaptureImplicit;
    struct fake_item *item = item_make(piece);
    e = fake_finish(NULL);
    if (!e)
        e = fake_do(item);
    item_unmake(item);
    return e;
}

cudaError_t fake_put(cudaStream_t stream, const struct fake_piece *piece)
{
    if (!stream)
        return put_default(piece);
    if (stream->capture)
        return put_captured(stream, piece);
    append(&stream->queue, item_make(piece));
    stream->put++;
    return fake.order == FAKE_EAGER ? fake_finish(stream) : cudaSuccess;
}

/* ---- kernels --------------------------------------------------------------------------------- */

struct kernel {
    _Alignas(16) fake_kernel run;
    const char *name;
    int64_t count;
    size_t bytes; /* of its arguments */
    int device, backwards;
};

/* Memory that it is given must still be there. */
static cudaError_t run_kernel(void *args)
{
    const struct kernel *k = args;
    if (!fake_addresses_fit(k->device, k + 1, k->bytes, k->name))
        return cudaErrorIllegalAddress;
    k->run(k + 1, k->count, k->backwards);
    return cudaSuccess;
}

static cudaError_t launch(const char *name, cudaStream_t stream, int64_t count, fake_kernel run,
                          const void *args, size_t bytes)
{
    if (!fake_is_stream(stream) || fake_stream_device(stream) != fake_device())
        return cudaErrorInvalidResourceHandle;
    if (count < 0 || bytes > MOST_ARGUMENTS)
        return fake_wrong("%s: %lld threads, %zu bytes of arguments", name, (long long)count,
                          bytes);
    if (count == 0)
        return cudaSuccess;
    if (!fake_addresses_fit(fake_device(), args, bytes, name))
        return cudaErrorInvalidValue;
    const struct kernel k = {.run = run,
                             .name = name,
                             .count = count,
                             .bytes = bytes,
                             .device = fake_device(),
                             .backwards = !(fake_random() & 1)};
    fake.counts.launches++;
    return fake_put(stream, &(struct fake_piece){.name = name,
                                                 .work = run_kernel,
                                                 .args = &k,
                                                 .bytes = sizeof k,
                                                 .more = args,
                                                 .more_bytes = bytes});
}

cudaError_t fake_launch(const char *name, cudaStream_t stream, int64_t count, fake_kernel run,
                        const void *args, size_t bytes)
{
    cudaError_t e = fake_enter(name);
    return fake_leave(e ? e : launch(name, stream, count, run, args, bytes));
}

/* ---- streams --------------------------------------------------------------------------------- */

static cudaError_t make(cudaStream_t *stream, unsigned int flags)
{
    *stream = fake_make(FAKE_STREAM, sizeof **stream);
    (*stream)->id = ++streams;
    (*stream)->device = fake_device();
    (*stream)->blocking = !(flags & cudaStreamNonBlocking);
    return cudaSuccess;
}

/* Work that is on it is still done, now at the latest. */
static cudaError_t destroy(cudaStream_t stream)
{
    if (!fake_is(stream, FAKE_STREAM))
        return cudaErrorInvalidResourceHandle;
    if (stream->capture)
        fake_wrong("a stream that captures is destroyed");
    fake_finish(stream);
    fake_unmake(stream);
    return cudaSuccess;
}

static cudaError_t wait_for(cudaStream_t stream)
{
    fake.counts.waits++;
    fake.counts.drains++;
    if (!fake_is_stream(stream))
        return cudaErrorInvalidResourceHandle;
    cudaError_t e = fake_unsafe_on(stream);
    return e ? e : fake_finish(stream);
}

static cudaError_t wait_for_all(void)
{
    cudaError_t e = fake_unsafe();
    fake.counts.waits++;
    fake.counts.drains++;
    for (EACH_STREAM(s))
        if (!e && s->device == fake_device())
            e = fake_finish(s);
    return e;
}

static cudaError_t query(cudaStream_t stream)
{
    if (!fake_is_stream(stream))
        return cudaErrorInvalidResourceHandle;
    cudaError_t e = fake_unsafe_on(stream);
    return e ? e : stream && stream->done < stream->put ? cudaErrorNotReady : cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags)
{
    FAKE_CALL(make(stream, flags));
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    FAKE_CALL(make(stream, cudaStreamDefault));
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    FAKE_RELEASE(destroy(stream));
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    FAKE_CALL(wait_for(stream));
}

cudaError_t cudaDeviceSynchronize(void)
{
    FAKE_CALL(wait_for_all());
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    FAKE_CALL(query(stream));
}
