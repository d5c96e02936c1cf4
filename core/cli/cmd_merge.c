/* mcdrop merge: parts of one prediction, made by predict --save-partial, become the whole. */
#include "core/base/host.h"
#include "core/cli/command.h"
#include "core/cli/heading.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/cli/report.h"
#include "core/result/merge.h"

enum { KEY_PARTIAL = MCD_OPTION_OWN };

struct merge {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    const char *save_partial;
    char **file;
    int count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct merge *m = state->input;
    switch (key) {
    case KEY_PARTIAL:
        m->save_partial = arg;
        return 0;
    case ARGP_KEY_ARGS:
        m->file = state->argv + state->next;
        m->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "expected files that mcdrop predict --save-partial wrote");
        return 0;
    case ARGP_KEY_ARG:
        return ARGP_ERR_UNKNOWN; /* asks for ARGP_KEY_ARGS */
    default:
        return mcd_options_only(key, arg, state);
    }
}

static int load(const struct merge *m, const struct mcd_host *host, struct mcd_partial *part)
{
    struct mcd_error e = {0};
    int status = MCD_OK;
    for (int i = 0; !status && i < m->count; i++)
        status = mcd_partial_load(host, m->file[i], &part[i], &e);
    if (!status)
        status = mcd_merge(part, (const char *const *)m->file, (size_t)m->count, &e);
    if (!status && m->save_partial)
        status = mcd_partial_save(m->save_partial, &part[0], &e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

static int merge(const struct merge *m, const struct mcd_host *host)
{
    struct mcd_error e = {0};
    struct mcd_report report = {0};
    struct mcd_partial *part = mcd_host_zalloc(host, (size_t)m->count * sizeof *part, &e);
    if (!part)
        return mcd_report(&e);
    int status = load(m, host, part);
    if (!status) {
        const struct mcd_moments_spec *s = &part[0].moments->spec;
        status = mcd_report_open(&report, &part[0], s->task, s->rows, s->outputs);
    }
    if (!status && m->options.format == MCD_TEXT_FORMAT)
        mcd_heading_print(&report, NULL);
    if (!status)
        status = mcd_report_print(&report, m->options.format);
    mcd_report_clear(&report);
    for (int i = 0; i < m->count; i++)
        mcd_partial_clear(&part[i]);
    host->release(host, part);
    return status;
}

int mcd_cmd_merge(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_format, 0, NULL, 1}, {&mcd_options_common, 0, NULL, -1}, {0}};
    static const struct argp_option own[] = {
        {"save-partial", KEY_PARTIAL, "FILE", 0, "Write what has been joined, to join it again", 1},
        {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .args_doc = "FILE...",
        .doc = "Joins parts of one prediction, in any order, and prints what mcdrop predict prints "
               "for all passes at once, to the same bits.\v"
               "Example:\n"
               "  mcdrop predict ... --seed 1 --passes 500 --save-partial a >/dev/null\n"
               "  mcdrop predict ... --seed 1 --first-pass 500 --passes 500 --save-partial b "
               ">/dev/null\n"
               "  mcdrop merge a b",
        .children = children,
    };
    struct merge m = {.options = MCD_OPTIONS};
    argp_parse(&argp, argc, argv, 0, NULL, &m);
    struct mcd_host *host = mcd_open_host(1);
    if (!host)
        return MCD_EXIT_FAILURE;
    int status = merge(&m, host);
    mcd_host_destroy(host);
    return status;
}
