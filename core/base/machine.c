/* From /proc/cpuinfo and the system's numbers. */
#include "core/base/machine.h"

#include "core/base/host.h"

#include <stdio.h>
#include <unistd.h>

struct mcd_machine mcd_machine(void)
{
    struct mcd_machine m;
    char line[300], cpu[200] = "unknown processor";
    FILE *f = fopen("/proc/cpuinfo", "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "model name : %199[^\n]", cpu) == 1)
            break;
    if (f)
        fclose(f);
    snprintf(m.text, sizeof m.text, "%s, %ld CPUs, %.0f GB of memory", cpu,
             sysconf(_SC_NPROCESSORS_ONLN), (double)mcd_host_memory() * 1e-9);
    return m;
}
