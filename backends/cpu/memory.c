/* Buffers in host memory: one allocation, the struct in its first 64 bytes, the memory behind. */
#include "cpu.h"

#include <string.h>

enum { ALIGNMENT = 64 };

struct buffer {
    struct mcd_buffer base;
    uint64_t version; /* of the contents */
};

int mcd_cpu_alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *error)
{
    const struct mcd_host *host = ((struct mcd_cpu *)self)->host;
    _Static_assert(sizeof(struct buffer) <= ALIGNMENT, "the struct fits before the memory");
    char *memory = bytes > SIZE_MAX - ALIGNMENT ? NULL : host->alloc(host, ALIGNMENT + bytes);
    if (!memory)
        return host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", bytes);
    struct buffer *b = (struct buffer *)memory;
    *b = (struct buffer){.base = {.bytes = bytes, .host = memory + ALIGNMENT}};
    b->version = ++((struct mcd_cpu *)self)->versions;
    *buffer = &b->base;
    return MCD_OK;
}

void mcd_cpu_release(void *self, struct mcd_buffer *buffer)
{
    const struct mcd_host *host = ((struct mcd_cpu *)self)->host;
    host->release(host, buffer);
}

static size_t tensor_bytes(const struct mcd_tensor *t)
{
    return (size_t)mcd_tensor_count(t) * mcd_type_size(t->type);
}

uint64_t mcd_cpu_version(const struct mcd_tensor *t)
{
    const struct buffer *b = (const struct buffer *)t->buffer;
    return t->offset == 0 && b->base.bytes == tensor_bytes(t) ? b->version : 0;
}

void mcd_cpu_changed(struct mcd_cpu *cpu, const struct mcd_tensor *t)
{
    ((struct buffer *)t->buffer)->version = ++cpu->versions;
}

int mcd_cpu_write(void *self, const struct mcd_tensor *to, const void *from,
                  struct mcd_error *error)
{
    (void)error;
    mcd_cpu_changed(self, to);
    memcpy(mcd_host_pointer(to), from, tensor_bytes(to));
    return MCD_OK;
}

int mcd_cpu_read(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    (void)self, (void)error;
    memcpy(to, mcd_host_pointer(from), tensor_bytes(from));
    return MCD_OK;
}
