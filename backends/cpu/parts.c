/* Sums of parts that several workers computed, in an order that doesn't depend on them. */
#include "cpu.h"

enum { GRAIN = 8192 };

struct job {
    float *sum;
    const float *part;
    int64_t parts, elements;
};

static void piece(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t k = 0; k < j->parts; k++) {
        const float *from = j->part + k * j->elements;
        for (int64_t i = first; i < first + count; i++)
            j->sum[i] += from[i];
    }
}

void mcd_cpu_add_parts(const struct mcd_cpu *cpu, float *sum, const float *part, int64_t parts,
                       int64_t elements)
{
    struct job j = {sum, part, parts, elements};
    mcd_cpu_split(cpu, elements, GRAIN, piece, &j);
}
