/* mcdrop tutorial: every experiment of the tutorial, its figures, and a report. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/child.h"
#include "core/cli/command.h"
#include "core/cli/folder.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/cli/tutorial_report.h"
#include "core/cli/tutorial_run.h"
#include "core/tutorial/data.h"
#include "core/tutorial/plan.h"
#include "core/tutorial/split.h"

#include <stdlib.h>

enum { KEY_SCALE = MCD_OPTION_OWN, KEY_ONLY, DEFAULT_SEED = 1 };

struct tutorial {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    const struct mcd_scale *scale;
    unsigned parts;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct tutorial *t = state->input;
    struct mcd_error e = {0};
    switch (key) {
    case KEY_SCALE:
        if (!(t->scale = mcd_scale_find(arg, &e)))
            argp_error(state, "%s: %s", e.where, e.text);
        return 0;
    case KEY_ONLY:
        if (!(t->parts = mcd_parts_parse(arg, &e)))
            argp_error(state, "%s: %s", e.where, e.text);
        return 0;
    case ARGP_KEY_END:
        if (!t->options.out)
            argp_error(state, "--out is missing: expected a folder for runs, figures and report");
        if (t->options.format == MCD_CSV_FORMAT)
            argp_error(state, "--format: 'csv': expected text or json");
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

/* What the user left open, and what there is to work with. */
static int settle(const struct tutorial *o, const struct mcd_host *host, struct mcd_tutorial *t)
{
    struct mcd_error e = {0};
    struct mcd_options options = o->options;
    int status = mcd_options_choose_backend(host, &options, &e);
    *t = (struct mcd_tutorial){
        .dir = options.out,
        .backend = options.backend,
        .seed = options.has_seed ? options.seed : DEFAULT_SEED,
        .threads = options.threads,
        .parts = (o->parts ? o->parts : (1u << MCD_PARTS) - 1) | 1u << MCD_PART_REPORT,
        .scale = o->scale,
    };
    if (!status)
        status = mcd_tutorial_find_data(t, &e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

static int prepare(struct mcd_steps *s, const struct mcd_tutorial *t, const char *gnuplot)
{
    struct mcd_error e = {0};
    double cost = 0;
    int status = mcd_plan_make(s, t, gnuplot, &e);
    if (!status && t->parts & 1u << MCD_PART_COMPARE)
        status = mcd_split_write(t->dir, t->seed, &e);
    if (status)
        return mcd_report(&e);
    mcd_steps_want(s, t->parts);
    for (size_t i = 0; i < s->count; i++)
        cost += s->step[i].state == MCD_STEP_OPEN ? s->step[i].cost : 0;
    mcd_log(MCD_LOG_INFO,
            "scale %s on %s, backend %s: about %.0f min on two cores if nothing is done yet",
            t->scale->name, t->images, t->backend, cost / 60 + 0.5);
    if (strcmp(t->images, "mnist") != 0)
        mcd_log(MCD_LOG_WARNING, "MNIST was not found: running on Fashion-MNIST");
    return MCD_EXIT_OK;
}

/* 1 where a step failed or a verdict is bad. */
static int judge(const struct mcd_steps *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->step[i].state == MCD_STEP_FAILED || s->step[i].state == MCD_STEP_BLOCKED ||
            s->step[i].is_bad)
            return MCD_EXIT_FAILURE;
    return MCD_EXIT_OK;
}

static int run(const struct tutorial *o, const struct mcd_host *host, struct mcd_steps *s)
{
    struct mcd_tutorial t;
    struct mcd_folder folder;
    char gnuplot[80];
    int has_gnuplot = mcd_tutorial_gnuplot(gnuplot);
    int status = mcd_folder_name(&folder, &o->options);
    if (!status)
        status = mcd_folder_make(&folder);
    if (!status)
        status = settle(o, host, &t);
    if (!status)
        status = mcd_tutorial_folders(t.dir);
    if (!status)
        status = prepare(s, &t, has_gnuplot ? gnuplot : NULL);
    if (!status)
        status = mcd_tutorial_run(s, &t);
    if (status == MCD_EXIT_INTERRUPTED)
        mcd_log(MCD_LOG_WARNING, "interrupted: the same command goes on from here");
    if (!status)
        status = mcd_tutorial_report(host, s, &t, has_gnuplot ? gnuplot : NULL, o->options.format);
    return status ? status : judge(s);
}

int mcd_cmd_tutorial(int argc, char **argv)
{
    static const struct argp_child children[] = {{&mcd_options_out, 0, NULL, 1},
                                                 {&mcd_options_compute, 0, NULL, 2},
                                                 {&mcd_options_format, 0, NULL, 3},
                                                 {&mcd_options_common, 0, NULL, -1},
                                                 {0}};
    static const struct argp_option own[] = {
        {"scale", KEY_SCALE, "smoke|short|full", 0,
         "How much: two minutes, forty (the default), or the tutorial's own epochs", 1},
        {"only", KEY_ONLY, "PART,...", 0,
         "These parts alone, with what they need: mlp, lenet, rotated, mlp2, gp, compare, report",
         1},
        {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .doc = "Runs the experiments of the tutorial \"Dropout as Regularization and Bayesian "
               "Approximation\", each as a command of this program: networks with and without "
               "dropout, an image that is turned, the CO2 series under dropout and under a "
               "Gaussian process, both compared on held-out rows. Leaves runs, figures, "
               "report.json and report.html in --out. What is done already is skipped, what was "
               "interrupted goes on, changed settings repeat what they change. The seed is 1 "
               "unless given.\vExample: mcdrop tutorial --scale smoke --out tutorial",
        .children = children,
    };
    struct tutorial o = {.options = MCD_OPTIONS, .scale = &mcd_scales[1]};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    struct mcd_host *host = mcd_open_host(1);
    struct mcd_steps *steps = calloc(1, sizeof *steps);
    int status = host && steps ? run(&o, host, steps) : MCD_EXIT_FAILURE;
    free(steps);
    mcd_host_destroy(host);
    return status;
}
