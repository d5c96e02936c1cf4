/* The commands that there are, and how one is found. */
#include "core/cli/command.h"

#include "core/cli/exit.h"
#include "core/cli/log.h"

#include <stdio.h>
#include <string.h>

const struct mcd_command mcd_commands[] = {
    {"bench", "what backends, models and samplers cost, side by side", mcd_cmd_bench},
    {"check", "whether plugins keep their contract", mcd_cmd_check},
    {"evaluate", "how good a trained model is, and how well it knows", mcd_cmd_evaluate},
    {"info", "what a plugin is and which parameters it takes", mcd_cmd_info},
    {"list", "the plugins that are found", mcd_cmd_list},
    {"merge", "join parts of one prediction", mcd_cmd_merge},
    {"new", "a plugin of your own to start from", mcd_cmd_new},
    {"plot", "figures of saved results, drawn by gnuplot", mcd_cmd_plot},
    {"predict", "what a trained model thinks of inputs, and how sure it is", mcd_cmd_predict},
    {"report", "tables, figures and links of a run, as one page of HTML", mcd_cmd_report},
    {"rotate", "one image at several angles, to predict", mcd_cmd_rotate},
    {"train", "fit a model to a data set", mcd_cmd_train},
    {"tutorial", "every experiment of the tutorial, with figures and a report", mcd_cmd_tutorial},
    {NULL, NULL, NULL},
};

const struct mcd_command mcd_bench_parts[] = {
    {"compare", "whether two saved benchmarks differ", mcd_cmd_bench_compare},
    {"samplers", "what samplers save on a trained network", mcd_cmd_bench_samplers},
    {NULL, NULL, NULL},
};

static int unknown(const struct mcd_command *list, const char *name)
{
    struct mcd_error e = {0};
    size_t used = 0;
    snprintf(e.where, sizeof e.where, "%s", name);
    used += (size_t)snprintf(e.text, sizeof e.text, "there is no such command: expected ");
    for (const struct mcd_command *c = list; c->name && used < sizeof e.text; c++) {
        const char *between = c == list ? "" : c[1].name ? ", " : " or ";
        used += (size_t)snprintf(e.text + used, sizeof e.text - used, "%s%s", between, c->name);
    }
    mcd_log_error(&e);
    return MCD_EXIT_USAGE;
}

int mcd_command_run(const char *program, const struct mcd_command *list, int argc, char **argv)
{
    char title[64];
    for (const struct mcd_command *c = list; c->name; c++)
        if (strcmp(c->name, argv[1]) == 0) {
            snprintf(title, sizeof title, "%s %s", program, c->name);
            argv[1] = title;
            return c->run(argc - 1, argv + 1);
        }
    return unknown(list, argv[1]);
}
