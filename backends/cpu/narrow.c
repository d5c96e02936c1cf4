/* From float to bf16, the upper half of a float: round to nearest, ties to even. */
#include "clones.h"
#include "cpu.h"
#include "elementary.h"

enum { GRAIN = 32768 };

struct job {
    uint16_t *to;
    const float *from;
};

MCD_INTO_CLONE uint16_t narrow(float x)
{
    uint32_t bits = mcd_bits(x), rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    uint32_t nan = bits >> 16 | 0x40; /* stays one when its lower half goes */
    return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? nan : rounded);
}

static MCD_CLONES void narrow_all(uint16_t *restrict to, const float *restrict from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = narrow(from[i]);
}

static void piece(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    narrow_all(j->to + first, j->from + first, count);
}

void mcd_cpu_narrow(const struct mcd_cpu *cpu, uint16_t *to, const float *from, int64_t n)
{
    struct job j = {to, from};
    mcd_cpu_split(cpu, n, GRAIN, piece, &j);
}
