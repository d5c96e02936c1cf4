/*
 * memory: buffers of odd sizes, tensors at offsets, host memory of any alignment; what a buffer
 * that cannot be had leaves; what remains when everything was released.
 */
#include "core/check/backend_checks.h"

#include "core/base/host.h"
#include "core/check/conformance/step_trial.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096, GUARD = 8, OFFSETS = 3 };

/* ---- alloc ---------------------------------------------------------------------------------- */

static int judge_alloc(struct mcd_checking *c, const struct mcd_engine *s, size_t bytes)
{
    struct mcd_buffer *b = NULL;
    struct mcd_error e = {0};
    char where[60];
    snprintf(where, sizeof where, "alloc of %zu bytes", bytes);
    if (mcd_check_status(c, where, s->api->alloc(s->self, bytes, &b, &e), &e))
        return -1;
    int failed = 0;
    if (!b)
        failed = mcd_check_fail(c, where, "a buffer", "success, but none");
    else if (b->bytes < bytes)
        failed = mcd_check_fail(c, where, "at least so many bytes", "%zu", b->bytes);
    else if ((uintptr_t)b->host % 64)
        failed = mcd_check_fail(c, where, "host memory aligned to 64 bytes", "%p", b->host);
    s->api->release(s->self, b);
    mcd_check_looked(c, 1);
    return failed;
}

/* More than any machine has; and the host's next allocation fails, if the backend asks it. */
static int judge_no_room(struct mcd_checking *c, const struct mcd_engine *s)
{
    struct mcd_buffer nothing, *b = &nothing;
    struct mcd_error e = {0};
    int status = s->api->alloc(s->self, SIZE_MAX / 4, &b, &e);
    mcd_check_looked(c, 1);
    if (status != MCD_NOMEM || b != &nothing || !*e.text)
        return mcd_check_fail(c, "alloc of 2^62 bytes",
                              "MCD_NOMEM with a reason, *buffer untouched", "status %d, '%s'%s",
                              status, e.text, b == &nothing ? "" : ", *buffer changed");
    mcd_host_fail_at(s->host, 1);
    status = s->api->alloc(s->self, 64, &b, NULL);
    mcd_host_fail_at(s->host, 0);
    if (status == MCD_OK)
        s->api->release(s->self, b);
    else if (status != MCD_NOMEM || b != &nothing)
        return mcd_check_fail(c, "alloc while the host has no memory",
                              "MCD_NOMEM, *buffer untouched", "status %d%s", status,
                              b == &nothing ? "" : ", *buffer changed");
    s->api->release(s->self, NULL);
    return 0;
}

/* ---- write and read -------------------------------------------------------------------------- */

/* Three tensors in one buffer, 64 bytes and more apart. */
struct trio {
    struct mcd_tensor t[OFFSETS];
    size_t bytes; /* of each */
};

static struct trio trio_of(uint32_t type, int64_t count)
{
    struct trio trio = {.bytes = (size_t)count * mcd_type_size(type)};
    size_t apart = (trio.bytes + 127) / 64 * 64;
    for (size_t i = 0; i < OFFSETS; i++)
        trio.t[i] = (struct mcd_tensor){NULL, i * apart, type, i == 1, mcd_shape1(count)};
    return trio;
}

static unsigned char byte_of(size_t tensor, size_t i)
{
    return (unsigned char)(31 * i + 57 * tensor + 1);
}

/* The whole buffer, gaps included, then from memory that is aligned to nothing, the last first. */
static int write_all(const struct mcd_engine *s, const struct trio *trio, unsigned char *memory,
                     struct mcd_error *e)
{
    struct mcd_tensor all = trio->t[0];
    all.type = MCD_U8;
    all.shape = mcd_shape1((int64_t)(trio->t[OFFSETS - 1].offset + trio->bytes));
    memset(memory, 0x11, MOST);
    int cleared = s->api->write(s->self, &all, memory, e);
    if (cleared)
        return cleared;
    for (size_t k = OFFSETS; k-- > 0;) {
        unsigned char *from = memory + 2 * k + 1;
        for (size_t i = 0; i < trio->bytes; i++)
            from[i] = byte_of(k, i);
        int status = s->api->write(s->self, &trio->t[k], from, e);
        memset(from, 0, trio->bytes); /* may be used again at once */
        if (status)
            return status;
    }
    return MCD_OK;
}

static int judge_read(struct mcd_checking *c, const char *where, const struct trio *trio, size_t k,
                      const unsigned char *to)
{
    for (size_t i = 0; i < trio->bytes; i++)
        if (to[i] != byte_of(k, i))
            return mcd_check_fail(c, where, "what was written",
                                  "tensor %zu at offset %zu: byte %zu is %u, expected %u", k,
                                  trio->t[k].offset, i, to[i], byte_of(k, i));
    for (size_t i = 0; i < GUARD; i++)
        if (to[trio->bytes + i] != 0xEE || to[-1 - (ptrdiff_t)i] != 0xEE)
            return mcd_check_fail(c, where, "a read of so many bytes",
                                  "more was written to the host");
    mcd_check_looked(c, 1);
    return 0;
}

static int judge_copies(struct mcd_checking *c, const struct mcd_engine *s, uint32_t type,
                        int64_t count)
{
    unsigned char memory[MOST];
    struct trio trio = trio_of(type, count);
    struct mcd_buffer *b = NULL;
    struct mcd_error e = {0};
    char where[80];
    size_t all = trio.t[OFFSETS - 1].offset + trio.bytes;
    snprintf(where, sizeof where, "write and read of %" PRId64 " elements of %zu bytes", count,
             mcd_type_size(type));
    int status = s->api->alloc(s->self, all, &b, &e);
    for (size_t k = 0; k < OFFSETS; k++)
        trio.t[k].buffer = b;
    status = status ? status : write_all(s, &trio, memory, &e);
    int failed = 0;
    for (size_t k = 0; k < OFFSETS && !status && !failed; k++) {
        unsigned char *to = memory + GUARD + 3 * k + 1;
        memset(memory, 0xEE, sizeof memory);
        status = s->api->read(s->self, &trio.t[k], to, &e);
        failed = status ? 0 : judge_read(c, where, &trio, k, to);
    }
    s->api->release(s->self, b);
    return failed || mcd_check_status(c, where, status, &e);
}

static int judge_all_copies(struct mcd_checking *c, const struct mcd_engine *s)
{
    static const int64_t counts[] = {1, 2, 3, 7, 16, 61, 129};
    const uint32_t types[] = {s->type, MCD_I32, MCD_U8};
    for (size_t i = 0; i < MCD_COUNT(types); i++)
        for (size_t k = 0; k < MCD_COUNT(counts); k++)
            if (judge_copies(c, s, types[i], counts[k]))
                return -1;
    return 0;
}

/* ---- what remains ---------------------------------------------------------------------------- */

/* Plans come and go, so that what is left is theirs if it is not the buffers'. */
static void run_plans(struct mcd_checking *c, const struct mcd_engine *s)
{
    struct mcd_case_list list = mcd_cases_create();
    for (uint32_t i = 0; i < list.count; i += 7) {
        struct mcd_placed_step p;
        double *results = malloc((size_t)mcd_step_results(&list.at[i]) * sizeof *results);
        if (results && mcd_step_place(s, &list.at[i], i, &p, NULL) == MCD_OK) {
            mcd_step_execute(&p, results, NULL);
            mcd_step_remove(&p);
        }
        free(results);
        mcd_check_looked(c, 1);
    }
    mcd_cases_release(&list);
}

void mcd_backend_check_memory(struct mcd_checking *c)
{
    static const size_t sizes[] = {1, 2, 63, 64, 65, 4095, 100001};
    struct mcd_error e = {0};
    struct mcd_engine s;
    int failed = mcd_check_status(c, "creation", mcd_engine_open(c->spec, 2, &s, &e), &e);
    if (failed)
        return;
    for (size_t i = 0; i < MCD_COUNT(sizes) && !failed; i++)
        failed = judge_alloc(c, &s, sizes[i]);
    failed = failed || judge_no_room(c, &s) || judge_all_copies(c, &s);
    if (!failed)
        run_plans(c, &s);
    uint64_t left = mcd_engine_close(&s);
    if (left && !failed)
        mcd_check_fail(c, "destroy", "all memory released", "%llu allocations are left",
                       (unsigned long long)left);
}
