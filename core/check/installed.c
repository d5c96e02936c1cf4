/* Opens every backend of the search path once: see installed.h. */
#include "core/check/installed.h"

#include "core/base/host.h"
#include "core/plugin/loader.h"
#include "core/plugin/search.h"

#include <mcdrop/backend.h>
#include <stdio.h>
#include <string.h>

static int computes_f32(const struct mcd_host *host, const char *name)
{
    struct mcd_item *item;
    struct mcd_backend_info info = {.size = sizeof info};
    if (mcd_item_open(host, MCD_BACKEND, name, &item, NULL))
        return 0; /* without its device or library, or wrong: checks of backends say so */
    const struct mcd_backend *api = item->plugin->api;
    api->info(item->self, &info);
    mcd_item_close(host, item);
    return info.type == MCD_F32;
}

static void add(struct mcd_installed *all, const char *name)
{
    if (all->count < MCD_INSTALLED_MOST && strlen(name) < MCD_INSTALLED_NAME)
        snprintf(all->name[all->count++], MCD_INSTALLED_NAME, "%s", name);
}

int mcd_installed_find(struct mcd_installed *all, struct mcd_error *e)
{
    struct mcd_list list;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, e);
    *all = (struct mcd_installed){0};
    if (!host)
        return MCD_NOMEM;
    add(all, "reference");
    int status = mcd_search_list(host, MCD_BACKEND, &list, e);
    for (uint32_t i = 0; !status && i < list.count; i++)
        if (strcmp(list.item[i].name, "reference") != 0 && computes_f32(host, list.item[i].name))
            add(all, list.item[i].name);
    mcd_list_clear(host, &list);
    mcd_host_destroy(host);
    return status;
}
