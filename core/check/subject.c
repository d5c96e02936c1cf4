/* The subject of checks, by loading it once in a child. */
#include "core/check/subject.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/check/isolate.h"
#include "core/plugin/domain.h"
#include "core/plugin/loader.h"
#include "core/plugin/module.h"
#include "core/plugin/param.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static int is_given(const struct mcd_spec *spec, const char *name)
{
    for (uint32_t i = 0; i < spec->count; i++)
        if (strcmp(spec->setting[i].key, name) == 0)
            return 1;
    return 0;
}

/* The least that there is, 1 or the greatest where there is none. */
static int choose_whole(const char *domain, int64_t *x)
{
    int64_t least, greatest;
    if (mcd_domain_ints(domain, &least, &greatest) != 0)
        return 0;
    *x = least > INT64_MIN ? least : greatest < 1 ? greatest : 1;
    return 1;
}

/* The middle of an interval with two ends, as an end may be a special case; else 1 or the end. */
static int choose_real(const char *domain, double *x)
{
    double least, greatest;
    if (mcd_domain_reals(domain, &least, &greatest) != 0)
        return 0;
    int bounded = fabs(least) < DBL_MAX && fabs(greatest) < DBL_MAX;
    *x = bounded ? least / 2 + greatest / 2 : least > 1 ? least : greatest < 1 ? greatest : 1;
    return 1;
}

/* The value that is taken for a parameter that must be given; 0 if the user has to say it. */
static int choose(const struct mcd_param *p, union mcd_value *value, int64_t *one)
{
    switch (p->kind) {
    case MCD_INT:
        return choose_whole(p->domain, &value->whole);
    case MCD_INTS:
        value->ints = (struct mcd_ints){1, one};
        return choose_whole(p->domain, one);
    case MCD_REAL:
        return choose_real(p->domain, &value->real);
    case MCD_BOOL:
    case MCD_ENUM:
        value->choice = 0;
        return 1;
    default:
        return 0;
    }
}

/* Appends to `text`, a specification of `settings` settings, whatever must be given and is not. */
static void add_missing(const struct mcd_param *table, const struct mcd_spec *spec, char *text,
                        size_t room)
{
    uint32_t settings = spec->count;
    for (const struct mcd_param *p = table; p->kind; p++) {
        union mcd_value value;
        int64_t one;
        char written[64];
        size_t used = strlen(text);
        if (p->value || is_given(spec, p->name) || !choose(p, &value, &one))
            continue;
        mcd_value_write(p, &value, written, sizeof written);
        snprintf(text + used, room - used, "%s%s=%s", settings++ ? "," : ":", p->name, written);
    }
}

static void complete(const struct mcd_host *host, struct mcd_subject *s, const struct mcd_module *m,
                     const struct mcd_spec *spec)
{
    struct mcd_args args;
    if (mcd_args_create(host, m->plugin.params, spec, &args, &s->parameter) != MCD_OK)
        return;
    char *text = mcd_args_text(host, s->path, &args, &s->parameter);
    if (text && (size_t)snprintf(s->spec, sizeof s->spec, "%s", text) >= sizeof s->spec)
        mcd_fail(&s->parameter, MCD_INVALID, m->plugin.name, "its specification is longer than %zu",
                 sizeof s->spec - 1);
    host->release(host, text);
    mcd_args_clear(host, &args);
}

static void describe(const struct mcd_host *host, struct mcd_subject *s, const struct mcd_module *m)
{
    char text[sizeof s->spec];
    struct mcd_spec spec = {0};
    snprintf(text, sizeof text, "%s%s%s", s->path, *s->params ? ":" : "", s->params);
    s->kind = m->plugin.kind;
    int status = mcd_spec_parse(host, text, &spec, &s->parameter);
    if (status == MCD_OK) {
        add_missing(m->plugin.params, &spec, text, sizeof text);
        mcd_spec_clear(host, &spec);
        status = mcd_spec_parse(host, text, &spec, &s->parameter);
    }
    if (status == MCD_OK)
        complete(host, s, m, &spec);
    mcd_spec_clear(host, &spec);
}

/* What cannot be loaded stays of unknown kind: the checks of its file say why. */
static void look(void *arg)
{
    struct mcd_subject *s = arg;
    struct mcd_module *m;
    struct mcd_error failed = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &s->parameter);
    if (!host)
        return;
    int status = mcd_module_load(host, s->kind, s->path, &m, &failed);
    s->kind = 0;
    if (status == MCD_OK)
        describe(host, s, m);
    else if (status == MCD_DEVICE)
        s->device = failed;
    mcd_module_close(host, m);
    mcd_host_destroy(host);
}

/* Whether a backend can be had. */
static void try_device(void *arg)
{
    struct mcd_subject *s = arg;
    struct mcd_item *item;
    struct mcd_error failed = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &failed);
    if (host && mcd_item_open(host, MCD_BACKEND, s->spec, &item, &failed) == MCD_OK)
        mcd_item_close(host, item);
    else if (failed.code == MCD_DEVICE)
        s->device = failed;
    mcd_host_destroy(host);
}

int mcd_subject_find(struct mcd_subject *s, double limit, struct mcd_error *e)
{
    struct mcd_isolated how;
    snprintf(s->spec, sizeof s->spec, "%s", s->path);
    int status = mcd_isolate(look, s, sizeof *s, limit, &how, e);
    if (how.ending != MCD_RETURNED)
        s->kind = 0;
    if (status == MCD_OK && s->kind == MCD_BACKEND && !s->parameter.code)
        status = mcd_isolate(try_device, s, sizeof *s, limit, &how, e);
    if (status == MCD_OK && s->parameter.code)
        *e = s->parameter;
    return status == MCD_OK ? s->parameter.code : status;
}
