/*
 * Modules: plugin files that were loaded and found to keep the contract, with nothing created.
 *
 * The system's loader keeps one copy of a file per process and counts its users, so opening the
 * same plugin many times is cheap and needs no table here. From any thread.
 */
#ifndef CORE_MODULE_H
#define CORE_MODULE_H

#include <mcdrop/backend.h>
#include <mcdrop/layer.h>
#include <mcdrop/model.h>
#include <mcdrop/plugin.h>
#include <mcdrop/sampler.h>

/*
 * Descriptor and api are copies, with zeros where an older plugin has nothing: plugin.api points to
 * the copy, and its `size` stays the plugin's own.
 */
struct mcd_module {
    struct mcd_plugin plugin;
    union {
        struct mcd_layer layer;
        struct mcd_sampler sampler;
        struct mcd_model model;
        struct mcd_backend backend;
    } api;
    char *path; /* absolute, links resolved */
    void *handle;
};

/*
 * Loads `path`; `kind` is what it must be, 0 for any. A file that is no plugin, or not one for this
 * mcdrop, is MCD_UNSUPPORTED; a backend whose libraries cannot be loaded MCD_DEVICE. On failure
 * *module is NULL.
 */
int mcd_module_load(const struct mcd_host *, uint32_t kind, const char *path,
                    struct mcd_module **module, struct mcd_error *e);

/* Loads by name: the first of the search path. An unknown one fails as mcd_search_fail does. */
int mcd_module_find(const struct mcd_host *, uint32_t kind, const char *name,
                    struct mcd_module **module, struct mcd_error *e);

/* NULL is fine. */
void mcd_module_close(const struct mcd_host *, struct mcd_module *);

#endif
