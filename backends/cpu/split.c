/* Cutting work into pieces of a fixed size. */
#include "cpu.h"

struct split {
    int64_t total, grain;
    void (*f)(void *arg, int64_t first, int64_t count, uint32_t worker);
    void *arg;
};

static void piece(void *arg, uint32_t i, uint32_t worker)
{
    const struct split *s = arg;
    int64_t first = i * s->grain, rest = s->total - first;
    s->f(s->arg, first, rest < s->grain ? rest : s->grain, worker);
}

void mcd_cpu_split(const struct mcd_cpu *cpu, int64_t total, int64_t grain,
                   void (*f)(void *arg, int64_t first, int64_t count, uint32_t worker), void *arg)
{
    const int64_t most = UINT32_MAX;
    grain = grain > 1 ? grain : 1;
    if (total / grain >= most) /* `parallel` counts in 32 bits */
        grain = total / most + 1;
    struct split s = {total, grain, f, arg};
    if (total <= grain)
        f(arg, 0, total, 0);
    else
        cpu->host->parallel(cpu->host, (uint32_t)((total + grain - 1) / grain), piece, &s);
}
