/*
 * Where plugins are: DIR/{layers,samplers,models,backends}/NAME.so, for each DIR of
 * MCDROP_PLUGIN_PATH (separated by colons), then for plugins-build beside the program, which is
 * there where it was built, then for the installed directory. Only file names are looked at;
 * nothing is opened.
 */
#ifndef CORE_SEARCH_H
#define CORE_SEARCH_H

#include <mcdrop/plugin.h>

/* "layer", "sampler", "model", "backend"; NULL for anything else. */
const char *mcd_plugin_kind_name(uint32_t kind);

/*
 * The first file of that kind and name: *path, released by the caller. Without one *path is NULL,
 * which is no failure.
 */
int mcd_search_find(const struct mcd_host *, uint32_t kind, const char *name, char **path,
                    struct mcd_error *e);

struct mcd_found {
    char *name, *path;
};

struct mcd_list {
    uint32_t count;
    struct mcd_found *item; /* sorted by name; of several with a name the one that would be used */
};

/* Every file of a kind. On failure the list is empty. The caller clears it. */
int mcd_search_list(const struct mcd_host *, uint32_t kind, struct mcd_list *list,
                    struct mcd_error *e);

/* Harmless on one that is {0}. */
void mcd_list_clear(const struct mcd_host *, struct mcd_list *list);

/* Fails with the names that would have been right; `kind` 0 stands for all kinds. */
int mcd_search_fail(const struct mcd_host *, uint32_t kind, const char *name, struct mcd_error *e);

#endif
