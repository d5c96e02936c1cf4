/* mcdrop info: what a plugin is, its parameters, and what a backend runs on and could run on. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/command.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/cli/table.h"
#include "core/plugin/module.h"
#include "core/plugin/search.h"
#include "core/plugin/spec.h"
#include "core/plugin/value.h"

struct info {
    struct mcd_options options;
    const char *plugin; /* as the user wrote it */
    const struct mcd_host *host;
    struct mcd_spec spec;
    json_t *json; /* array of what was described; NULL unless the format is JSON */
    int found;
};

/* What only creating a plugin tells. */
struct created {
    struct mcd_item *item; /* NULL: not created */
    struct mcd_backend_info backend;
    struct mcd_error problem; /* of a backend that could not be created */
};

/*
 * Creates the plugin if the user gave parameters, which are checked that way, or if it is a
 * backend. A backend without its device is described all the same.
 */
static int create(const struct info *info, const struct mcd_module *m, struct created *c,
                  struct mcd_error *e)
{
    *c = (struct created){.backend = {.size = sizeof c->backend}};
    if (m->plugin.kind != MCD_BACKEND && info->spec.count == 0)
        return MCD_OK;
    struct mcd_error *error = info->spec.count ? e : &c->problem;
    int status = mcd_item_open(info->host, m->plugin.kind, info->plugin, &c->item, error);
    if (status != MCD_OK)
        return info->spec.count ? status : MCD_OK;
    const struct mcd_backend *backend = c->item->plugin->api;
    if (m->plugin.kind == MCD_BACKEND)
        backend->info(c->item->self, &c->backend);
    return MCD_OK;
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* The table of parameters; NULL on failure. */
static struct mcd_table *parameters(const struct info *info, const struct mcd_param *p,
                                    struct mcd_error *e)
{
    static const struct mcd_column columns[] = {
        {"parameter", 0}, {"type", 0}, {"default", 0}, {"domain", 0}, {"help", 0}};
    const char *empty = info->options.format == MCD_TEXT_FORMAT ? "\"\"" : "";
    struct mcd_table *t =
        mcd_table_create(info->host, columns, sizeof columns / sizeof *columns, e);
    for (; t && p->kind; p++) {
        mcd_table_text(t, p->name);
        mcd_table_text(t, mcd_kind_name(p->kind));
        mcd_table_text(t, p->value && !*p->value ? empty : p->value);
        mcd_table_text(t, p->domain);
        mcd_table_text(t, p->help);
    }
    return t;
}

static const char *text_or_none(const char *text)
{
    return *text ? text : NULL;
}

/* Of a backend that says so: what the machine has for it. NULL on failure. */
static struct mcd_table *devices(const struct info *info, const struct mcd_backend *backend,
                                 struct mcd_error *e)
{
    static const struct mcd_column columns[] = {
        {"device", 0}, {"name", 0}, {"architecture", 0}, {"memory_gib", 3}, {"problem", 0}};
    struct mcd_table *t =
        mcd_table_create(info->host, columns, sizeof columns / sizeof *columns, e);
    for (uint32_t i = 0; t; i++) {
        struct mcd_device_info device = {.size = sizeof device};
        if (!backend->describe(info->host, i, &device))
            break;
        mcd_table_int(t, i);
        mcd_table_text(t, text_or_none(device.name));
        mcd_table_text(t, text_or_none(device.architecture));
        if (device.memory)
            mcd_table_real(t, (double)device.memory / (1 << 30));
        else
            mcd_table_none(t);
        mcd_table_text(t, text_or_none(device.problem));
    }
    return t;
}

/* ---- printing -------------------------------------------------------------------------------- */

struct fact {
    const char *key, *value; /* NULL: not known, left out */
};

/* What is printed of a plugin. */
struct page {
    const struct fact *facts;
    struct mcd_table *parameters;
    struct mcd_table *devices; /* NULL: it does not say what there is */
};

static int print_text(const struct page *p, struct mcd_error *e)
{
    for (const struct fact *f = p->facts; f->key; f++)
        if (f->value && *f->value)
            printf("%-14s %s\n", f->key, f->value);
    putchar('\n');
    int status = mcd_table_print(p->parameters, MCD_TEXT_FORMAT, stdout, e);
    if (status != MCD_OK || !p->devices || mcd_table_rows(p->devices) == 0)
        return status;
    putchar('\n');
    return mcd_table_print(p->devices, MCD_TEXT_FORMAT, stdout, e);
}

static int add_table(json_t *plugin, const char *key, const struct mcd_table *table,
                     struct mcd_error *e)
{
    json_t *rows;
    int status = mcd_table_json(table, &rows, e);
    if (status == MCD_OK && json_object_set_new(plugin, key, rows) != 0)
        status = mcd_fail(e, MCD_NOMEM, "", "out of memory");
    return status;
}

static int add_json(json_t *array, const struct page *p, struct mcd_error *e)
{
    json_t *plugin = json_object();
    int wrong = 0, status;
    for (const struct fact *f = p->facts; f->key; f++)
        if (f->value && *f->value)
            wrong |= json_object_set_new(plugin, f->key, json_string(f->value)) != 0;
    status = add_table(plugin, "parameters", p->parameters, e);
    if (status == MCD_OK && p->devices)
        status = add_table(plugin, "devices", p->devices, e);
    wrong |= json_array_append_new(array, plugin) != 0;
    if (status == MCD_OK && wrong)
        status = mcd_fail(e, MCD_NOMEM, "", "out of memory");
    return status;
}

static int print_page(const struct info *info, const struct page *p, struct mcd_error *e)
{
    if (info->options.format == MCD_TEXT_FORMAT)
        return print_text(p, e);
    if (info->options.format == MCD_CSV_FORMAT)
        return mcd_table_print(p->parameters, MCD_CSV_FORMAT, stdout, e);
    return add_json(info->json, p, e);
}

static int print(const struct info *info, const struct mcd_module *m, const struct created *c,
                 struct mcd_error *e)
{
    const struct fact facts[] = {
        {"name", m->plugin.name},
        {"kind", mcd_plugin_kind_name(m->plugin.kind)},
        {"help", m->plugin.help},
        {"version", m->plugin.version},
        {"licence", m->plugin.licence},
        {"path", m->path},
        {"specification", c->item ? c->item->spec : NULL},
        {"device", c->backend.device},
        {"library", c->backend.library},
        {"problem", c->problem.text},
        {NULL, NULL},
    };
    const struct mcd_backend *backend = m->plugin.kind == MCD_BACKEND ? m->plugin.api : NULL;
    int lists = backend && backend->describe;
    struct page p = {.facts = facts, .parameters = parameters(info, m->plugin.params, e)};
    if (p.parameters && lists)
        p.devices = devices(info, backend, e);
    int status = p.parameters && (p.devices || !lists) ? print_page(info, &p, e) : MCD_NOMEM;
    mcd_table_destroy(p.parameters);
    mcd_table_destroy(p.devices);
    return status;
}

static int describe(struct info *info, uint32_t kind, const char *path, struct mcd_error *e)
{
    struct mcd_module *m;
    struct created c;
    int status = mcd_module_load(info->host, kind, path, &m, e);
    if (status != MCD_OK)
        return status;
    status = create(info, m, &c, e);
    if (status == MCD_OK && info->found++ && info->options.format == MCD_TEXT_FORMAT)
        putchar('\n');
    if (status == MCD_OK)
        status = print(info, m, &c, e);
    mcd_item_close(info->host, c.item);
    mcd_module_close(info->host, m);
    return status;
}

/* A name may stand for plugins of several kinds. */
static int describe_name(struct info *info, struct mcd_error *e)
{
    int status = MCD_OK;
    for (uint32_t kind = MCD_LAYER; status == MCD_OK && kind <= MCD_BACKEND; kind++) {
        char *path;
        status = mcd_search_find(info->host, kind, info->spec.name, &path, e);
        if (status == MCD_OK && path)
            status = describe(info, kind, path, e);
        info->host->release(info->host, path);
    }
    return status != MCD_OK || info->found ? status
                                           : mcd_search_fail(info->host, 0, info->spec.name, e);
}

static int describe_path(struct info *info, struct mcd_error *e)
{
    size_t size = strlen(info->spec.path) + 4;
    char *file = mcd_host_zalloc(info->host, size, e);
    if (!file)
        return MCD_NOMEM;
    snprintf(file, size, "%s.so", info->spec.path);
    int status = describe(info, 0, file, e);
    info->host->release(info->host, file);
    return status;
}

static int run(struct info *info)
{
    struct mcd_error e = {0};
    if (info->options.format == MCD_JSON_FORMAT)
        info->json = json_array();
    int status = mcd_spec_parse(info->host, info->plugin, &info->spec, &e);
    if (status == MCD_OK)
        status = info->spec.path ? describe_path(info, &e) : describe_name(info, &e);
    if (status == MCD_OK && info->json)
        status = mcd_json_print(info->json, stdout, &e);
    json_decref(info->json);
    mcd_spec_clear(info->host, &info->spec);
    return status == MCD_OK ? MCD_EXIT_OK : mcd_report_option(&e);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct info *info = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        mcd_options_share(state, &info->options);
        return 0;
    case ARGP_KEY_ARG:
        if (info->plugin)
            argp_error(state, "%s: one plugin is enough", arg);
        info->plugin = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which plugin? mcdrop list shows what there is");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int mcd_cmd_info(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_format, 0, NULL, 0}, {&mcd_options_common, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "PLUGIN[:key=value,...]",
        .doc = "Says what a plugin is and which parameters it takes. With parameters, whether it "
               "takes those.",
        .children = children,
    };
    struct info info = {.options = MCD_OPTIONS};
    argp_parse(&argp, argc, argv, 0, NULL, &info);
    struct mcd_host *host = mcd_open_host(0);
    if (!host)
        return MCD_EXIT_FAILURE;
    info.host = host;
    int status = run(&info);
    mcd_host_destroy(host);
    return status;
}
