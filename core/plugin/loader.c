/* From a specification to an item: parse, load, match parameters, create. */
#include "core/plugin/loader.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/plugin/call.h"
#include "core/plugin/module.h"
#include "core/plugin/param.h"
#include "core/plugin/spec.h"

#include <stdio.h>

struct item {
    struct mcd_item public;
    struct mcd_module *module;
    char *spec;
    int created;
};

/* "DIR/NAME" and ".so", whichever way the user wrote it. */
static int load_path(const struct mcd_host *host, uint32_t kind, const char *path,
                     struct mcd_module **module, struct mcd_error *e)
{
    size_t size = strlen(path) + 4;
    char *file = mcd_host_zalloc(host, size, e);
    if (!file)
        return MCD_NOMEM;
    snprintf(file, size, "%s.so", path);
    int status = mcd_module_load(host, kind, file, module, e);
    host->release(host, file);
    return status;
}

static int create(const struct mcd_host *host, const struct mcd_args *args, struct item *item,
                  struct mcd_error *e)
{
    const struct mcd_plugin *plugin = &item->module->plugin;
    item->spec = mcd_args_text(host, plugin->name, args, e);
    if (!item->spec)
        return MCD_NOMEM;
    int status = mcd_call_create(host, plugin, args, &item->public.self, e);
    item->created = status == MCD_OK;
    item->public.plugin = plugin;
    item->public.spec = item->spec;
    item->public.path = item->module->path;
    return status;
}

static int open_item(const struct mcd_host *host, uint32_t kind, const struct mcd_spec *spec,
                     struct item *item, struct mcd_error *e)
{
    int status = spec->path ? load_path(host, kind, spec->path, &item->module, e)
                            : mcd_module_find(host, kind, spec->name, &item->module, e);
    if (status != MCD_OK)
        return status;
    struct mcd_args args;
    status = mcd_args_create(host, item->module->plugin.params, spec, &args, e);
    if (status == MCD_OK)
        status = create(host, &args, item, e);
    mcd_args_clear(host, &args);
    return status;
}

int mcd_item_open(const struct mcd_host *host, uint32_t kind, const char *text,
                  struct mcd_item **out, struct mcd_error *e)
{
    struct mcd_spec spec;
    *out = NULL;
    int status = mcd_spec_parse(host, text, &spec, e);
    if (status != MCD_OK)
        return status;
    struct item *item = mcd_host_zalloc(host, sizeof *item, e);
    status = item ? open_item(host, kind, &spec, item, e) : MCD_NOMEM;
    mcd_spec_clear(host, &spec);
    if (status == MCD_OK)
        *out = &item->public;
    else if (item)
        mcd_item_close(host, &item->public);
    return status;
}

int mcd_item_is_older(const struct mcd_item *item, uint32_t minor)
{
    return (item->plugin->abi & 0xffff) < minor;
}

int mcd_item_status(const struct mcd_item *item, int status, struct mcd_error *e)
{
    if (status == MCD_OK)
        return MCD_OK;
    return mcd_fail(e, status, item->plugin->name, "failed without saying why (status %d)", status);
}

void mcd_item_close(const struct mcd_host *host, struct mcd_item *public)
{
    struct item *item = (struct item *)public; /* its first member */
    if (!item)
        return;
    if (item->created && item->public.plugin->destroy)
        item->public.plugin->destroy(host, item->public.self);
    mcd_module_close(host, item->module);
    host->release(host, item->spec);
    host->release(host, item);
}
