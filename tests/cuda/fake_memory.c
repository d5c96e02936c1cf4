/*
 * Memory of the fake's devices, and host memory that they can reach. Each block has pages of its
 * own, its end at theirs and a page on either side that nobody may touch. It begins as NaN; a block
 * that was given back leaves its addresses behind, for a while, so that a late use of it is seen.
 */
#include "fake_inner.h"

#include <sys/mman.h>
#include <unistd.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes)   ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

enum { ALIGNMENT = 256, SLACK = 0xA5, GHOSTS = 256 /* blocks that were given back last */ };

static size_t page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static int is_block(const struct fake_object *o)
{
    return o->kind == FAKE_BLOCK;
}

/* ---- making and giving back ------------------------------------------------------------------ */

static size_t used_on(int device)
{
    size_t used = 0;
    for (const struct fake_object *o = fake_first(); o; o = o->next)
        if (is_block(o) && ((const struct fake_block *)o)->device == device)
            used += ((const struct fake_block *)o)->bytes;
    return used;
}

/* What lies before and behind the block in its pages. */
static void surround(const struct fake_block *b)
{
    char *end = b->at + b->bytes;
    size_t before = (size_t)(b->at - b->map) - page();
    size_t behind = (size_t)(b->map + b->mapped - end) - page();
    memset(b->at - before, SLACK, before);
    memset(end, SLACK, behind);
    ASAN_POISON_MEMORY_REGION(b->at - before, before);
    ASAN_POISON_MEMORY_REGION(end, behind);
}

static int is_slack(const char *at, size_t bytes)
{
    while (bytes > 0 && (unsigned char)*at == SLACK)
        at++, bytes--;
    return bytes == 0;
}

static int is_surrounded(const struct fake_block *b)
{
    char *end = b->at + b->bytes;
    size_t before = (size_t)(b->at - b->map) - page();
    size_t behind = (size_t)(b->map + b->mapped - end) - page();
    ASAN_UNPOISON_MEMORY_REGION(b->at - before, before);
    ASAN_UNPOISON_MEMORY_REGION(end, behind);
    return is_slack(b->at - before, before) && is_slack(end, behind);
}

static cudaError_t make(void **at, size_t bytes, int device)
{
    size_t whole = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    cudaError_t e = fake_unsafe();
    if (e)
        return e;
    if (bytes == 0) {
        *at = NULL;
        return cudaSuccess;
    }
    if (device >= 0 && (bytes > fake.memory || used_on(device) > fake.memory - bytes))
        return cudaErrorMemoryAllocation;
    size_t mapped = (whole + page() - 1) / page() * page() + 2 * page();
    char *map = mmap(NULL, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return cudaErrorMemoryAllocation;
    struct fake_block *b = fake_make(FAKE_BLOCK, sizeof *b);
    b->map = map;
    b->mapped = mapped;
    b->at = map + mapped - page() - whole;
    b->bytes = bytes;
    b->device = device;
    mprotect(map + page(), mapped - 2 * page(), PROT_READ | PROT_WRITE);
    memset(b->at, 0xFF, bytes);
    surround(b);
    if (device >= 0)
        mprotect(map + page(), mapped - 2 * page(), PROT_NONE);
    *at = b->at;
    return cudaSuccess;
}

/* Nobody can use its addresses until GHOSTS others have been given back. */
static void bury(const struct fake_block *b)
{
    static struct {
        char *map;
        size_t mapped;
    } ghost[GHOSTS];
    static unsigned turn;
    mmap(b->map, b->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
         0);
    if (ghost[turn].map)
        munmap(ghost[turn].map, ghost[turn].mapped);
    ghost[turn].map = b->map;
    ghost[turn].mapped = b->mapped;
    turn = (turn + 1) % GHOSTS;
}

static cudaError_t give_back(void *at, int on_host)
{
    cudaError_t e = fake_unsafe();
    if (e || !at)
        return e;
    for (struct fake_object *o = fake_first(); o; o = o->next) {
        struct fake_block *b = (struct fake_block *)o;
        if (!is_block(o) || b->at != at || (b->device < 0) != on_host)
            continue;
        mprotect(b->map + page(), b->mapped - 2 * page(), PROT_READ | PROT_WRITE);
        if (!is_surrounded(b))
            e = fake_wrong("something was written beside the %zu bytes at %p", b->bytes, at);
        bury(b);
        fake_unmake(b);
        return e;
    }
    return fake_wrong("%p was not allocated by %s", at, on_host ? "cudaHostAlloc" : "cudaMalloc");
}

cudaError_t cudaMalloc(void **at, size_t bytes)
{
    FAKE_CALL(make(at, bytes, fake_device()));
}

cudaError_t cudaFree(void *at)
{
    FAKE_RELEASE(give_back(at, 0));
}

cudaError_t cudaMallocHost(void **at, size_t bytes)
{
    FAKE_CALL(make(at, bytes, -1));
}

cudaError_t cudaHostAlloc(void **at, size_t bytes, unsigned int flags)
{
    (void)flags;
    FAKE_CALL(make(at, bytes, -1));
}

cudaError_t cudaFreeHost(void *at)
{
    FAKE_RELEASE(give_back(at, 1));
}

static cudaError_t memory_info(size_t *left, size_t *total)
{
    *total = fake.memory;
    *left = fake.memory - used_on(fake_device());
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *left, size_t *total)
{
    FAKE_CALL(memory_info(left, total));
}

/* ---- whose an address is --------------------------------------------------------------------- */

const struct fake_block *fake_block_of(const void *at, size_t bytes)
{
    for (const struct fake_object *o = fake_first(); o; o = o->next) {
        const struct fake_block *b = (const struct fake_block *)o;
        if (is_block(o) && (const char *)at >= b->at && (const char *)at <= b->at + b->bytes &&
            bytes <= (size_t)(b->at + b->bytes - (const char *)at))
            return b;
    }
    return NULL;
}

int fake_on_device(int device, const void *at, size_t bytes, const char *what)
{
    const struct fake_block *b = fake_block_of(at, bytes);
    if (b && b->device == device)
        return 1;
    fake_wrong("%s: %zu bytes at %p are not in memory of device %d", what, bytes, at, device);
    return 0;
}

/*
 * Addresses are larger than all other words that kernels are given, and only what is mapped can be
 * one. AddressSanitizer's own memory is everywhere, and valgrind minds looking at padding.
 */
static int is_host_address(uint64_t word)
{
#ifdef __SANITIZE_ADDRESS__
    (void)word;
    return 0;
#else
    unsigned char there;
    if (word < (uint64_t)1 << 40 || word >= (uint64_t)1 << 47)
        return 0;
    return mincore((void *)(uintptr_t)(word & ~(uint64_t)(page() - 1)), 1, &there) == 0;
#endif
}

int fake_addresses_fit(int device, const void *words, size_t bytes, const char *what)
{
    for (size_t i = 0; !RUNNING_ON_VALGRIND && i + 8 <= bytes; i += 8) {
        uint64_t word;
        memcpy(&word, (const char *)words + i, 8);
        const struct fake_block *b = fake_block_of((const void *)(uintptr_t)word, 0);
        if (b ? b->device < 0 || b->device == device : !is_host_address(word))
            continue;
        fake_wrong("%s: the address at byte %zu, %p, is not one of device %d", what, i,
                   (void *)(uintptr_t)word, device);
        return 0;
    }
    return 1;
}

/* ---- touching it ----------------------------------------------------------------------------- */

static int depth;

static void protect_all(int protection)
{
    for (const struct fake_object *o = fake_first(); o; o = o->next) {
        const struct fake_block *b = (const struct fake_block *)o;
        if (is_block(o) && b->device >= 0)
            mprotect(b->map + page(), b->mapped - 2 * page(), protection);
    }
}

void fake_memory_open(void)
{
    if (depth++ == 0)
        protect_all(PROT_READ | PROT_WRITE);
}

void fake_memory_close(void)
{
    if (--depth == 0)
        protect_all(PROT_NONE);
}
