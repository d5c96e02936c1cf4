/* Loading once, creating often. */
#include "core/check/maker.h"

#include "core/base/host.h"
#include "core/plugin/call.h"

#include <stdio.h>

int mcd_maker_open(struct mcd_checking *c, struct mcd_maker *m)
{
    struct mcd_error e = {0};
    *m = (struct mcd_maker){.host = mcd_host_create(4, NULL, NULL, &e)};
    int status = m->host ? mcd_module_load(m->host, c->kind, c->path, &m->module, &e) : MCD_NOMEM;
    if (status == MCD_OK)
        status = mcd_spec_parse(m->host, c->spec, &m->spec, &e);
    if (status == MCD_OK)
        status = mcd_args_create(m->host, m->module->plugin.params, &m->spec, &m->args, &e);
    return mcd_check_status(c, "", status, &e);
}

void mcd_maker_close(struct mcd_maker *m)
{
    if (!m->host)
        return;
    mcd_args_clear(m->host, &m->args);
    mcd_spec_clear(m->host, &m->spec);
    mcd_module_close(m->host, m->module);
    mcd_host_destroy(m->host);
}

int mcd_maker_create(const struct mcd_maker *m, void **self, struct mcd_error *e)
{
    return mcd_call_create(m->host, &m->module->plugin, &m->args, self, e);
}

void mcd_maker_destroy(const struct mcd_maker *m, void *self)
{
    if (m->module->plugin.destroy)
        m->module->plugin.destroy(m->host, self);
}

int mcd_maker_was_silent(int status, const struct mcd_error *e)
{
    char silent[60];
    snprintf(silent, sizeof silent, MCD_CALL_SILENT, status);
    return strcmp(e->text, silent) == 0;
}
