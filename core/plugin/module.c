/* Loading plugin files: judged, opened, checked against the contract, copied. */
#include "core/plugin/module.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/place.h"
#include "core/plugin/param.h"
#include "core/plugin/plugin_file.h"
#include "core/plugin/search.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* Shorter for the many messages of this file; `path` is what the user gave. */
#define REFUSE(...) mcd_fail(e, MCD_UNSUPPORTED, mcd_place_file(path).text, __VA_ARGS__)

static int check_version(const char *path, uint32_t abi, struct mcd_error *e)
{
    uint32_t major = abi >> 16, minor = abi & 0xffff;
    if (major == MCD_ABI_MAJOR && minor <= MCD_ABI_MINOR)
        return MCD_OK;
    return REFUSE("built for plugin interface %u.%u: expected %u.0 to %u.%u; build it again with "
                  "this mcdrop's headers",
                  major, minor, MCD_ABI_MAJOR, MCD_ABI_MAJOR, MCD_ABI_MINOR);
}

/* The name by which the file would be found. */
static int has_name_of_file(const char *name, const char *path)
{
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    size_t length = strlen(name);
    return strncmp(file, name, length) == 0 && strcmp(file + length, ".so") == 0;
}

static int check_descriptor(const char *path, uint32_t kind, const struct mcd_plugin *p,
                            struct mcd_error *e)
{
    const char *is = mcd_plugin_kind_name(p->kind);
    if (!is)
        return REFUSE("kind %u is not known: expected a layer, sampler, model or backend", p->kind);
    if (kind && p->kind != kind)
        return REFUSE("is a %s: expected a %s", is, mcd_plugin_kind_name(kind));
    if (!p->name || !p->version || !p->licence || !p->help || !p->params)
        return REFUSE("the descriptor has no %s", !p->name      ? "name"
                                                  : !p->version ? "version"
                                                  : !p->licence ? "licence"
                                                  : !p->help    ? "help"
                                                                : "table of parameters");
    if (!has_name_of_file(p->name, path))
        return REFUSE("calls itself '%s': expected the file's name", mcd_show_text(p->name).text);
    if (!p->create || !p->api)
        return REFUSE("the descriptor has no %s", p->create ? "api" : "constructor");
    return MCD_OK;
}

/* The functions that every version of an api has. */
static int api_is_complete(const struct mcd_module *m)
{
    const struct mcd_backend *b = &m->api.backend;
    switch (m->plugin.kind) {
    case MCD_LAYER:
        return m->api.layer.build != NULL;
    case MCD_SAMPLER:
        return m->api.sampler.group && (m->api.sampler.draw || m->api.sampler.fill);
    case MCD_MODEL:
        return m->api.model.recipe &&
               (m->api.model.build || (m->api.model.fit && m->api.model.draw));
    default:
        return b->info && b->alloc && b->release && b->write && b->read && b->kernel;
    }
}

/* Copies what the plugin has of its api, up to what this version knows. */
static int copy_api(const char *path, struct mcd_module *m, struct mcd_error *e)
{
    static const size_t known[] = {
        [MCD_LAYER] = sizeof(struct mcd_layer),
        [MCD_SAMPLER] = sizeof(struct mcd_sampler),
        [MCD_MODEL] = sizeof(struct mcd_model),
        [MCD_BACKEND] = sizeof(struct mcd_backend),
    };
    uint32_t size;
    memcpy(&size, m->plugin.api, sizeof size);
    if (size < sizeof size)
        return REFUSE("its api has size %u: expected sizeof of the api's struct", size);
    memcpy(&m->api, m->plugin.api, size < known[m->plugin.kind] ? size : known[m->plugin.kind]);
    m->plugin.api = &m->api;
    if (!api_is_complete(m))
        return REFUSE("its api lacks a function that every %s must have",
                      mcd_plugin_kind_name(m->plugin.kind));
    return MCD_OK;
}

/* The smallest descriptor there ever was: version 1.0's. */
static const size_t least_size = offsetof(struct mcd_plugin, api) + sizeof(void *);

static int check_entry(const struct mcd_host *host, const char *path, uint32_t kind,
                       struct mcd_module *m, struct mcd_error *e)
{
    const struct mcd_plugin *entry = dlsym(m->handle, "mcd_entry");
    if (!entry)
        return REFUSE("not a plugin: the symbol mcd_entry is missing");
    int status = check_version(path, entry->abi, e);
    if (status != MCD_OK)
        return status;
    if (entry->size < least_size)
        return REFUSE("its descriptor has size %u: expected %zu or more", entry->size, least_size);
    memcpy(&m->plugin, entry, entry->size < sizeof m->plugin ? entry->size : sizeof m->plugin);
    status = check_descriptor(path, kind, &m->plugin, e);
    if (status == MCD_OK)
        status = copy_api(path, m, e);
    return status == MCD_OK ? mcd_param_check(host, mcd_place_file(path).text, m->plugin.params, e)
                            : status;
}

static int load(const struct mcd_host *host, const char *path, uint32_t kind, struct mcd_module *m,
                struct mcd_error *e)
{
    int status = mcd_plugin_file_check(path, m->path, e);
    if (status != MCD_OK)
        return status;
    m->handle = dlopen(m->path, RTLD_NOW | RTLD_LOCAL);
    if (!m->handle)
        return mcd_fail(e, kind == MCD_BACKEND ? MCD_DEVICE : MCD_UNSUPPORTED,
                        mcd_place_file(path).text, "cannot be loaded: %s", dlerror());
    return check_entry(host, path, kind, m, e);
}

int mcd_module_load(const struct mcd_host *host, uint32_t kind, const char *path,
                    struct mcd_module **module, struct mcd_error *e)
{
    char real[PATH_MAX];
    *module = NULL;
    if (!realpath(path, real)) {
        int missing = kind == MCD_BACKEND ? MCD_DEVICE : MCD_INVALID;
        return mcd_fail(e, errno == ENOENT ? missing : MCD_IO, mcd_place_file(path).text, "%s",
                        strerror(errno));
    }
    struct mcd_module *m = mcd_host_zalloc(host, sizeof *m, e);
    if (!m)
        return MCD_NOMEM;
    m->path = mcd_host_strdup(host, real, e);
    int status = m->path ? load(host, path, kind, m, e) : MCD_NOMEM;
    if (status != MCD_OK)
        mcd_module_close(host, m);
    else
        *module = m;
    return status;
}

int mcd_module_find(const struct mcd_host *host, uint32_t kind, const char *name,
                    struct mcd_module **module, struct mcd_error *e)
{
    char *path;
    *module = NULL;
    int status = mcd_search_find(host, kind, name, &path, e);
    if (status == MCD_OK)
        status = path ? mcd_module_load(host, kind, path, module, e)
                      : mcd_search_fail(host, kind, name, e);
    host->release(host, path);
    return status;
}

void mcd_module_close(const struct mcd_host *host, struct mcd_module *m)
{
    if (!m)
        return;
    if (m->handle)
        dlclose(m->handle);
    host->release(host, m->path);
    host->release(host, m);
}
