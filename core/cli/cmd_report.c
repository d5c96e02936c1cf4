/* mcdrop report: a report.json as one page of HTML, or as text. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/command.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/io/file.h"
#include "core/io/place.h"
#include "core/report/document.h"
#include "core/report/way.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_FORMAT = MCD_OPTION_OWN };

struct report {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    const char *of;             /* a folder or a file */
    int is_text;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct report *r = state->input;
    switch (key) {
    case KEY_FORMAT:
        r->is_text = strcmp(arg, "text") == 0;
        if (!r->is_text && strcmp(arg, "html") != 0)
            argp_error(state, "--format: '%s': expected html or text", mcd_show_text(arg).text);
        return 0;
    case ARGP_KEY_ARG:
        if (r->of)
            argp_error(state, "'%s': expected one folder or file", mcd_show_text(arg).text);
        r->of = arg;
        return 0;
    case ARGP_KEY_END:
        if (!r->of)
            argp_error(state, "expected a folder with a report.json, or such a file");
        if (r->options.out && r->is_text)
            argp_error(state, "--out: text goes to standard output");
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

/* DIR stands for DIR/report.json. To be freed; NULL for lack of memory. */
static char *find_json(const char *of)
{
    struct stat about;
    int is_folder = stat(of, &about) == 0 && S_ISDIR(about.st_mode);
    size_t room = strlen(of) + sizeof "/report.json";
    char *path = malloc(room);
    if (path)
        snprintf(path, room, is_folder ? "%s/report.json" : "%s", of);
    return path;
}

/* NAME.json becomes NAME.html beside it. */
static char *name_page(const char *json)
{
    size_t length = strlen(json);
    char *page = malloc(length + sizeof ".html");
    if (!page)
        return NULL;
    if (length > 5 && strcmp(json + length - 5, ".json") == 0)
        length -= 5;
    sprintf(page, "%.*s.html", (int)length, json);
    return page;
}

static int fail_memory(struct mcd_error *e)
{
    return mcd_fail(e, MCD_NOMEM, "memory", "not enough for a report");
}

static int write_page(const struct mcd_document *d, const struct mcd_host *host, const char *path,
                      struct mcd_error *e)
{
    struct mcd_output o;
    char *way;
    int status = mcd_way(path, d->folder, &way, e);
    if (!status)
        status = mcd_output_open(&o, path, e);
    if (!status) {
        status = mcd_document_page(d, host, way, o.stream, e);
        if (status)
            mcd_output_abort(&o);
        else
            status = mcd_output_commit(&o, e);
    }
    free(way);
    if (!status)
        mcd_log(MCD_LOG_INFO, "wrote %s", path);
    return status;
}

static int report(const struct report *r, const struct mcd_host *host, struct mcd_error *e)
{
    struct mcd_document d = {0};
    char *json = find_json(r->of), *page = NULL;
    int status = json ? mcd_document_load(json, &d, e) : fail_memory(e);
    if (!status && r->is_text) {
        status = mcd_document_plain(&d, host, stdout, e);
    } else if (!status) {
        page = r->options.out ? strdup(r->options.out) : name_page(json);
        status = page ? write_page(&d, host, page, e) : fail_memory(e);
    }
    mcd_document_clear(&d);
    free(page);
    free(json);
    return status;
}

int mcd_cmd_report(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_out, 0, NULL, 2}, {&mcd_options_common, 0, NULL, -1}, {0}};
    static const struct argp_option own[] = {
        {"format", KEY_FORMAT, "html|text", 0,
         "A page beside the JSON (the default), or text on standard output", 1},
        {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .args_doc = "DIR|FILE.json",
        .doc = "Makes one page of HTML of a report.json: tables, figures and links to the files "
               "that it names. The page needs nothing else and asks for nothing.\v"
               "Example: mcdrop report DIR && xdg-open DIR/report.html",
        .children = children,
    };
    struct report r = {.options = MCD_OPTIONS};
    struct mcd_error e = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    struct mcd_host *host = mcd_open_host(1);
    if (!host)
        return MCD_EXIT_FAILURE;
    int status = report(&r, host, &e);
    mcd_host_destroy(host);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}
