/* Limits of control groups, as /proc/self/cgroup and the files below /sys/fs/cgroup tell them. */
#include "core/base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GROUPS = 16384 /* bytes of /proc/self/cgroup that are looked at */ };

/* Where a version has its limits. */
struct version {
    const char *controller, *mount, *file;
};

/* The beginning of a file that fits; 0 if there is none. */
static int read_text(const char *path, char *text, size_t room)
{
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, room - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* "max" says that there is none. */
static size_t limit_of(const char *path)
{
    char text[64], *end;
    if (!read_text(path, text, sizeof text))
        return SIZE_MAX;
    errno = 0;
    unsigned long long bytes = strtoull(text, &end, 10);
    if (end == text || text[0] == '-' || errno || bytes > SIZE_MAX)
        return SIZE_MAX;
    return (size_t)bytes;
}

/*
 * The least of a group and those that it lies in; cuts `group` down to "". A container may see its
 * own group as the root, whatever /proc says: folders that are not there are passed over.
 */
static size_t least_limit(const char *root, const struct version *v, char *group)
{
    size_t least = SIZE_MAX;
    for (;;) {
        char path[PATH_MAX];
        int n =
            snprintf(path, sizeof path, "%s/sys/fs/cgroup%s%s/%s", root, v->mount, group, v->file);
        size_t limit = n < (int)sizeof path ? limit_of(path) : SIZE_MAX;
        least = limit < least ? limit : least;
        char *slash = strrchr(group, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* Whether `name` is in a list with commas; the empty list has the empty name. */
static int has(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (;;) {
        size_t end = strcspn(list, ",");
        if (end == n && strncmp(list, name, n) == 0)
            return 1;
        if (!list[end])
            return 0;
        list += end + 1;
    }
}

size_t mcd_cgroup_memory(const char *root)
{
    static const struct version versions[] = {{"", "", "memory.max"},
                                              {"memory", "/memory", "memory.limit_in_bytes"}};
    char path[PATH_MAX], text[GROUPS], *rest = text;
    size_t least = SIZE_MAX;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!read_text(path, text, sizeof text))
        return SIZE_MAX;
    for (char *line; (line = strsep(&rest, "\n"));) { /* NUMBER:CONTROLLERS:GROUP */
        strsep(&line, ":");
        const char *controllers = strsep(&line, ":");
        for (size_t i = 0; line && i < sizeof versions / sizeof *versions; i++)
            if (has(controllers, versions[i].controller)) {
                size_t limit = least_limit(root, &versions[i], line);
                least = limit < least ? limit : least;
                break;
            }
    }
    return least;
}
