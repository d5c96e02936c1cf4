/* The commands that there are. */
#include "core/cli/command.h"

#include <stddef.h>

const struct mcd_command mcd_commands[] = {
    {"check", "whether plugins keep their contract", mcd_cmd_check},
    {"evaluate", "how good a trained model is, and how well it knows", mcd_cmd_evaluate},
    {"info", "what a plugin is and which parameters it takes", mcd_cmd_info},
    {"list", "the plugins that are found", mcd_cmd_list},
    {"merge", "join parts of one prediction", mcd_cmd_merge},
    {"plot", "figures of saved results, drawn by gnuplot", mcd_cmd_plot},
    {"predict", "what a trained model thinks of inputs, and how sure it is", mcd_cmd_predict},
    {"report", "tables, figures and links of a run, as one page of HTML", mcd_cmd_report},
    {"rotate", "one image at several angles, to predict", mcd_cmd_rotate},
    {"train", "fit a model to a data set", mcd_cmd_train},
    {"tutorial", "every experiment of the tutorial, with figures and a report", mcd_cmd_tutorial},
    {NULL, NULL, NULL},
};
