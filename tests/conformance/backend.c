/* Opening a backend: its file, a host, an instance. */
#include "backend.h"

#include "core/error.h"
#include "core/host.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int backend_open(const struct backend_source *source, uint32_t threads, struct backend *b,
                 struct mcd_error *e)
{
    *b = (struct backend){.library = dlopen(source->path, RTLD_NOW | RTLD_LOCAL)};
    if (!b->library)
        return mcd_fail(e, MCD_DEVICE, source->path, "%s", dlerror());
    b->plugin = dlsym(b->library, "mcd_entry");
    b->host = b->plugin ? mcd_host_create(threads, NULL, NULL, e) : NULL;
    if (!b->host || source->create(b->plugin, b->host, &b->self, e)) {
        mcd_host_destroy(b->host);
        dlclose(b->library);
        return mcd_fail(e, MCD_DEVICE, source->path, "no backend could be created");
    }
    struct mcd_backend_info info = {.size = sizeof info};
    b->api = b->plugin->api;
    b->api->info(b->self, &info);
    b->type = info.type;
    return MCD_OK;
}

uint64_t backend_close(struct backend *b)
{
    if (b->plugin->destroy)
        b->plugin->destroy(b->host, b->self);
    uint64_t left = mcd_host_live(b->host);
    mcd_host_destroy(b->host);
    dlclose(b->library);
    return left;
}

typedef int (*create_reference)(MCD_CREATE_ARGS, int precision);

static int create_f32(const struct mcd_plugin *plugin, const struct mcd_host *host, void **self,
                      struct mcd_error *e)
{
    return ((create_reference)plugin->create)(host, self, e, 0);
}

static int create_f64(const struct mcd_plugin *plugin, const struct mcd_host *host, void **self,
                      struct mcd_error *e)
{
    return ((create_reference)plugin->create)(host, self, e, 1);
}

static const char *folder(const char *variable)
{
    const char *value = getenv(variable);
    return value ? value : ".";
}

struct backend_source backend_reference(uint32_t type)
{
    struct backend_source s = {"", type == MCD_F64 ? create_f64 : create_f32};
    snprintf(s.path, sizeof s.path, "%s/backends/reference.so", folder("MCDROP_PLUGIN_PATH"));
    return s;
}

struct backend_source backend_bad(const char *name)
{
    struct backend_source s = {"", create_f32};
    snprintf(s.path, sizeof s.path, "%s/%s.so", folder("MCDROP_BAD_PLUGINS"), name);
    return s;
}
