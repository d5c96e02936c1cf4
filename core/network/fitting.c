/* What a model with its own posterior is given. */
#include "core/network/fitting.h"

#include "core/base/error.h"
#include "core/plugin/module.h"
#include "core/plugin/search.h"

#include <stdio.h>

static int go_on(void *arg, uint64_t done, uint64_t of)
{
    struct mcd_fitting_call *c = arg;
    const struct mcd_fitting *f = c->fitting;
    if (of > 0 && f->progress && !atomic_flag_test_and_set(&c->telling)) {
        f->progress(f->progress_arg, done, of);
        atomic_flag_clear(&c->telling);
    }
    return !f->stop || !*f->stop;
}

void mcd_fitting_begin(struct mcd_fitting_call *c, const struct mcd_fitting *f)
{
    *c = (struct mcd_fitting_call){.fitting = f};
    c->data = (struct mcd_fit_data){
        .size = sizeof c->data,
        .rows = f->rows,
        .columns = f->columns,
        .x = f->x,
        .y = f->y,
        .backend = f->backend->plugin->api,
        .backend_self = f->backend->self,
        .seed = f->seed,
        .go_on = go_on,
        .arg = c,
        .dim = f->dim,
        .names = f->names,
    };
    atomic_flag_clear(&c->telling);
}

/* ---- backends ---------------------------------------------------------------------------- */

static int has_all(const struct mcd_backend *b, uint32_t needs)
{
    return !(needs & MCD_NEEDS_LINALG) || b->linalg;
}

/* Backends that cannot be loaded are no help: they are left out. */
static int name_others(const struct mcd_host *host, uint32_t needs, char *text, size_t size,
                       struct mcd_error *e)
{
    struct mcd_list list;
    size_t used = 0;
    int status = mcd_search_list(host, MCD_BACKEND, &list, e);
    for (uint32_t i = 0; !status && i < list.count; i++) {
        struct mcd_module *m = NULL;
        if (mcd_module_load(host, MCD_BACKEND, list.item[i].path, &m, NULL) == MCD_OK &&
            has_all(m->plugin.api, needs) && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                     list.item[i].name);
        mcd_module_close(host, m);
    }
    mcd_list_clear(host, &list);
    return status;
}

int mcd_fitting_check_backend(const struct mcd_host *host, const struct mcd_recipe *recipe,
                              const struct mcd_item *model, const struct mcd_item *backend,
                              struct mcd_error *e)
{
    char others[200] = "";
    if (recipe->needs & ~(uint32_t)MCD_NEEDS_LINALG)
        return mcd_fail(e, MCD_UNSUPPORTED, model->plugin->name,
                        "its recipe needs %#x, which this mcdrop does not know", recipe->needs);
    if (has_all(backend->plugin->api, recipe->needs))
        return MCD_OK;
    int status = name_others(host, recipe->needs, others, sizeof others, e);
    if (status)
        return status;
    return mcd_fail(e, MCD_DEVICE, backend->plugin->name,
                    "has no linear algebra, which %s needs: expected %s", model->plugin->name,
                    *others ? others : "a backend that has it, but none is installed");
}
