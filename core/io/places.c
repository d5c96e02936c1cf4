/* Where data sets lie. */
#include "core/io/places.h"

#include "core/base/error.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef MCD_DATA_DIR
#define MCD_DATA_DIR "/usr/share/mcdrop"
#endif

/* Appends FOLDER[0 .. length) + MIDDLE + "/" + NAME. */
static int append(struct mcd_places *p, const char *folder, size_t length, const char *middle,
                  const char *name)
{
    size_t room = length + strlen(middle) + strlen(name) + 2;
    char **longer = realloc(p->folder, (p->count + 1) * sizeof *longer), *text = malloc(room);
    if (longer)
        p->folder = longer;
    if (!longer || !text) {
        free(text);
        return MCD_NOMEM;
    }
    snprintf(text, room, "%.*s%s/%s", (int)length, folder, middle, name);
    p->folder[p->count++] = text;
    return MCD_OK;
}

static int append_path(struct mcd_places *p, const char *name)
{
    const char *entry = getenv("MCDROP_DATA_PATH");
    int status = MCD_OK;
    while (entry && *entry && status == MCD_OK) {
        size_t length = strcspn(entry, ":");
        if (length > 0)
            status = append(p, entry, length, "", name);
        entry += length + (entry[length] == ':');
    }
    return status;
}

static int append_cache(struct mcd_places *p, const char *name)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/')
        return append(p, cache, strlen(cache), "/mcdrop", name);
    if (home && home[0])
        return append(p, home, strlen(home), "/.cache/mcdrop", name);
    return MCD_OK;
}

/* Nothing where the program's own place is not to be had. */
static int append_program(struct mcd_places *p, const char *name)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    while (length > 0 && path[length - 1] != '/')
        length--;
    return length > 0 ? append(p, path, (size_t)length - 1, "/data", name) : MCD_OK;
}

int mcd_places_list(struct mcd_places *p, const char *name, struct mcd_error *e)
{
    *p = (struct mcd_places){0};
    int status = append_path(p, name);
    if (status == MCD_OK)
        status = append_cache(p, name);
    if (status == MCD_OK)
        status = append(p, "/usr/share/datasets", strlen("/usr/share/datasets"), "", name);
    if (status == MCD_OK)
        status = append(p, MCD_DATA_DIR, strlen(MCD_DATA_DIR), "", name);
    if (status == MCD_OK)
        status = append_program(p, name);
    if (status == MCD_OK)
        return MCD_OK;
    mcd_places_clear(p);
    return mcd_fail(e, MCD_NOMEM, name, "no memory for the list of places");
}

void mcd_places_join(const struct mcd_places *p, char *text, size_t size)
{
    const size_t more = sizeof " and 1000000 more";
    size_t n = 0;
    text[0] = 0;
    for (size_t i = 0; i < p->count; i++) {
        size_t rest = p->count - i - 1;
        if (n + strlen(", ") + strlen(p->folder[i]) + (rest ? more : 1) > size) {
            snprintf(text + n, size - n, n ? " and %zu more" : "%zu folders", rest + 1);
            return;
        }
        n += (size_t)snprintf(text + n, size - n, "%s%s", n ? ", " : "", p->folder[i]);
    }
}

void mcd_places_clear(struct mcd_places *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->folder[i]);
    free(p->folder);
    *p = (struct mcd_places){0};
}
