/* Memory that is counted, a log, errors and threads, behind the functions of struct mcd_host. */
#include "core/base/host.h"

#include "core/base/cgroup.h"
#include "core/base/error.h"
#include "core/base/pool.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ALIGNMENT = 64, MAX_THREADS = 4096 };

static const size_t LARGE = (size_t)1 << 28; /* blocks that are held against the machine's memory */

struct host {
    struct mcd_host public;
    mcd_log_sink sink;
    void *sink_arg;
    struct mcd_pool *pool;
    atomic_uint_fast64_t live, until_failure;
};

/* Plugins see a host as const; its counters change all the same. */
static struct host *own(const struct mcd_host *host)
{
    return (struct host *)(uintptr_t)host;
}

/* Counts down to the allocation that a test wants to fail. */
static int must_fail(struct host *h)
{
    uint_fast64_t k = atomic_load(&h->until_failure);
    while (k > 0 && !atomic_compare_exchange_weak(&h->until_failure, &k, k - 1))
        ;
    return k == 1;
}

static void *host_alloc(const struct mcd_host *host, size_t bytes)
{
    struct host *h = own(host);
    if (bytes > SIZE_MAX - ALIGNMENT || must_fail(h))
        return NULL;
    if (bytes > LARGE && bytes > mcd_host_memory()) /* systems promise it, and end who uses it */
        return NULL;
    size_t blocks = bytes / ALIGNMENT + (bytes % ALIGNMENT != 0 || bytes == 0);
    void *memory = aligned_alloc(ALIGNMENT, blocks * ALIGNMENT);
    if (memory)
        atomic_fetch_add(&h->live, 1);
    return memory;
}

static void host_release(const struct mcd_host *host, void *memory)
{
    if (memory)
        atomic_fetch_sub(&own(host)->live, 1);
    free(memory);
}

static void host_log(const struct mcd_host *host, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void host_log(const struct mcd_host *host, int level, const char *format, ...)
{
    struct host *h = own(host);
    if (!h->sink)
        return;
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    h->sink(h->sink_arg, level, line);
}

static void host_parallel(const struct mcd_host *host, uint32_t count,
                          void (*f)(void *arg, uint32_t i, uint32_t worker), void *arg)
{
    mcd_pool_run(own(host)->pool, count, f, arg);
}

struct mcd_host *mcd_host_create(uint32_t threads, mcd_log_sink sink, void *arg,
                                 struct mcd_error *e)
{
    if (threads > MAX_THREADS) {
        mcd_fail(e, MCD_INVALID, "threads", "%u are too many: expected 1 to %d, or 0 for all CPUs",
                 threads, MAX_THREADS);
        return NULL;
    }
    uint32_t cpus = threads ? threads : mcd_pool_cpus();
    uint32_t workers = cpus < MAX_THREADS ? cpus : MAX_THREADS;
    struct host *h = malloc(sizeof *h);
    struct mcd_pool *pool = mcd_pool_create(workers);
    if (!h || !pool) {
        free(h);
        mcd_pool_destroy(pool);
        mcd_fail(e, MCD_NOMEM, "memory", "not enough for %u threads", workers);
        return NULL;
    }
    *h = (struct host){
        .public = {sizeof h->public, MCD_ABI, workers, host_alloc, host_release, host_log, mcd_fail,
                   host_parallel},
        .sink = sink,
        .sink_arg = arg,
        .pool = pool,
    };
    return &h->public;
}

void mcd_host_destroy(struct mcd_host *host)
{
    if (!host)
        return;
    mcd_pool_destroy(own(host)->pool);
    free(own(host));
}

void *mcd_host_zalloc(const struct mcd_host *host, size_t bytes, struct mcd_error *e)
{
    void *memory = host->alloc(host, bytes);
    if (!memory)
        mcd_fail(e, MCD_NOMEM, "memory", "%zu bytes are not to be had", bytes);
    else
        memset(memory, 0, bytes);
    return memory;
}

void *mcd_host_grow(const struct mcd_host *host, void *array, size_t count, size_t bytes,
                    struct mcd_error *e)
{
    enum { FIRST = 16 };
    if (array && (count < FIRST || (count & (count - 1)) != 0))
        return array; /* room is the next power of two */
    void *larger = mcd_host_zalloc(host, (count < FIRST ? FIRST : 2 * count) * bytes, e);
    if (!larger)
        return NULL;
    if (array)
        memcpy(larger, array, count * bytes);
    host->release(host, array);
    return larger;
}

size_t mcd_host_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    size_t group = mcd_cgroup_memory("");
    size_t physical = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : SIZE_MAX;
    return group < physical ? group : physical;
}

char *mcd_host_strdup(const struct mcd_host *host, const char *text, struct mcd_error *e)
{
    size_t size = strlen(text) + 1;
    char *copy = mcd_host_zalloc(host, size, e);
    return copy ? memcpy(copy, text, size) : NULL;
}

uint64_t mcd_host_live(const struct mcd_host *host)
{
    return atomic_load(&own(host)->live);
}

uint64_t mcd_host_fail_at(struct mcd_host *host, uint64_t k)
{
    return atomic_exchange(&own(host)->until_failure, k);
}
