/* Saved benchmarks from hostile bytes: refused, or jobs whose values are numbers. */
#include "core/base/host.h"
#include "core/bench/bench_file.h"

#include <math.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mcd_host *host;
    struct mcd_bench_file f;
    struct mcd_error e = {0};
    if (!host && !(host = mcd_host_create(1, NULL, NULL, NULL)))
        return 0;
    int status = mcd_bench_file_parse(host, "old.json", data, size, &f, &e);
    if (status != e.code || (status && (f.json || !e.where[0] || !e.text[0])))
        __builtin_trap();
    for (size_t i = 0; i < f.count; i++)
        for (size_t k = 0; k < f.record[i].count; k++)
            if (!isfinite(f.record[i].value[k]))
                __builtin_trap();
    mcd_bench_file_clear(&f);
    if (mcd_host_live(host) != 0)
        __builtin_trap();
    return 0;
}
