/* Relative ways between folders. */
#include "core/report/way.h"

#include "core/base/error.h"
#include "core/io/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The folder of `path`, resolved; to be freed, NULL with errno. */
static char *folder_of(const char *path)
{
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash)
        slash[slash == folder] = '\0';
    char *full = folder ? realpath(slash ? folder : ".", NULL) : NULL;
    free(folder);
    return full;
}

/* Bytes that two absolute paths share, whole names only, and the slash behind them. */
static size_t common(const char *a, const char *b)
{
    size_t i = 0, whole = 0;
    for (;; i++) {
        int ends = (a[i] == '/' || !a[i]) && (b[i] == '/' || !b[i]);
        whole = ends ? i : whole;
        if (a[i] != b[i] || !a[i])
            return whole;
    }
}

static char *join(const char *from, const char *to)
{
    size_t n = common(from, to), up = 0;
    for (const char *p = from + n; *p; p++)
        up += *p == '/' && p[1] != '\0';
    const char *down = to + n + (to[n] == '/');
    char *way = malloc(3 * up + strlen(down) + 2);
    if (!way)
        return NULL;
    for (size_t i = 0; i < up; i++)
        memcpy(way + 3 * i, "../", 3);
    sprintf(way + 3 * up, "%s%s", down, *down ? "/" : "");
    return way;
}

static int fail(const char *path, struct mcd_error *e)
{
    return mcd_fail(e, errno == ENOMEM ? MCD_NOMEM : MCD_IO, mcd_place_file(path).text,
                    "its folder cannot be found: %s", strerror(errno));
}

int mcd_way(const char *from, const char *folder, char **way, struct mcd_error *e)
{
    char *here = folder_of(from), *there = here ? realpath(folder, NULL) : NULL;
    *way = NULL;
    int status = here && there ? MCD_OK : fail(here ? folder : from, e);
    if (!status && !(*way = join(here, there)))
        status = mcd_fail(e, MCD_NOMEM, "memory", "not enough for a path");
    free(here);
    free(there);
    return status;
}
