/*
 * Copies and fills. From pageable host memory a copy takes what is there when it is called, as the
 * runtime's staging does; from memory of cudaHostAlloc what is there when the copy is made. One to
 * pageable memory has been made when the call returns.
 */
#include "fake_inner.h"

struct copy {
    void *to;
    const void *from; /* NULL: what lies behind this struct */
    size_t bytes;
    int value; /* of a fill */
};

/* What takes part still has to be alive when the copy is made. */
static int is_there(const void *at, size_t bytes, int device)
{
    const struct fake_block *b = fake_block_of(at, bytes);
    return b && b->device == device;
}

static cudaError_t copy_down(void *args)
{
    const struct copy *c = args;
    const void *from = c->from ? c->from : c + 1;
    if (!fake_block_of(c->to, c->bytes) || (c->from && !fake_block_of(c->from, c->bytes)))
        return fake_wrong("memory of a copy was given back before it was made");
    memmove(c->to, from, c->bytes);
    return cudaSuccess;
}

static cudaError_t copy_up(void *args)
{
    const struct copy *c = args;
    if (!fake_block_of(c->from, c->bytes))
        return fake_wrong("memory of a copy was given back before it was made");
    memmove(c->to, c->from, c->bytes);
    return cudaSuccess;
}

static cudaError_t fill(void *args)
{
    const struct copy *c = args;
    if (!fake_block_of(c->to, c->bytes))
        return fake_wrong("memory was given back before it was filled");
    memset(c->to, c->value, c->bytes);
    return cudaSuccess;
}

/* The device that has a block there, or -1. */
static int where(const void *at)
{
    const struct fake_block *b = fake_block_of(at, 0);
    return b ? b->device : -1;
}

static cudaError_t put(cudaStream_t stream, const char *name, fake_work work, const struct copy *c)
{
    return fake_put(
        stream, &(struct fake_piece){.name = name, .work = work, .args = c, .bytes = sizeof *c});
}

static int is_captured(cudaStream_t stream)
{
    return stream && stream->capture;
}

static cudaError_t to_device(cudaStream_t stream, const struct copy *c, int device)
{
    int pinned = fake_block_of(c->from, c->bytes) != NULL;
    if (!pinned && is_captured(stream))
        return fake_wrong("a captured copy from pageable memory");
    if (c->bytes <= 1024 && !fake_addresses_fit(device, c->from, c->bytes, "what is copied"))
        return cudaErrorInvalidValue;
    fake.counts.to_device++;
    fake.counts.to_device_bytes += c->bytes;
    struct copy made = *c;
    if (!pinned)
        made.from = NULL;
    return fake_put(stream, &(struct fake_piece){.name = "copy to the device",
                                                 .work = copy_down,
                                                 .args = &made,
                                                 .bytes = sizeof made,
                                                 .more = c->from,
                                                 .more_bytes = pinned ? 0 : c->bytes});
}

static cudaError_t to_host(cudaStream_t stream, const struct copy *c)
{
    int pinned = fake_block_of(c->to, c->bytes) != NULL;
    if (!pinned && is_captured(stream))
        return fake_wrong("a captured copy to pageable memory");
    fake.counts.from_device++;
    fake.counts.from_device_bytes += c->bytes;
    cudaError_t e = put(stream, "copy to the host", copy_up, c);
    return e || pinned ? e : fake_finish(stream);
}

static const char *const kinds[] = {"HostToHost", "HostToDevice", "DeviceToHost", "DeviceToDevice",
                                    "Default"};

static cudaError_t copy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                        cudaStream_t stream)
{
    const struct copy c = {.to = to, .from = from, .bytes = bytes};
    int into = where(to), out_of = where(from);
    int is = (out_of >= 0 ? 2 : 0) + (into >= 0 ? 1 : 0);
    if (!fake_is_stream(stream))
        return cudaErrorInvalidResourceHandle;
    if (kind != cudaMemcpyDefault && (int)kind != is)
        return fake_wrong("cudaMemcpy%s was said, %p and %p are %s", kinds[kind], to, from,
                          kinds[is]);
    if (bytes == 0)
        return cudaSuccess;
    if ((into >= 0 && !is_there(to, bytes, into)) ||
        (out_of >= 0 && !is_there(from, bytes, out_of)))
        return fake_wrong("%zu bytes from %p to %p: more than is allocated there", bytes, from, to);
    if (into < 0 && out_of < 0)
        return fake_wrong("a copy between host and host");
    if (into >= 0 && out_of >= 0)
        return put(stream, "copy on the device", copy_down, &c);
    return into >= 0 ? to_device(stream, &c, into) : to_host(stream, &c);
}

/* The default stream's, and done when it returns. */
static cudaError_t copy_at_once(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    cudaError_t e = fake_unsafe();
    fake.counts.waits++;
    fake.counts.drains++;
    if (!e)
        e = copy(to, from, bytes, kind, NULL);
    return e ? e : fake_finish(NULL);
}

static cudaError_t fill_later(void *at, int value, size_t bytes, cudaStream_t stream)
{
    const struct copy c = {.to = at, .bytes = bytes, .value = value};
    if (!fake_is_stream(stream))
        return cudaErrorInvalidResourceHandle;
    if (!fake_on_device(fake_stream_device(stream), at, bytes, "what is filled"))
        return cudaErrorInvalidValue;
    return put(stream, "fill", fill, &c);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    FAKE_CALL(copy(to, from, bytes, kind, stream));
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    FAKE_CALL(copy_at_once(to, from, bytes, kind));
}

cudaError_t cudaMemsetAsync(void *at, int value, size_t bytes, cudaStream_t stream)
{
    FAKE_CALL(fill_later(at, value, bytes, stream));
}

/* ---- between devices ------------------------------------------------------------------------- */

static cudaError_t copy_across(void *to, int into, const void *from, int out_of, size_t bytes,
                               cudaStream_t stream)
{
    if (where(to) != into || where(from) != out_of)
        return fake_wrong("%p is not of device %d or %p not of device %d", to, into, from, out_of);
    return copy(to, from, bytes, cudaMemcpyDeviceToDevice, stream);
}

cudaError_t cudaMemcpyPeerAsync(void *to, int into, const void *from, int out_of, size_t bytes,
                                cudaStream_t stream)
{
    FAKE_CALL(copy_across(to, into, from, out_of, bytes, stream));
}
