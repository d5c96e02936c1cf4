/* mcdrop list: every plugin in the search path, and why some cannot be used. */
#include "core/base/host.h"
#include "core/cli/command.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/cli/table.h"
#include "core/plugin/module.h"
#include "core/plugin/search.h"

static const struct mcd_column columns[] = {{"kind", 0}, {"name", 0}, {"version", 0},
                                            {"help", 0}, {"path", 0}, {"problem", 0}};

/* A broken plugin is a row like any other; only what stops the list is a failure. */
static int add_plugin(const struct mcd_host *host, uint32_t kind, const struct mcd_found *found,
                      struct mcd_table *table, struct mcd_error *e)
{
    struct mcd_module *module;
    struct mcd_error problem = {0};
    int status = mcd_module_load(host, kind, found->path, &module, &problem);
    if (status == MCD_NOMEM) {
        *e = problem;
        return status;
    }
    mcd_table_text(table, mcd_plugin_kind_name(kind));
    mcd_table_text(table, found->name);
    mcd_table_text(table, module ? module->plugin.version : NULL);
    mcd_table_text(table, module ? module->plugin.help : NULL);
    mcd_table_text(table, found->path);
    mcd_table_text(table, module ? NULL : problem.text);
    mcd_module_close(host, module);
    return MCD_OK;
}

static int add_kind(const struct mcd_host *host, uint32_t kind, struct mcd_table *table,
                    struct mcd_error *e)
{
    struct mcd_list list;
    int status = mcd_search_list(host, kind, &list, e);
    for (uint32_t i = 0; status == MCD_OK && i < list.count; i++)
        status = add_plugin(host, kind, &list.item[i], table, e);
    mcd_list_clear(host, &list);
    return status;
}

/* An empty list is seldom what was wanted. */
static void warn_if_empty(const struct mcd_table *table)
{
    if (mcd_table_rows(table) == 0)
        mcd_log(MCD_LOG_WARNING, "no plugins in MCDROP_PLUGIN_PATH and " MCD_PLUGIN_DIR);
}

static int list_plugins(const struct mcd_host *host, enum mcd_format format)
{
    static const uint32_t kinds[] = {MCD_MODEL, MCD_LAYER, MCD_SAMPLER, MCD_BACKEND};
    struct mcd_error e = {0};
    struct mcd_table *table = mcd_table_create(host, columns, sizeof columns / sizeof *columns, &e);
    int status = table ? MCD_OK : MCD_NOMEM;
    for (int i = 0; status == MCD_OK && i < 4; i++)
        status = add_kind(host, kinds[i], table, &e);
    if (status == MCD_OK)
        warn_if_empty(table);
    if (status == MCD_OK)
        status = mcd_table_print(table, format, stdout, &e);
    mcd_table_destroy(table);
    return status == MCD_OK ? MCD_EXIT_OK : mcd_report(&e);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_INIT:
        mcd_options_share(state, state->input);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is expected", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int mcd_cmd_list(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_format, 0, NULL, 0}, {&mcd_options_common, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .doc = "Lists the plugins in MCDROP_PLUGIN_PATH and the installed directory.",
        .children = children,
    };
    struct mcd_options options = MCD_OPTIONS;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    struct mcd_host *host = mcd_open_host(0);
    if (!host)
        return MCD_EXIT_FAILURE;
    int status = list_plugins(host, options.format);
    mcd_host_destroy(host);
    return status;
}
