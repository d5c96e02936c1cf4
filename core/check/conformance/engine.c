/* Opening a backend with its host. */
#include "core/check/conformance/engine.h"

#include "core/base/host.h"
#include "core/plugin/loader.h"

int mcd_engine_open(const char *spec, uint32_t threads, struct mcd_engine *b, struct mcd_error *e)
{
    *b = (struct mcd_engine){.host = mcd_host_create(threads, NULL, NULL, e)};
    int status = b->host ? mcd_item_open(b->host, MCD_BACKEND, spec, &b->item, e) : MCD_NOMEM;
    if (status) {
        mcd_host_destroy(b->host);
        return status;
    }
    struct mcd_backend_info info = {.size = sizeof info};
    b->api = b->item->plugin->api;
    b->self = b->item->self;
    b->api->info(b->self, &info);
    b->type = info.type;
    return MCD_OK;
}

uint64_t mcd_engine_close(struct mcd_engine *b)
{
    mcd_item_close(b->host, b->item);
    uint64_t left = mcd_host_live(b->host);
    mcd_host_destroy(b->host);
    return left;
}
