/* Tables of parameters, and the arguments that a specification makes of one. */
#include "core/plugin/param.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/place.h"

#include <stdio.h>

uint32_t mcd_param_count(const struct mcd_param *table)
{
    uint32_t n = 0;
    while (n <= MCD_MAX_PARAMS && table[n].kind != 0)
        n++;
    return n;
}

/* A name that a specification can give: see spec.h. */
static int is_key(const char *name)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return name && *name && name[strspn(name, word)] == '\0';
}

/* A default is a value like any other; without one, the least that can be done is the domain. */
static int check_value(const struct mcd_host *host, const char *where, const struct mcd_param *p,
                       struct mcd_error *e)
{
    struct mcd_error own = {0};
    union mcd_value value = {0};
    int status = mcd_value_parse(host, p->name, p, p->value ? p->value : "0", &value, &own);
    if (status == MCD_OK)
        mcd_value_clear(host, p, &value);
    if (status == MCD_OK || (status == MCD_INVALID && !p->value))
        return MCD_OK;
    if (status == MCD_NOMEM)
        return mcd_fail(e, status, own.where, "%s", own.text);
    return mcd_fail(e, MCD_UNSUPPORTED, where, "parameter '%s': %s%s", p->name,
                    status == MCD_INVALID ? "default " : "", own.text);
}

static int check_row(const struct mcd_host *host, const char *where, const struct mcd_param *table,
                     uint32_t row, struct mcd_error *e)
{
    const struct mcd_param *p = &table[row];
    if (!is_key(p->name))
        return mcd_fail(e, MCD_UNSUPPORTED, where, "parameter %u: '%s' is no name", row + 1,
                        mcd_show_text(p->name ? p->name : "").text);
    for (uint32_t i = 0; i < row; i++)
        if (strcmp(table[i].name, p->name) == 0)
            return mcd_fail(e, MCD_UNSUPPORTED, where, "parameter '%s' is there twice", p->name);
    if (!p->help || !*p->help)
        return mcd_fail(e, MCD_UNSUPPORTED, where, "parameter '%s' has no help", p->name);
    return check_value(host, where, p, e);
}

int mcd_param_check(const struct mcd_host *host, const char *where, const struct mcd_param *table,
                    struct mcd_error *e)
{
    uint32_t count = mcd_param_count(table);
    if (count > MCD_MAX_PARAMS)
        return mcd_fail(e, MCD_UNSUPPORTED, where,
                        "more than %u parameters: is MCD_PARAM_END missing?", MCD_MAX_PARAMS);
    int status = MCD_OK;
    for (uint32_t i = 0; status == MCD_OK && i < count; i++)
        status = check_row(host, where, table, i, e);
    return status;
}

static int unknown(const struct mcd_args *args, const struct mcd_spec *spec, const char *key,
                   struct mcd_error *e)
{
    char names[300] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < args->count && used < sizeof names; i++) {
        const char *between = i == 0 ? "" : i + 1 < args->count ? ", " : " or ";
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", between,
                                 args->table[i].name);
    }
    if (args->count == 0)
        return mcd_fail(e, MCD_INVALID, spec->name, "unknown parameter '%s': it takes none",
                        mcd_show_text(key).text);
    return mcd_fail(e, MCD_INVALID, spec->name, "unknown parameter '%s': expected %s",
                    mcd_show_text(key).text, names);
}

/* Finds the text of each parameter: the user's, or NULL. */
static int match(const struct mcd_args *args, const struct mcd_spec *spec, const char **given,
                 struct mcd_error *e)
{
    for (uint32_t s = 0; s < spec->count; s++) {
        const char *key = spec->setting[s].key;
        uint32_t i = 0;
        while (i < args->count && strcmp(args->table[i].name, key) != 0)
            i++;
        if (i == args->count)
            return unknown(args, spec, key, e);
        if (given[i])
            return mcd_fail(e, MCD_INVALID, spec->name, "parameter '%s' is given twice", key);
        given[i] = spec->setting[s].value;
    }
    return MCD_OK;
}

static int parse_values(const struct mcd_host *host, const struct mcd_spec *spec,
                        struct mcd_args *args, const char **given, struct mcd_error *e)
{
    int status = match(args, spec, given, e);
    uint32_t total = args->count;
    args->count = 0; /* grows with the values, so that clearing is right at any time */
    for (uint32_t i = 0; status == MCD_OK && i < total; i++) {
        const struct mcd_param *p = &args->table[i];
        const char *text = given[i] ? given[i] : p->value;
        char where[124];
        snprintf(where, sizeof where, "%s:%s", spec->name, p->name);
        if (!text)
            return mcd_fail(e, MCD_INVALID, where, "must be given: expected %s",
                            mcd_value_wanted(p).text);
        status = mcd_value_parse(host, where, p, text, &args->value[i], e);
        args->count += status == MCD_OK;
    }
    return status;
}

int mcd_args_create(const struct mcd_host *host, const struct mcd_param *table,
                    const struct mcd_spec *spec, struct mcd_args *args, struct mcd_error *e)
{
    *args = (struct mcd_args){.table = table, .count = mcd_param_count(table)};
    const char **given = mcd_host_zalloc(host, args->count * sizeof *given, e);
    args->value = mcd_host_zalloc(host, args->count * sizeof *args->value, e);
    if (!given || !args->value)
        args->count = 0;
    int status = given && args->value ? parse_values(host, spec, args, given, e) : MCD_NOMEM;
    host->release(host, given);
    if (status != MCD_OK)
        mcd_args_clear(host, args);
    return status;
}

void mcd_args_clear(const struct mcd_host *host, struct mcd_args *args)
{
    for (uint32_t i = 0; i < args->count; i++)
        mcd_value_clear(host, &args->table[i], &args->value[i]);
    host->release(host, args->value);
    *args = (struct mcd_args){0};
}

/* As snprintf: what the text needs, whatever the room. */
static size_t write_text(const char *name, const struct mcd_args *args, char *to, size_t room)
{
    size_t used = (size_t)snprintf(to, room, "%s", name);
    for (uint32_t i = 0; i < args->count; i++) {
        size_t at = used < room ? used : room;
        used += (size_t)snprintf(to + at, room - at, "%c%s=", i ? ',' : ':', args->table[i].name);
        at = used < room ? used : room;
        used += mcd_value_write(&args->table[i], &args->value[i], to + at, room - at);
    }
    return used;
}

char *mcd_args_text(const struct mcd_host *host, const char *name, const struct mcd_args *args,
                    struct mcd_error *e)
{
    char none[1];
    size_t size = write_text(name, args, none, sizeof none) + 1;
    char *text = mcd_host_zalloc(host, size, e);
    if (text)
        write_text(name, args, text, size);
    return text;
}
