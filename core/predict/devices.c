/* Parameters go from the first device to the others by way of the host. */
#include "core/predict/devices.h"

#include "core/base/error.h"
#include "core/base/host.h"

#include <string.h>

static uint32_t count_devices(const struct mcd_item *backend)
{
    const struct mcd_backend *api = backend->plugin->api;
    struct mcd_backend_info info = {.size = sizeof info};
    api->info(backend->self, &info);
    return api->device && info.devices > 1 ? info.devices : 1;
}

static int copy_entry(struct mcd_store *from, const struct mcd_entry *entry, struct mcd_store *to,
                      struct mcd_error *error)
{
    size_t n = (size_t)mcd_shape_count(&entry->tensor.shape);
    struct mcd_entry *copy;
    double *values = mcd_host_zalloc(to->host, n * sizeof *values, error);
    int status = values ? mcd_store_read(from, entry, values, error) : MCD_NOMEM;
    if (!status)
        status = mcd_store_add(to, entry->name, &entry->tensor.shape, &copy, error);
    if (!status)
        status = mcd_store_write(to, copy, values, error);
    to->host->release(to->host, values);
    return status;
}

/* All but the optimiser's state, which no prediction reads. */
static int copy_parameters(struct mcd_store *from, struct mcd_store *to, struct mcd_error *error)
{
    int status = MCD_OK;
    for (uint32_t i = 0; i < from->count && !status; i++)
        if (strncmp(from->entry[i].name, MCD_SLOT_PREFIX, strlen(MCD_SLOT_PREFIX)) != 0)
            status = copy_entry(from, &from->entry[i], to, error);
    return status;
}

int mcd_devices_open(const struct mcd_network *network, uint32_t most, struct mcd_devices *d,
                     struct mcd_error *error)
{
    const struct mcd_backend *api = network->backend->plugin->api;
    const struct mcd_host *host = network->host;
    uint32_t there = count_devices(network->backend), count = there < most ? there : most;
    *d = (struct mcd_devices){.host = host, .count = count};
    d->item = mcd_host_zalloc(host, count * sizeof *d->item, error);
    d->store = mcd_host_zalloc(host, count * sizeof(void *), error);
    if (!d->item || !d->store)
        return MCD_NOMEM;
    d->store[0] = network->store;
    int status = MCD_OK;
    for (uint32_t i = 1; i < count && !status; i++) {
        d->item[i] = *network->backend;
        d->item[i].self = api->device(network->backend->self, i);
        status = mcd_store_create(host, &d->item[i], &d->store[i], error);
        if (!status)
            status = copy_parameters(network->store, d->store[i], error);
    }
    return status;
}

void mcd_devices_close(struct mcd_devices *d)
{
    if (!d->host)
        return;
    for (uint32_t i = 1; d->store && i < d->count; i++)
        mcd_store_destroy(d->store[i]);
    d->host->release(d->host, d->store);
    d->host->release(d->host, d->item);
    *d = (struct mcd_devices){0};
}
