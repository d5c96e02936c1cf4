/* mcdrop check: whether plugins keep their contract. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/check/run.h"
#include "core/cli/check_report.h"
#include "core/cli/command.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/io/place.h"
#include "core/plugin/search.h"
#include "core/plugin/spec.h"

#include <limits.h>
#include <unistd.h>

enum { MAX_NAMES = 64, KEY_ONLY = MCD_OPTION_OWN, KEY_LIST, KEY_QUICK, KEY_INPUT, KEY_SEED };

/* Seconds of processor time: a check that takes longer hangs. */
static const double LIMIT = 60;

struct check {
    struct mcd_options options;
    struct mcd_check_order order;
    struct mcd_check_printer printer;
    int list;
    char **plugin; /* as the user wrote them */
    int plugins;
    const char *only[MAX_NAMES + 1], *input[MAX_NAMES + 1];
    int failed, wrong, deviceless; /* how many plugins */
};

/* ---- one plugin ------------------------------------------------------------------------------ */

static void show_progress(void *arg, const char *path, const char *name)
{
    char line[200];
    (void)arg;
    snprintf(line, sizeof line, "%s: %s", mcd_place_file(path).text, name);
    mcd_log_status(line);
}

static int check_file(struct check *c, const char *given, uint32_t kind, const char *path,
                      struct mcd_error *e)
{
    struct mcd_check_report report;
    char full[PATH_MAX] = "";
    const char *colon = strchr(given, ':');
    if (*path != '/' && !getcwd(full, sizeof full))
        return mcd_fail(e, MCD_IO, mcd_place_file(path).text, "the working folder has no name");
    size_t used = strlen(full);
    int length = snprintf(full + used, sizeof full - used, "%s%s", used ? "/" : "", path);
    if (length < 0 || (size_t)length >= sizeof full - used)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(path).text, "the path is too long");
    if (strchr(full, ':'))
        return mcd_fail(e, MCD_INVALID, mcd_place_file(full).text, "a plugin's folder has no ':'");
    c->order.path = full;
    c->order.kind = kind;
    c->order.params = colon ? colon + 1 : "";
    int status = mcd_check_run(c->printer.host, &c->order, &report, e);
    mcd_log_status(NULL);
    if (status == MCD_OK)
        status = mcd_check_print(&c->printer, &c->order, given, &report, e);
    c->failed += report.verdicts[MCD_CHECK_FAILED] > 0;
    c->deviceless += report.subject.device.code != 0;
    mcd_check_report_clear(&report);
    return status;
}

static int check_path(struct check *c, const char *given, const struct mcd_spec *spec,
                      struct mcd_error *e)
{
    char file[PATH_MAX];
    if ((size_t)snprintf(file, sizeof file, "%s.so", spec->path) >= sizeof file)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(spec->path).text, "the path is too long");
    if (access(file, F_OK) != 0)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(file).text, "there is no such file");
    return check_file(c, given, 0, file, e);
}

/* A name may stand for plugins of several kinds. */
static int check_name(struct check *c, const char *given, const struct mcd_spec *spec,
                      struct mcd_error *e)
{
    const struct mcd_host *host = c->printer.host;
    int status = MCD_OK, found = 0;
    for (uint32_t kind = MCD_LAYER; status == MCD_OK && kind <= MCD_BACKEND; kind++) {
        char *path;
        status = mcd_search_find(host, kind, spec->name, &path, e);
        if (status == MCD_OK && path)
            status = check_file(c, given, kind, path, e);
        found += path != NULL;
        host->release(host, path);
    }
    return status != MCD_OK || found ? status : mcd_search_fail(host, 0, spec->name, e);
}

/* A plugin that the user named wrongly does not keep the others from being checked. */
static int check_one(struct check *c, const char *given)
{
    struct mcd_spec spec;
    struct mcd_error e = {0};
    int status = mcd_spec_parse(c->printer.host, given, &spec, &e);
    if (status == MCD_OK)
        status = spec.path ? check_path(c, given, &spec, &e) : check_name(c, given, &spec, &e);
    mcd_spec_clear(c->printer.host, &spec);
    if (status != MCD_OK)
        mcd_log_error(&e);
    c->wrong += status == MCD_INVALID;
    return status == MCD_INVALID ? MCD_OK : status;
}

static int run(struct check *c)
{
    struct mcd_error e = {0};
    int status = MCD_OK;
    if (c->list)
        return mcd_check_print_list(c->printer.host, c->options.format, &e) == MCD_OK
                   ? MCD_EXIT_OK
                   : mcd_report(&e);
    for (int i = 0; status == MCD_OK && i < c->plugins; i++)
        status = check_one(c, c->plugin[i]);
    int printed = mcd_check_print_end(&c->printer, &e);
    if (printed != MCD_OK)
        return mcd_report(&e);
    if (status != MCD_OK || c->failed)
        return MCD_EXIT_FAILURE;
    return c->wrong ? MCD_EXIT_USAGE : c->deviceless ? MCD_EXIT_DEVICE : MCD_EXIT_OK;
}

/* ---- options --------------------------------------------------------------------------------- */

/* Adds `name` to a list that ends with NULL. */
static void add_name(struct argp_state *state, const char *option, const char **names,
                     const char *name)
{
    int n = 0;
    while (names[n])
        n++;
    if (n == MAX_NAMES)
        argp_error(state, "--%s: expected at most %d", option, MAX_NAMES);
    names[n] = name;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct check *c = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        mcd_options_share(state, &c->options);
        return 0;
    case KEY_ONLY:
        for (char *name; (name = strsep(&arg, ","));)
            add_name(state, "only", c->only, name);
        return 0;
    case KEY_INPUT:
        add_name(state, "input", c->input, arg);
        return 0;
    case KEY_LIST:
        c->list = 1;
        return 0;
    case KEY_QUICK:
        c->order.quick = 1;
        return 0;
    case KEY_SEED:
        c->order.seed = (uint64_t)mcd_option_int(state, "seed", arg, 0, INT64_MAX);
        return 0;
    case ARGP_KEY_ARGS:
        c->plugin = state->argv + state->next;
        c->plugins = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        if (!c->list)
            argp_error(state, "which plugin? expected FILE.so, or a name of mcdrop list");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"only", KEY_ONLY, "NAME,...", 0, "These checks alone", 0},
    {"list", KEY_LIST, NULL, 0, "Print what is checked, and check nothing", 0},
    {"input", KEY_INPUT, "SHAPE", 0,
     "Give layers and models inputs of this shape, as 3x8x6, in the place of the checks' own; may "
     "be repeated",
     0},
    {"seed", KEY_SEED, "N", 0, "Seed of all randomness (default: 1)", 0},
    {"quick", KEY_QUICK, NULL, 0, "A first look: fewer shapes, fewer draws", 0},
    {0}};

int mcd_cmd_check(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_format, 0, NULL, 0}, {&mcd_options_common, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "PLUGIN[:key=value,...]...",
        .doc = "Says whether plugins, files or names, keep their contract, and what is wrong where "
               "they do not. Each check runs in a process of its own. Exit status 1: a check "
               "failed.",
        .children = children,
    };
    struct check c = {.options = MCD_OPTIONS, .order = {.seed = 1, .limit = LIMIT}};
    c.order.only = c.only;
    c.order.input = c.input;
    c.order.on_check = show_progress;
    argp_parse(&argp, argc, argv, 0, NULL, &c);
    struct mcd_host *host = mcd_open_host(1); /* and no threads: checks are forked */
    if (!host)
        return MCD_EXIT_FAILURE;
    c.printer.host = host;
    c.printer.format = c.options.format;
    int status = run(&c);
    mcd_host_destroy(host);
    return status;
}
