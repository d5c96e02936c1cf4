/* The search path of plugins, and what lies in it. */
#include "core/plugin/search.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/place.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

const char *mcd_plugin_kind_name(uint32_t kind)
{
    static const char *const names[] = {NULL, "layer", "sampler", "model", "backend"};
    return kind <= MCD_BACKEND ? names[kind] : NULL;
}

/*
 * A program in the tree that it was built in finds the plugins that were built with it, in the
 * folder beside it. "" without one, or where someone else could have made or filled it.
 */
static void find_built(char path[PATH_MAX])
{
    static const char name[] = "plugins-build";
    struct stat program, folder;
    ssize_t length = getauxval(AT_SECURE) ? -1 : readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash && stat(path, &program) == 0 && slash + 1 + sizeof name <= path + PATH_MAX) {
        memcpy(slash + 1, name, sizeof name);
        if (!strchr(path, ':') && stat(path, &folder) == 0 && S_ISDIR(folder.st_mode) &&
            folder.st_uid == program.st_uid && !(folder.st_mode & S_IWOTH))
            return;
    }
    *path = '\0';
}

/*
 * All directories, separated by colons, released by the caller: the environment's, which a program
 * with another user's rights ignores, the built one, the installed one. NULL: out of memory.
 */
static char *all_places(const struct mcd_host *host, struct mcd_error *e)
{
    const char *path = secure_getenv("MCDROP_PLUGIN_PATH");
    char built[PATH_MAX];
    find_built(built);
    size_t size = (path ? strlen(path) : 0) + strlen(built) + sizeof MCD_PLUGIN_DIR + 2;
    char *places = mcd_host_zalloc(host, size, e);
    if (places)
        snprintf(places, size, "%s:%s:%s", path ? path : "", built, MCD_PLUGIN_DIR);
    return places;
}

/*
 * Takes the next directory off *rest and returns "DIR/KINDs" with `tail` behind it, released by the
 * caller; *rest is NULL after the last. NULL: out of memory.
 */
static char *next_place(const struct mcd_host *host, const char **rest, uint32_t kind,
                        const char *tail, struct mcd_error *e)
{
    const char *dir = *rest + strspn(*rest, ":"); /* an empty place is none */
    size_t length = strcspn(dir, ":");
    *rest = dir[length] ? dir + length : NULL;
    size_t size = length + strlen(tail) + 16;
    char *path = mcd_host_zalloc(host, size, e);
    if (path)
        snprintf(path, size, "%.*s/%ss%s", (int)length, dir, mcd_plugin_kind_name(kind), tail);
    return path;
}

int mcd_search_find(const struct mcd_host *host, uint32_t kind, const char *name, char **path,
                    struct mcd_error *e)
{
    *path = NULL;
    size_t size = strlen(name) + 5;
    char *tail = mcd_host_zalloc(host, size, e), *places = all_places(host, e);
    int status = tail && places ? MCD_OK : MCD_NOMEM;
    if (!status)
        snprintf(tail, size, "/%s.so", name);
    for (const char *rest = places; rest && status == MCD_OK && !*path;) {
        char *file = next_place(host, &rest, kind, tail, e);
        if (!file)
            status = MCD_NOMEM;
        else if (access(file, F_OK) == 0)
            *path = file;
        else
            host->release(host, file);
    }
    host->release(host, tail);
    host->release(host, places);
    return status;
}

/* Adds `file` of `folder` if it is a plugin's and its name is new. */
static int add_file(const struct mcd_host *host, struct mcd_list *list, const char *folder,
                    const char *file, struct mcd_error *e)
{
    size_t length = strlen(file), size = strlen(folder) + length + 2;
    if (length <= 3 || file[0] == '.' || strcmp(file + length - 3, ".so") != 0)
        return MCD_OK;
    for (uint32_t i = 0; i < list->count; i++)
        if (strncmp(list->item[i].name, file, length - 3) == 0 &&
            list->item[i].name[length - 3] == '\0')
            return MCD_OK;
    struct mcd_found *item = mcd_host_grow(host, list->item, list->count, sizeof *item, e);
    if (!item)
        return MCD_NOMEM;
    list->item = item;
    struct mcd_found found = {mcd_host_strdup(host, file, e), mcd_host_zalloc(host, size, e)};
    if (!found.name || !found.path) {
        host->release(host, found.name);
        host->release(host, found.path);
        return MCD_NOMEM;
    }
    found.name[length - 3] = '\0';
    snprintf(found.path, size, "%s/%s", folder, file);
    list->item[list->count++] = found;
    return MCD_OK;
}

/* A directory that is not there, or not to be read, has no plugins. */
static int add_folder(const struct mcd_host *host, struct mcd_list *list, const char *folder,
                      struct mcd_error *e)
{
    DIR *dir = opendir(folder);
    int status = MCD_OK;
    for (struct dirent *entry; dir && status == MCD_OK && (entry = readdir(dir));)
        status = add_file(host, list, folder, entry->d_name, e);
    if (dir)
        closedir(dir);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct mcd_found *)a)->name, ((const struct mcd_found *)b)->name);
}

int mcd_search_list(const struct mcd_host *host, uint32_t kind, struct mcd_list *list,
                    struct mcd_error *e)
{
    *list = (struct mcd_list){0};
    char *places = all_places(host, e);
    int status = places ? MCD_OK : MCD_NOMEM;
    for (const char *rest = places; rest && status == MCD_OK;) {
        char *folder = next_place(host, &rest, kind, "", e);
        status = folder ? add_folder(host, list, folder, e) : MCD_NOMEM;
        host->release(host, folder);
    }
    host->release(host, places);
    if (status != MCD_OK)
        mcd_list_clear(host, list);
    else if (list->count > 1)
        qsort(list->item, list->count, sizeof *list->item, by_name);
    return status;
}

void mcd_list_clear(const struct mcd_host *host, struct mcd_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        host->release(host, list->item[i].name);
        host->release(host, list->item[i].path);
    }
    host->release(host, list->item);
    *list = (struct mcd_list){0};
}

/* Names of one kind behind those that are in `names` already. */
static int add_names(const struct mcd_host *host, uint32_t kind, char *names, size_t room,
                     struct mcd_error *e)
{
    struct mcd_list list;
    int status = mcd_search_list(host, kind, &list, e);
    size_t used = strlen(names);
    for (uint32_t i = 0; i < list.count && used < room; i++)
        used += (size_t)snprintf(names + used, room - used, "%s%s", used ? ", " : "",
                                 list.item[i].name);
    mcd_list_clear(host, &list);
    return status;
}

int mcd_search_fail(const struct mcd_host *host, uint32_t kind, const char *name,
                    struct mcd_error *e)
{
    char names[250] = "";
    int status = MCD_OK;
    for (uint32_t k = MCD_LAYER; status == MCD_OK && k <= MCD_BACKEND; k++)
        if (!kind || k == kind)
            status = add_names(host, k, names, sizeof names, e);
    if (status != MCD_OK)
        return status;
    struct mcd_shown shown = mcd_show_text(name);
    const char *word = kind ? mcd_plugin_kind_name(kind) : "plugin";
    status = kind == MCD_BACKEND ? MCD_DEVICE : MCD_INVALID;
    char file[300];
    snprintf(file, sizeof file, "%s.so", name);
    if (access(file, F_OK) == 0)
        return mcd_fail(e, status, shown.text,
                        "there is no such %s where plugins are looked for: expected ./%s.so for "
                        "the file that lies here",
                        word, shown.text);
    if (!*names)
        return mcd_fail(e, status, shown.text,
                        "there is no such %s, nor any other, in MCDROP_PLUGIN_PATH and %s", word,
                        MCD_PLUGIN_DIR);
    return mcd_fail(e, status, shown.text, "there is no such %s: expected one of %s", word, names);
}
