/* From a path as a user writes it to one that holds anywhere, and back. */
#include "core/io/full_path.h"

#include "core/base/error.h"
#include "core/io/place.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int mcd_full_path(const char *path, char **full, struct mcd_error *e)
{
    *full = NULL;
    if (!path)
        return MCD_OK;
    *full = realpath(path, NULL);
    if (!*full && errno != ENOMEM)
        *full = strdup(path);
    return *full ? MCD_OK
                 : mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory for its name");
}

const char *mcd_short_path(const char *path)
{
    char here[PATH_MAX];
    if (!getcwd(here, sizeof here))
        return path;
    size_t n = strlen(here);
    return strncmp(path, here, n) == 0 && path[n] == '/' && path[n + 1] ? path + n + 1 : path;
}
