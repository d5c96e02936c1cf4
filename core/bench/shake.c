/* A piece of the stack, a piece of the heap, some pages. */
#include "core/bench/shake.h"

#include <alloca.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

void mcd_shake(uint32_t shake, void (*f)(void *arg), void *arg)
{
    volatile char *stack = alloca(16 + 16 * (size_t)(shake & 0xff));
    volatile char *heap = malloc(16 + 16 * (size_t)(shake >> 8 & 0xfff));
    size_t bytes = PAGE * (size_t)(1 + (shake >> 20 & 0x3f));
    void *pages = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack[0] = 0;
    if (heap)
        heap[0] = 0;
    f(arg);
    free((void *)heap);
    if (pages != MAP_FAILED)
        munmap(pages, bytes);
}
