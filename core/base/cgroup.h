/* The limit that the system sets to the memory of a group of processes, such as a container. */
#ifndef CORE_CGROUP_H
#define CORE_CGROUP_H

#include <stddef.h>

/*
 * Bytes that this process and the others of its control group may have: the least limit from the
 * group up to the root, of version 2 (memory.max) or 1 (memory.limit_in_bytes). SIZE_MAX if there
 * is none or the system does not say. `root` is put before /proc and /sys: "" but in tests.
 */
size_t mcd_cgroup_memory(const char *root);

#endif
